/** One body's camera has another name than another's; a mixture of them must say which stand for the same view. */
import { colourCameras } from "../clips/catalogue.ts";
import type { DatasetReader } from "../reader.ts";

interface View {
  readonly path: string;
  readonly dataset: DatasetReader;
  readonly cameras?: readonly string[];
}

/**
 * Where datasets share no camera name and each has a single camera, those are taken for the same view.
 * @param notes gains a line that says so, or what to do where there are several cameras to choose from
 * @returns the sources, with cameras named where that was decided here
 */
export function pairCameras<V extends View>(views: readonly V[], notes: string[]): V[] {
  if (views.some(({ cameras }) => cameras !== undefined)) return [...views];
  const names = new Map(views.map((view) => [view.path, colourCameras(view.dataset)]));
  const [first = [], ...others] = names.values();
  const isShared = first.some((name) => others.every((own) => own.includes(name)));
  const hasPictures = [...names.values()].every((own) => own.length > 0);
  if (isShared || !hasPictures) return [...views];
  const found = [...names].map(([path, own]) => `${own.join("+")} of ${path}`).join(", ");
  if ([...names.values()].some((own) => own.length > 1)) {
    notes.push(`no camera is shared (${found}): name \`cameras\` for each source in the file.`);
    return [...views];
  }
  notes.push(`no camera name is shared; taken for the same view: ${found}.`);
  return views.map((view) => ({ ...view, cameras: names.get(view.path) ?? [] }));
}

/** The features of a dataset that we write: their order, their JSON, and what a new episode must agree with. */
import { DataError } from "@orrery/core";
import { isCamera, type Feature } from "./features.ts";

const scalar = (name: string, dtype: string): Feature => ({ name, dtype, shape: [1], width: 1, names: null });

const BOOKKEEPING_FEATURES: readonly Feature[] = [
  scalar("timestamp", "float32"),
  scalar("frame_index", "int64"),
  scalar("episode_index", "int64"),
  scalar("index", "int64"),
  scalar("task_index", "int64"),
];

/** Recorded features plus the five that every dataset has, in the order LeRobot's recordings use. */
export function completeFeatures(recorded: readonly Feature[]): Feature[] {
  const rank = ({ name, dtype }: Feature): number => {
    if (name === "observation.state") return 0;
    if (dtype === "video") return 2;
    if (name === "action") return 3;
    if (name.startsWith("next.")) return 4;
    return name.startsWith("observation.") ? 1 : 5;
  };
  const sorted = [...recorded].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  return [...sorted, ...BOOKKEEPING_FEATURES];
}

/** `features` of info.json. @param claims facts about a camera's video */
export function featuresJson(
  features: readonly Feature[],
  fps: number,
  claims: (key: string) => Record<string, unknown>,
): Record<string, unknown> {
  const entries = features.map((feature) => {
    const { name, dtype, shape, names } = feature;
    if (isCamera(feature))
      return [name, { dtype, shape, names: ["height", "width", "channels"], info: claims(name) }];
    return [name, { dtype, shape, names, fps }];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/**
 * A dataset's columns are the same in every file. Until the first merge an episode may still bring new ones.
 * @param isFixed true once episodes are merged
 * @throws {DataError} if a feature differs in type or shape, or is new to a dataset that is fixed
 */
export function assertSameFeatures(
  root: string,
  own: readonly Feature[],
  added: readonly Feature[],
  isFixed: boolean,
): void {
  const known = new Map(own.map((feature) => [feature.name, feature]));
  const say = ({ dtype, shape }: Feature): string => `${dtype} [${shape.join(", ")}]`;
  for (const feature of added) {
    const before = known.get(feature.name);
    if (before && say(before) !== say(feature)) {
      throw new DataError(
        `DatasetWriter.append: "${feature.name}" must be ${say(before)} as in ${root}, got ${say(feature)}. Put episodes of another shape into another dataset.`,
        { path: root },
      );
    }
    if (!before && isFixed) {
      throw new DataError(
        `DatasetWriter.append: ${root} has no feature "${feature.name}", the episode brings ${say(feature)}. A dataset's features are fixed by its first episodes: write a new dataset.`,
        { path: root },
      );
    }
  }
}

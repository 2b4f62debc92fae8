/** What curation keeps of a dataset, for those who draw from it. */
import { resolve } from "node:path";
import { DataError } from "@orrery/core";
import type { ClipSource, KeptSpans } from "../clips/index.ts";
import { isCurated, keptSpansOf, readCuration } from "../curate/sidecar.ts";
import { lengthOf } from "../curate/spans.ts";
import { openDataset } from "../open.ts";
import type { DatasetReader } from "../reader.ts";

/**
 * What curation keeps of each episode that it has judged as it is now.
 * @param notes gains a line where episodes came or changed after the curation; they are left out
 * @throws {DataError} if the dataset has not been curated, or none of its episodes is what was judged
 */
export async function curatedSpans(
  path: string,
  dataset: DatasetReader,
  notes: string[],
): Promise<KeptSpans> {
  if (!isCurated(path)) {
    throw new DataError(
      `mixture: ${path} must have been curated, it has not. Run: ./orrery data curate ${path}. Or take whole datasets: data mix --all`,
      { path },
    );
  }
  const curation = await readCuration(path);
  const known = new Map(curation.episodes.map((episode) => [episode.episode, episode]));
  const stale = dataset.episodes.filter(({ index, length }) => known.get(index)?.length !== length);
  if (stale.length > 0) {
    const first = stale[0]?.index;
    if (stale.length === dataset.episodes.length) {
      throw new DataError(
        `mixture: the curation of ${path} fits none of its episodes. Run: ./orrery data curate ${path}`,
        { path },
      );
    }
    notes.push(
      `${path}: ${stale.length} episodes came or changed after the curation (first ${first}) and are left out. Run: ./orrery data curate ${path}`,
    );
  }
  const isStale = new Set(stale.map(({ index }) => index));
  return new Map([...keptSpansOf(curation)].filter(([episode]) => !isStale.has(episode)));
}

export interface SourceChoice {
  /** All where left out. */
  readonly episodes?: readonly number[];
  /** Take everything, whatever curation says. */
  readonly ignoresCuration?: boolean;
}

/**
 * A dataset to draw from by its path: where it has been curated, only what was kept of it.
 * @returns the source, and a line on whatever was left out
 * @throws {UsageError} if nothing lies at the path
 * @throws {DataError} if it is no dataset, or its curation keeps nothing of the episodes wanted
 */
export async function openSource(
  path: string,
  { episodes, ignoresCuration = false }: SourceChoice = {},
): Promise<{ readonly source: ClipSource; readonly notes: readonly string[] }> {
  const root = resolve(path);
  const dataset = await openDataset(root);
  const whole: ClipSource = episodes === undefined ? { dataset } : { dataset, episodes };
  if (ignoresCuration || !isCurated(root)) return { source: whole, notes: [] };
  const notes: string[] = [];
  const spans = await curatedSpans(root, dataset, notes);
  const wanted = episodes ?? dataset.episodes.map(({ index }) => index);
  const kept = wanted.filter((index) => lengthOf(spans.get(index) ?? []) > 0);
  const lengths = new Map(dataset.episodes.map(({ index, length }) => [index, length]));
  const frames = wanted.reduce((sum, index) => sum + (lengths.get(index) ?? 0), 0);
  const keptFrames = kept.reduce((sum, index) => sum + lengthOf(spans.get(index) ?? []), 0);
  if (kept.length === 0) {
    throw new DataError(
      `openSource: curation must keep something of the ${wanted.length} episodes wanted of ${root}, it keeps nothing. Curate with other thresholds, or take everything.`,
      { path: root },
    );
  }
  if (keptFrames < frames)
    notes.push(
      `${root}: ${frames - keptFrames} of ${frames} frames are left out, as its curation says (${wanted.length - kept.length} episodes whole)`,
    );
  return { source: { dataset, episodes: kept, spans }, notes };
}

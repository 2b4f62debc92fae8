/** Which rows of an episode show how a task is done, and where an operator took over from a policy that could not do it. */
import { TAKEOVER_ROW } from "@orrery/core";
import type { ClipEpisode, DatasetReader } from "@orrery/data";

/** Rows of the recording, counted from its first one. */
export interface Shown {
  /** Where an operator took over; null where nobody did. */
  readonly takeover: number | null;
  /**
   * From here on somebody knew how. What a planner of a fleet did until it found what it looked for is no way to do a
   * task: Infinity where nobody took over from it.
   */
  readonly from: number;
}

/** A function that tells it of each of the episodes. */
export function shownIn(episodes: readonly ClipEpisode[]): (episode: ClipEpisode) => Shown {
  const byDataset = new Map<DatasetReader, ReadonlyMap<number, Shown>>();
  for (const { dataset } of episodes) {
    if (byDataset.has(dataset)) continue;
    byDataset.set(
      dataset,
      new Map(
        dataset.episodes.map(({ index, provenance: { stream, labels } }) => {
          const row = labels?.[TAKEOVER_ROW];
          const takeover = typeof row === "number" ? row : null;
          return [index, { takeover, from: takeover ?? (stream === "fleet" ? Infinity : 0) }];
        }),
      ),
    );
  }
  return ({ dataset, index }) => byDataset.get(dataset)?.get(index) ?? { takeover: null, from: 0 };
}

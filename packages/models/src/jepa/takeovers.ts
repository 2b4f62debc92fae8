/** Where somebody who knew how took over from a policy that could not finish what it was asked for. */
import { TAKEOVER_ROW } from "@orrery/core";
import type { ClipEpisode, DatasetReader } from "@orrery/data";

/** A function that tells at which row of an episode of the dataset that was, counted from the first; null where nobody did. */
export function takeoverRows({ episodes }: DatasetReader): (episode: ClipEpisode) => number | null {
  const rows = new Map(episodes.map(({ index, provenance }) => [index, provenance.labels?.[TAKEOVER_ROW]]));
  return ({ index }) => {
    const row = rows.get(index);
    return typeof row === "number" ? row : null;
  };
}

/** A fleet's dataset as candidates for selection: outcomes from its labels, paths from its states. */
import type { DatasetReader, EpisodeColumns } from "@orrery/data";
import type { Candidate } from "./select.ts";

/** Moments of an episode that its path is made of. */
const MOMENTS = 8;

/**
 * @returns one candidate per readable episode; a path is the state at eight moments evenly apart, each number in its
 *   deviation over the dataset, so that what moved counts and units do not
 */
export async function readCandidates(dataset: DatasetReader): Promise<Candidate[]> {
  const episodes = dataset.episodes.filter(({ readable }) => readable);
  const columns = await Promise.all(episodes.map(({ index }) => dataset.readEpisode(index)));
  const scale = deviations(columns);
  return episodes.map(({ index, length, provenance, success }, i) => {
    const labels = provenance.labels ?? {};
    const surprise = labels["surprise"];
    const own = columns[i] as EpisodeColumns;
    return {
      episode: index,
      task: String(labels["task"] ?? ""),
      frames: length,
      success: success ?? false,
      surprise: typeof surprise === "number" ? surprise : null,
      path: pathOf(own, scale),
      nonFiniteRows: own.nonFiniteRows.length,
    };
  });
}

function pathOf({ state, length }: EpisodeColumns, scale: Float64Array): number[] {
  const P = scale.length;
  if (state === null || P === 0) return [];
  return Array.from({ length: MOMENTS }, (_, m) => Math.round((m / (MOMENTS - 1)) * (length - 1))).flatMap(
    (t) =>
      Array.from(state.subarray(t * P, (t + 1) * P), (value, p) => {
        const std = scale[p] as number;
        return std > 0 && Number.isFinite(value) ? value / std : 0;
      }),
  );
}

/** Deviation of each number of the state over all rows, [P]; 0 where it never changed. */
function deviations(episodes: readonly EpisodeColumns[]): Float64Array {
  const first = episodes.find(({ state }) => state !== null);
  const P = first?.state === undefined || first.state === null ? 0 : first.state.length / first.length;
  const sum = new Float64Array(P);
  const squares = new Float64Array(P);
  let rows = 0;
  for (const { state, stateMask, length } of episodes) {
    if (state === null) continue;
    for (let t = 0; t < length; t++) {
      if (stateMask[t] === 0) continue;
      rows++;
      for (let p = 0; p < P; p++) {
        const value = state[t * P + p] as number;
        sum[p] = (sum[p] as number) + value;
        squares[p] = (squares[p] as number) + value * value;
      }
    }
  }
  return squares.map((square, p) => {
    const mean = (sum[p] as number) / Math.max(1, rows);
    const variance = square / Math.max(1, rows) - mean * mean;
    return variance > 1e-12 ? Math.sqrt(variance) : 0;
  });
}

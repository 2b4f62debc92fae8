/** Mean and spread of states and actions over the episodes a model is trained on. */
import type { ClipEpisode } from "./catalogue.ts";

/** Per dimension, over all rows whose value is there. */
export interface VectorStats {
  readonly mean: Float64Array;
  /** Population standard deviation; 0 for a constant dimension. */
  readonly std: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** Rows counted. */
  readonly count: number;
}

/** Statistics of `of` over `episodes` (`ClipLoader.episodes`); null if none of them records it. */
export function vectorStats(episodes: readonly ClipEpisode[], of: "state" | "action"): VectorStats | null {
  const widthOf = ({ columns }: ClipEpisode): number => (columns[of]?.length ?? 0) / columns.length;
  const width = episodes.reduce((widest, episode) => Math.max(widest, widthOf(episode)), 0);
  if (width === 0) return null;
  const mean = new Float64Array(width);
  const squares = new Float64Array(width); // sum of squared distances from the running mean (Welford 1962)
  const min = new Float64Array(width).fill(Infinity);
  const max = new Float64Array(width).fill(-Infinity);
  let count = 0;
  for (const { columns } of episodes) {
    const values = columns[of];
    const mask = of === "state" ? columns.stateMask : columns.actionMask;
    if (!values) continue;
    const rowWidth = values.length / columns.length;
    for (let row = 0; row < columns.length; row++) {
      if (mask[row] !== 1) continue;
      count++;
      for (let i = 0; i < width; i++) {
        // A narrower source is padded with zeros in clips, and counts as such here.
        const value = i < rowWidth ? (values[row * rowWidth + i] as number) : 0;
        const step = value - (mean[i] as number);
        mean[i] = (mean[i] as number) + step / count;
        squares[i] = (squares[i] as number) + step * (value - (mean[i] as number));
        min[i] = Math.min(min[i] as number, value);
        max[i] = Math.max(max[i] as number, value);
      }
    }
  }
  if (count === 0) return null;
  return { mean, std: squares.map((sum) => Math.sqrt(sum / count)), min, max, count };
}

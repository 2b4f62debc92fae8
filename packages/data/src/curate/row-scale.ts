/** How the numbers of a dataset are spread, robustly: what the rows of one episode are held against. */
import { DataError } from "@orrery/core";
import type { EpisodeColumns } from "../episode-info.ts";
import type { DatasetReader } from "../reader.ts";

/** Rows looked at for quantiles; evenly spaced over the dataset. */
const SAMPLE_ROWS = 50_000;
/** Fewer distinct values than this are states of a switch, to which spread does not apply. */
const MIN_DISTINCT = 4;

/** One number of the state or action over the whole dataset. */
export interface NumberScale {
  readonly median: number;
  /**
   * Robust standard deviation: the larger of 1.4826 MAD and (q99 - q01) / 4.65, which agree for a normal distribution.
   * The second keeps it above 0 for numbers that rest most of the time.
   */
  readonly deviation: number;
  /** q99 - q01. */
  readonly range: number;
  /** Over all rows, and the share of the rows that sit there exactly. */
  readonly min: number;
  readonly max: number;
  readonly atMin: number;
  readonly atMax: number;
  /** A gripper command, a mode: few distinct values. */
  readonly isDiscrete: boolean;
  /** Robust deviation of the third difference from row to row. */
  readonly jerkDeviation: number;
}

export interface RowScale {
  /** [P] and [A]; empty where the dataset has none. */
  readonly state: readonly NumberScale[];
  readonly action: readonly NumberScale[];
}

/** Reads the rows of every episode once; memory holds the sample. */
export async function measureRowScale(dataset: DatasetReader, signal?: AbortSignal): Promise<RowScale> {
  const step = Math.max(1, Math.ceil(dataset.numFrames / SAMPLE_ROWS));
  const samplers = { state: new Sampler(step), action: new Sampler(step) };
  for (const { index, readable } of dataset.episodes) {
    signal?.throwIfAborted();
    if (!readable) continue;
    let columns: EpisodeColumns;
    try {
      columns = await dataset.readEpisode(index);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      continue; // judged as unreadable, with this reason
    }
    samplers.state.add(columns.state, columns.stateMask, columns.length);
    samplers.action.add(columns.action, columns.actionMask, columns.length);
  }
  return { state: samplers.state.scales(), action: samplers.action.scales() };
}

/** x[t] - 3 x[t-1] + 3 x[t-2] - x[t-3] of number `i`: jerk in units of the control step. */
export function thirdDifference(values: Float32Array, width: number, t: number, i: number): number {
  const at = (back: number): number => values[(t - back) * width + i] as number;
  return at(0) - 3 * at(1) + 3 * at(2) - at(3);
}

class Sampler {
  readonly #step: number;
  #values: number[][] = [];
  #jerks: number[][] = [];
  #min: number[] = [];
  #max: number[] = [];
  #row = 0;

  constructor(step: number) {
    this.#step = step;
  }

  add(values: Float32Array | null, mask: Uint8Array, length: number): void {
    if (!values || length === 0) return;
    const width = values.length / length;
    while (this.#values.length < width) {
      this.#values.push([]);
      this.#jerks.push([]);
      this.#min.push(Infinity);
      this.#max.push(-Infinity);
    }
    let valid = 0; // rows in a row whose numbers are there
    for (let t = 0; t < length; t++) {
      if (mask[t] !== 1) {
        valid = 0;
        continue;
      }
      valid++;
      const isSampled = this.#row++ % this.#step === 0;
      for (let i = 0; i < width; i++) {
        const value = values[t * width + i] as number;
        if (value < (this.#min[i] as number)) this.#min[i] = value;
        if (value > (this.#max[i] as number)) this.#max[i] = value;
        if (!isSampled) continue;
        (this.#values[i] as number[]).push(value);
        if (valid > 3) (this.#jerks[i] as number[]).push(thirdDifference(values, width, t, i));
      }
    }
  }

  scales(): NumberScale[] {
    return this.#values.map((sample, i) => {
      const sorted = Float64Array.from(sample).sort();
      const [min, max] = [this.#min[i] as number, this.#max[i] as number];
      const near = 1e-6 * (max - min);
      const share = (edge: number): number =>
        sample.filter((value) => Math.abs(value - edge) <= near).length / Math.max(1, sample.length);
      return {
        median: quantile(sorted, 0.5),
        deviation: robustDeviation(sorted),
        range: quantile(sorted, 0.99) - quantile(sorted, 0.01),
        min,
        max,
        atMin: share(min),
        atMax: share(max),
        isDiscrete: new Set(sample).size < MIN_DISTINCT,
        jerkDeviation: robustDeviation(Float64Array.from(this.#jerks[i] as number[]).sort()),
      };
    });
  }
}

function robustDeviation(sorted: Float64Array): number {
  const median = quantile(sorted, 0.5);
  const distances = sorted.map((value) => Math.abs(value - median)).sort();
  return Math.max(
    1.4826 * quantile(distances, 0.5),
    (quantile(sorted, 0.99) - quantile(sorted, 0.01)) / 4.65,
  );
}

/** Linear between neighbours; 0 of an empty list. */
function quantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return 0;
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

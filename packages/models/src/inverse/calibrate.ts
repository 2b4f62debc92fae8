/**
 * Finds out on episodes that were not trained on how far a model's own word can be trusted, number by number: over how
 * many rows its means are best averaged, its spread, and what it says that the pictures explain.
 *
 * Shapes: T rows of an episode, A action width.
 */
import { episodeFrames } from "@orrery/data";
import { fromTyped, noGrad } from "@orrery/torch";
import type { TrainingSource } from "../train/latent-store.ts";
import { claimed, inferRows, smooth } from "./infer-episode.ts";
import type { InverseDynamics } from "./inverse-dynamics.ts";

/** Sums over rows, per number of the action. */
interface Sums {
  /** Rows that have the number; a body of fewer numbers has the first ones. */
  readonly count: Float64Array;
  /** Errors squared, and the same in units of the spread. */
  readonly error: Float64Array;
  readonly deviation: Float64Array;
  /** True values and their squares. */
  readonly value: Float64Array;
  readonly square: Float64Array;
}

interface Row {
  readonly truth: Float32Array;
  readonly mean: Float32Array;
  readonly std: Float32Array;
}

/** One episode's actions, as recorded and as inferred from each row's own pictures. */
interface HeldEpisode {
  readonly rows: number;
  readonly width: number; // of the recorded actions
  readonly truth: Float32Array; // [rows, width]
  readonly mask: Uint8Array; // [rows]
  readonly mean: Float32Array; // [rows, A]
  readonly std: Float32Array; // [rows, A]
}

/** Rows on either side that are tried: at 10 Hz up to half a second. */
const SMOOTHINGS = [0, 1, 2, 3, 5] as const;

/**
 * Sets the smoothing, then the spread's factor so that errors on `held` have the size that is claimed, and the reliability so that the
 * confidence is what it means: the share of the variance that the pictures explain.
 * @returns episodes used; with none, both stay at 1
 */
export async function calibrate(model: InverseDynamics, held: readonly TrainingSource[]): Promise<number> {
  const { actionWidth: A } = model.facts;
  const episodes = await inferHeld(model, held);
  if (episodes.every(({ mask }) => !mask.includes(1))) return 0;
  const widths = bestSmoothings(episodes, A);
  const rows = episodes.flatMap((episode) => rowsOf(episode, A, widths));
  const sums = addUp(rows, A);
  const over = (sum: Float64Array, i: number): number =>
    (sum[i] as number) / Math.max(1, sums.count[i] as number);
  const factor = Float32Array.from({ length: A }, (_, i) =>
    sums.count[i] === 0 ? 1 : Math.max(1e-3, Math.sqrt(over(sums.deviation, i))),
  );
  const spread = model.actionScale.std.toFloat32();
  const reliability = Float32Array.from({ length: A }, (_, i) => {
    const variance = over(sums.square, i) - over(sums.value, i) ** 2;
    const explained = 1 - over(sums.error, i) / Math.max(1e-12, variance);
    let said = 0;
    for (const { truth, std } of rows)
      if (i < truth.length) said += claimed((factor[i] as number) * (std[i] as number), spread[i] as number);
    said /= Math.max(1, sums.count[i] as number);
    return said === 0 ? 0 : Math.min(1, Math.max(0, explained / said));
  });
  noGrad(() => {
    model.smoothing.copy_(fromTyped(BigInt64Array.from(widths, BigInt), [A]));
    model.calibration.copy_(fromTyped(factor, [A]));
    model.reliability.copy_(fromTyped(reliability, [A]));
  });
  return episodes.length;
}

/** By number, the smoothing with the least squared error. */
function bestSmoothings(episodes: readonly HeldEpisode[], A: number): number[] {
  const errors = SMOOTHINGS.map((width) => {
    const all = Array.from({ length: A }, () => width);
    return addUp(
      episodes.flatMap((episode) => rowsOf(episode, A, all)),
      A,
    ).error;
  });
  return Array.from({ length: A }, (_, i) => {
    const least = Math.min(...errors.map((error) => error[i] as number));
    return SMOOTHINGS[errors.findIndex((error) => error[i] === least)] ?? 0;
  });
}

/** Rows with an action; the last of each episode is left out, as no frame shows its effect. */
function rowsOf(episode: HeldEpisode, A: number, widths: readonly number[]): Row[] {
  const { rows, width, truth, mask, std } = episode;
  const mean = smooth(episode.mean, A, widths);
  const row = (values: Float32Array, t: number, own: number): Float32Array =>
    values.subarray(t * own, (t + 1) * own);
  return Array.from({ length: rows - 1 }, (_, t) => t)
    .filter((t) => mask[t] === 1)
    .map((t) => ({ truth: row(truth, t, width), mean: row(mean, t, A), std: row(std, t, A) }));
}

async function inferHeld(model: InverseDynamics, held: readonly TrainingSource[]): Promise<HeldEpisode[]> {
  const { cameras } = model.facts;
  const { height, width } = model.config;
  const inferred: HeldEpisode[] = [];
  for (const { dataset, episodes } of held) {
    const request = { dataset, cameras, size: { height, width }, onSkip: () => {} };
    for await (const episode of episodeFrames(episodes === undefined ? request : { ...request, episodes })) {
      const { action, actionMask } = episode.columns;
      if (action === null) continue;
      const rows = episode.length;
      inferred.push({
        rows,
        width: action.length / rows,
        truth: action,
        mask: actionMask,
        ...inferRows(model, episode),
      });
    }
  }
  return inferred;
}

function addUp(rows: readonly Row[], A: number): Sums {
  const sums: Sums = {
    count: new Float64Array(A),
    error: new Float64Array(A),
    deviation: new Float64Array(A),
    value: new Float64Array(A),
    square: new Float64Array(A),
  };
  const add = (sum: Float64Array, i: number, value: number): void =>
    void (sum[i] = (sum[i] as number) + value);
  for (const { truth, mean, std } of rows) {
    for (let i = 0; i < Math.min(A, truth.length); i++) {
      add(sums.count, i, 1);
      const value = truth[i] as number;
      const error = value - (mean[i] as number);
      add(sums.error, i, error ** 2);
      add(sums.deviation, i, (error / (std[i] as number)) ** 2);
      add(sums.value, i, value);
      add(sums.square, i, value ** 2);
    }
  }
  return sums;
}

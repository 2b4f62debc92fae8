/** The actions of a whole recorded episode, as an inverse dynamics model believes them to be. */
import type { EpisodeFrames } from "@orrery/data";
import { fromTyped, noGrad, scope } from "@orrery/torch";
import { clipFrames, type InverseDynamics } from "./inverse-dynamics.ts";

/** Per row, in the data's own units; the last row's action leads nowhere and its numbers mean nothing. */
export interface InferredActions {
  readonly mean: Float32Array; // [T, A]
  readonly std: Float32Array; // [T, A]
  /**
   * [T], 0 to 1: share of the actions' variance that the pictures explain, averaged over the numbers of the action;
   * 1 = certain, 0 = no better than the training set's mean. Never more than was true of the episodes that the model
   * was calibrated on.
   */
  readonly confidence: Float32Array;
}

/** Windows inferred at once. */
const BATCH = 64;

/** Frames before the first and after the last row stand still: the first and last frame again. */
export function inferEpisode(
  model: InverseDynamics,
  episode: Pick<EpisodeFrames, "length" | "frames">,
): InferredActions {
  const { actionWidth: A } = model.facts;
  const { length } = episode;
  const { mean, std } = inferRows(model, episode);
  const spread = model.actionScale.std.toFloat32();
  const reliability = model.reliability.toFloat32();
  const confidence = Float32Array.from({ length }, (_, t) => {
    let sum = 0;
    for (let i = 0; i < A; i++)
      sum += (reliability[i] as number) * claimed(std[t * A + i] as number, spread[i] as number);
    return A === 0 ? 0 : sum / A;
  });
  return { mean: smooth(mean, A, Array.from(model.smoothing.toFloat64())), std, confidence };
}

/** What each row's own pictures say: means and deviations [T, A]. */
export function inferRows(
  model: InverseDynamics,
  episode: Pick<EpisodeFrames, "length" | "frames">,
): { mean: Float32Array; std: Float32Array } {
  const { actionWidth: A, cameras } = model.facts;
  const { height, width, pastFrames } = model.config;
  const T = clipFrames(model.config);
  const { length, frames } = episode;
  const rowBytes = cameras.length * height * width * 3;
  const mean = new Float32Array(length * A);
  const std = new Float32Array(length * A);
  for (let first = 0; first < length; first += BATCH) {
    const B = Math.min(BATCH, length - first);
    const window = new Uint8Array(B * T * rowBytes);
    for (let b = 0; b < B; b++) {
      for (let t = 0; t < T; t++) {
        const row = Math.min(length - 1, Math.max(0, first + b + t - pastFrames));
        window.set(frames.subarray(row * rowBytes, (row + 1) * rowBytes), (b * T + t) * rowBytes);
      }
    }
    noGrad(() =>
      scope(() => {
        const belief = model.infer(fromTyped(window, [B, T, cameras.length, height, width, 3]));
        mean.set(belief.mean.toFloat32(), first * A);
        std.set(belief.std.toFloat32(), first * A);
      }),
    );
  }
  return { mean, std };
}

/**
 * Averages each number of [T, A] over as many rows on either side as `widths` says, fewer at the ends. The last row,
 * whose action leads nowhere, is left as it is and counts for no other.
 */
export function smooth(values: Float32Array, A: number, widths: readonly number[]): Float32Array {
  const smoothed = Float32Array.from(values);
  const rows = values.length / Math.max(1, A) - 1;
  for (const [i, width] of widths.entries()) {
    if (width === 0) continue;
    for (let t = 0; t < rows; t++) {
      const [from, to] = [Math.max(0, t - width), Math.min(rows, t + width + 1)];
      let sum = 0;
      for (let u = from; u < to; u++) sum += values[u * A + i] as number;
      smoothed[t * A + i] = sum / (to - from);
    }
  }
  return smoothed;
}

/** Share of a number's variance that a spread leaves explained, 0 to 1. */
export function claimed(std: number, spread: number): number {
  return Math.max(0, 1 - (std / spread) ** 2);
}

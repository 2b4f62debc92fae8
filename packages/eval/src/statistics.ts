/** Intervals for what is measured on a few episodes or trials. */
import type { Rng } from "@orrery/core";

export type Interval = readonly [low: number, high: number];

/** 95 % Wilson score interval of a proportion. Source: Wilson 1927. */
export function wilson(successes: number, trials: number): Interval {
  if (trials === 0) return [0, 1];
  const z = 1.959964;
  const p = successes / trials;
  const denominator = 1 + (z * z) / trials;
  const centre = p + (z * z) / (2 * trials);
  const spread = z * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials));
  return [Math.max(0, (centre - spread) / denominator), Math.min(1, (centre + spread) / denominator)];
}

/**
 * 95 % percentile interval of a statistic by resampling whole clusters (episodes): windows of one episode are alike,
 * and resampling them one by one would make the interval too narrow. Source: Efron and Tibshirani 1993, chapter 13.
 *
 * @param clusters the items of each cluster
 * @param statistic of a list of items
 * @returns NaN for both ends where there is but one cluster: it tells nothing of how clusters differ
 */
export function bootstrap<T>(
  clusters: readonly (readonly T[])[],
  statistic: (items: readonly T[]) => number,
  rng: Rng,
  rounds = 1000,
): Interval {
  if (clusters.length < 2) return [Number.NaN, Number.NaN];
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const drawn: T[] = [];
    for (let i = 0; i < clusters.length; i++) drawn.push(...rng.pick(clusters));
    values.push(statistic(drawn));
  }
  values.sort((a, b) => a - b);
  const at = (q: number): number =>
    values[Math.min(values.length - 1, Math.floor(q * values.length))] as number;
  return [at(0.025), at(0.975)];
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Peak signal-to-noise ratio in dB of a mean squared error on pixels in [0, 1]. */
export function psnr(meanSquaredError: number): number {
  return -10 * Math.log10(Math.max(meanSquaredError, 1e-10));
}

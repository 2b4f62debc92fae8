/**
 * Statistics as LeRobot keeps them: per number for vectors, per colour channel (0 to 1) for pictures.
 * Departures: quantiles of one episode are exact (linear between order statistics) instead of read off a histogram,
 * and recorded pictures count every frame instead of a sample (imported films one in four). Values that are not finite are left out.
 */
import type { Image } from "@orrery/core";
import type { Column } from "./column.ts";
import type { FeatureStats } from "./lerobot/meta.ts";
import { BorrowedImage } from "./video/borrowed.ts";

export const QUANTILES = { q01: 0.01, q10: 0.1, q50: 0.5, q90: 0.9, q99: 0.99 } as const;
type QuantileName = keyof typeof QUANTILES;
const QUANTILE_NAMES = Object.keys(QUANTILES) as QuantileName[];

/** Statistics of one episode's column over its masked-in rows; null for text and for columns without any row. */
export function columnStats(column: Column): FeatureStats | null {
  const { data, width, mask } = column;
  if (Array.isArray(data)) return null;
  const rows: number[] = [];
  for (let t = 0; t < mask.length; t++) if (mask[t]) rows.push(t);
  if (rows.length === 0) return null;
  const perNumber = Array.from({ length: width }, (_, k) => {
    const values = new Float64Array(rows.length);
    for (let i = 0; i < values.length; i++) values[i] = data[rows[i]! * width + k] ?? 0;
    return vectorStats(values.sort());
  });
  return stackStats(perNumber, rows.length);
}

interface ScalarStats {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly std: number;
  readonly quantiles: readonly number[];
}

/** @param sorted ascending, at least one value */
function vectorStats(sorted: Float64Array): ScalarStats {
  const n = sorted.length;
  let mean = 0;
  for (const value of sorted) mean += value / n;
  let variance = 0;
  for (const value of sorted) variance += (value - mean) ** 2 / n;
  const quantiles = QUANTILE_NAMES.map((name) => {
    const at = QUANTILES[name] * (n - 1);
    const low = sorted[Math.floor(at)] ?? 0;
    const high = sorted[Math.ceil(at)] ?? low;
    return low + (high - low) * (at - Math.floor(at));
  });
  return { min: sorted[0] ?? 0, max: sorted[n - 1] ?? 0, mean, std: Math.sqrt(variance), quantiles };
}

function stackStats(parts: readonly ScalarStats[], count: number): FeatureStats {
  const quantiles = QUANTILE_NAMES.map(
    (name, q) => [name, parts.map((part) => part.quantiles[q] ?? 0)] as const,
  );
  return {
    min: parts.map((part) => part.min),
    max: parts.map((part) => part.max),
    mean: parts.map((part) => part.mean),
    std: parts.map((part) => part.std),
    count,
    ...(Object.fromEntries(quantiles) as Record<QuantileName, number[]>),
  };
}

/** A larger side than this is strided down, as LeRobot does, so that big pictures stay cheap. */
const STRIDE_TARGET_PX = 150;

/** Of borrowed pictures, which are not in RGB yet, every so manieth is counted. */
const BORROWED_EVERY = 4;

/** Collects one camera's pictures as they are recorded; memory is a histogram per channel. */
export class PictureStats {
  readonly #counts = [0, 1, 2].map(() => new Float64Array(256));
  #frames = 0;
  #borrowed = 0;

  add(image: Image): void {
    const side = Math.max(image.width, image.height);
    const stride = side < 2 * STRIDE_TARGET_PX ? 1 : Math.floor(side / STRIDE_TARGET_PX);
    if (!(image instanceof BorrowedImage)) this.#count(image, stride);
    else if (this.#borrowed++ % BORROWED_EVERY === 0) this.#count(image.sample(stride), 1);
  }

  #count({ width, height, data }: Image, stride: number): void {
    const [red, green, blue] = this.#counts as [Float64Array, Float64Array, Float64Array];
    for (let y = 0; y < height; y += stride) {
      for (let x = 0; x < width; x += stride) {
        const at = 3 * (y * width + x);
        red[data[at] as number]!++;
        green[data[at + 1] as number]!++;
        blue[data[at + 2] as number]!++;
      }
    }
    this.#frames++;
  }

  /** Per channel, scaled to 0 to 1; null before the first frame. */
  result(): FeatureStats | null {
    return this.#frames === 0 ? null : stackStats(this.#counts.map(histogramStats), this.#frames);
  }
}

function histogramStats(counts: Float64Array): ScalarStats {
  const total = counts.reduce((a, b) => a + b, 0);
  const mean = counts.reduce((sum, n, value) => sum + (n * value) / total, 0);
  const variance = counts.reduce((sum, n, value) => sum + (n * (value - mean) ** 2) / total, 0);
  const quantiles = QUANTILE_NAMES.map((name) => {
    let below = 0;
    return counts.findIndex((n) => (below += n) >= QUANTILES[name] * total) / 255;
  });
  const min = counts.findIndex((n) => n > 0) / 255;
  const max = counts.findLastIndex((n) => n > 0) / 255;
  return { min, max, mean: mean / 255, std: Math.sqrt(variance) / 255, quantiles };
}

/**
 * Statistics of two sets together. Mean and variance are exact (parallel formula); quantiles are LeRobot's envelope:
 * the least of those up to the median, the greatest of those above.
 */
export function mergeStats(a: FeatureStats, b: FeatureStats): FeatureStats {
  const n = a.count + b.count;
  const zip = (x: readonly number[], y: readonly number[], f: (p: number, q: number) => number): number[] =>
    x.map((value, i) => f(value, y[i] ?? value));
  const mean = zip(a.mean, b.mean, (p, q) => p + ((q - p) * b.count) / n);
  const std = mean.map((m, i) => {
    const part = (s: FeatureStats): number => s.count * ((s.std[i] ?? 0) ** 2 + ((s.mean[i] ?? 0) - m) ** 2);
    return Math.sqrt((part(a) + part(b)) / n);
  });
  const quantiles = QUANTILE_NAMES.flatMap((name) => {
    const [x, y] = [a[name], b[name]];
    return x && y ? [[name, zip(x, y, QUANTILES[name] <= 0.5 ? Math.min : Math.max)] as const] : [];
  });
  return {
    min: zip(a.min, b.min, Math.min),
    max: zip(a.max, b.max, Math.max),
    mean,
    std,
    count: n,
    ...(Object.fromEntries(quantiles) as Partial<Record<QuantileName, number[]>>),
  };
}

/** As stats.json and episode tables nest them: lists, pictures as [[[r]], [[g]], [[b]]], count as [n]. */
export function nestStats(stats: FeatureStats, isPicture: boolean): Record<string, unknown> {
  const { count, ...vectors } = stats;
  const nested = Object.entries(vectors).map(([key, values]) => [
    key,
    isPicture ? values.map((v) => [[v]]) : [...values],
  ]);
  return { ...(Object.fromEntries(nested) as Record<string, unknown>), count: [count] };
}

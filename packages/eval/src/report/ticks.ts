/** Where an axis runs from and to, where its marks stand, and what is written at them. */

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly isLog: boolean;
  readonly ticks: readonly number[];
  /** A value's place along the axis: 0 at `low`, 1 at `high`. */
  place(value: number): number;
}

/** Steps that people count in. */
const STEPS = [1, 2, 2.5, 5, 10];

export interface LinearOptions {
  /** About how many steps to mark. */
  readonly count: number;
  readonly fromZero?: boolean;
  /** Ends the axis with the data rather than with the next mark. */
  readonly isTight?: boolean;
}

/** An axis in round steps that covers all of `values`; where those are whole numbers, so are the marks. */
export function linearScale(values: Iterable<number>, options: LinearOptions): Scale {
  const all = [...values];
  const [min, max] = extent(all, options.fromZero ?? false);
  const rough = (max - min) / options.count;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = power * (STEPS.find((s) => s * power >= rough * (1 - 1e-9)) ?? 10);
  if (all.every(Number.isInteger) && !Number.isInteger(step)) step = Math.ceil(step);
  const first = Math.floor(min / step + 1e-9);
  const last = Math.ceil(max / step - 1e-9);
  const [low, high] = options.isTight ? [min, max] : [first * step, last * step];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step).filter(
    (tick) => tick >= low - step * 1e-9 && tick <= high + step * 1e-9,
  );
  return { low, high, isLog: false, ticks, place: (value) => (value - low) / (high - low) };
}

/** An axis in powers of ten; with fewer than three of them, 2 and 5 are marked as well. Takes positive values only. */
export function logScale(values: Iterable<number>): Scale {
  const [min, max] = extent([...values].filter((value) => value > 0).map(Math.log10), false);
  const first = Math.floor(min + 1e-9);
  const last = Math.max(first + 1, Math.ceil(max - 1e-9));
  const marks = last - first < 3 ? [1, 2, 5] : [1];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => marks.map((m) => m * 10 ** (first + i)))
    .flat()
    .filter((tick) => tick <= 10 ** last * (1 + 1e-9));
  return {
    low: 10 ** first,
    high: 10 ** last,
    isLog: true,
    ticks,
    place: (value) => (Math.log10(value) - first) / (last - first),
  };
}

/** Smallest and largest finite value, pushed apart where they are one. */
function extent(values: Iterable<number>, fromZero: boolean): [number, number] {
  let [min, max] = fromZero ? [0, 0] : [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (min > max) return [0, 1];
  if (min < max) return [min, max];
  const room = Math.abs(min) * 0.1 || 1;
  return fromZero && min === 0 ? [0, 1] : [min - room, max + room];
}

/** As many digits as tell neighbouring ticks apart: 0.25, 12, 1,500, 20k, 3M, 1e-5. */
export function tickLabel(value: number, ticks: readonly number[]): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6) return `${short(value / 1e6)}M`;
  if (Math.max(...ticks.map(Math.abs)) >= 1e4 && size >= 1e3) return `${short(value / 1e3)}k`;
  if (size < 1e-3) return value.toExponential().replace(/\.?0+e/, "e");
  return short(value);
}

function short(value: number): string {
  return Number(value.toPrecision(6))
    .toLocaleString("en-GB", { maximumFractionDigits: 6 })
    .replace("-", "\u2212");
}

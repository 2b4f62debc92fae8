/**
 * Values recorded at their own times, asked for at the times of another clock. Outside the recorded span, and in gaps
 * longer than `maxGapSec`, there is no value: NaN, which readers report, rather than an invented one.
 */
import { DataError } from "@orrery/core";

/** Samples of one sensor, in order of time: D numbers per sample. */
export class Series {
  readonly times: Float64Array; // [N], seconds
  readonly values: Float64Array; // [N, D]
  readonly width: number; // D
  /** Samples left out because their time was not after the one before. */
  readonly dropped: number;

  /**
   * @param times seconds, [N]; samples whose time is not finite or does not move forward are left out
   * @throws {DataError} if there are not N * D values
   */
  constructor(times: ArrayLike<number>, values: ArrayLike<number>, width: number, where: string) {
    if (values.length !== times.length * width) {
      throw new DataError(
        `${where}: must hold ${times.length} samples of ${width} values, got ${values.length} values.`,
      );
    }
    const keep: number[] = [];
    let before = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < times.length; i++) {
      const time = times[i] ?? Number.NaN;
      if (!(time > before) || !Number.isFinite(time)) continue;
      keep.push(i);
      before = time;
    }
    this.width = width;
    this.dropped = times.length - keep.length;
    this.times = Float64Array.from(keep, (i) => times[i] ?? 0);
    this.values = new Float64Array(keep.length * width);
    keep.forEach((i, k) => {
      for (let d = 0; d < width; d++) this.values[k * width + d] = values[i * width + d] ?? Number.NaN;
    });
  }

  /** Value on the straight line between the two samples around `time`; the nearest one up to `maxGapSec` outside. */
  linear(time: number, maxGapSec: number): Float64Array {
    const { after, before } = this.#around(time);
    const [t0, t1] = [this.times[before], this.times[after]];
    if (t0 === undefined || t1 === undefined || before === after) return this.nearest(time, maxGapSec);
    if (t1 - t0 > maxGapSec) return this.#none();
    const part = (time - t0) / (t1 - t0);
    return this.#mix(before, after, part);
  }

  /** The last sample at or before `time`, unless it is older than `maxGapSec`. */
  latest(time: number, maxGapSec: number): Float64Array {
    const { before } = this.#around(time);
    const t = this.times[before];
    return t === undefined || t > time || time - t > maxGapSec ? this.#none() : this.#mix(before, before, 0);
  }

  /** The sample closest in time, unless it is further than `maxGapSec`. */
  nearest(time: number, maxGapSec: number): Float64Array {
    const { before, after } = this.#around(time);
    const t0 = this.times[before] ?? Number.NaN;
    const t1 = this.times[after] ?? Number.NaN;
    const closest = Math.abs(time - t0) <= Math.abs(t1 - time) || Number.isNaN(t1) ? before : after;
    const gap = Math.abs((this.times[closest] ?? Number.NaN) - time);
    return gap <= maxGapSec ? this.#mix(closest, closest, 0) : this.#none();
  }

  /** Samples on both sides of `time`; both the same at an exact hit and outside the span. */
  #around(time: number): { before: number; after: number } {
    let low = 0;
    let high = this.times.length; // first sample after `time`
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.times[middle] ?? 0) > time) high = middle;
      else low = middle + 1;
    }
    const last = this.times.length - 1;
    const before = Math.max(0, low - 1);
    const isExact = this.times[before] === time;
    return { before, after: isExact || low === 0 ? before : Math.min(low, last) };
  }

  #mix(before: number, after: number, part: number): Float64Array {
    const D = this.width;
    const out = new Float64Array(D);
    for (let d = 0; d < D; d++) {
      const a = this.values[before * D + d] ?? Number.NaN;
      const b = this.values[after * D + d] ?? Number.NaN;
      out[d] = part === 0 ? a : a + (b - a) * part;
    }
    return out;
  }

  #none(): Float64Array {
    return new Float64Array(this.width).fill(Number.NaN);
  }
}

/** A clock of even ticks from `startSec` to at most `endSec`, in seconds. */
export function evenClock(startSec: number, endSec: number, rateHz: number): Float64Array {
  const count = Math.max(0, Math.floor((endSec - startSec) * rateHz + 1e-6) + 1);
  return Float64Array.from({ length: count }, (_, i) => startSec + i / rateHz);
}

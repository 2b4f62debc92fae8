/**
 * Rotary positions: each pair of channels of a query or key turns by an angle proportional to its position, so that
 * their product depends on the distance only. Source: Su et al. 2021, arXiv:2104.09864. For several axes (rows and
 * columns of an image, perhaps time) the pairs are dealt out to the axes in equal, contiguous parts.
 *
 * Shapes: T tokens, D width of one head. Channel i pairs with channel i + D / 2, as in GPT-NeoX, because a roll by
 * half is one operator; the paper's neighbouring pairs are the same up to the order of the channels.
 */
import { UsageError } from "@orrery/core";
import { fromTyped } from "../create.ts";
import type { Tensor } from "../tensor.ts";
import { Module, table } from "./module.ts";

export interface RotaryOptions {
  /** The slowest pair takes about 2 pi times this many positions for one turn. */
  readonly base?: number;
}

/** Angles for a fixed list of positions. */
export class Rotary extends Module {
  readonly cos: Tensor; // [T, D]
  readonly sin: Tensor; // [T, D], the first half negated
  /** T. */
  readonly length: number;

  /**
   * @param positions one list per axis, each with the position of all T tokens; see `linePositions`, `gridPositions`
   * @throws {UsageError} if the pairs cannot be dealt out evenly or the lists differ in length
   */
  constructor(headWidth: number, positions: readonly (readonly number[])[], options: RotaryOptions = {}) {
    super();
    const numAxes = positions.length;
    const T = positions[0]?.length ?? 0;
    if (numAxes === 0 || headWidth % (2 * numAxes) !== 0 || positions.some((axis) => axis.length !== T)) {
      const lengths = positions.map((axis) => axis.length).join(", ");
      throw new UsageError(
        `Rotary: headWidth must be a multiple of 2 x ${numAxes} axes and all axes as long, ` +
          `got headWidth ${headWidth} and axes of [${lengths}] positions.`,
      );
    }
    const half = headWidth / 2;
    const pairsPerAxis = half / numAxes;
    const cos = new Float64Array(T * headWidth);
    const sin = new Float64Array(T * headWidth);
    for (const [axis, list] of positions.entries()) {
      for (const [t, position] of list.entries()) {
        for (let pair = 0; pair < pairsPerAxis; pair++) {
          const angle = position * (options.base ?? 10_000) ** (-pair / pairsPerAxis);
          const at = t * headWidth + axis * pairsPerAxis + pair;
          cos[at] = cos[at + half] = Math.cos(angle);
          sin[at] = -Math.sin(angle);
          sin[at + half] = Math.sin(angle);
        }
      }
    }
    this.cos = table(fromTyped(cos, [T, headWidth], { dtype: "float32" }));
    this.sin = table(fromTyped(sin, [T, headWidth], { dtype: "float32" }));
    this.length = T;
  }

  /**
   * Turns x [..., S, D] as the tokens `start` to `start + S` of the table.
   * @throws {UsageError} if the table is too short
   */
  rotate(x: Tensor, start = 0): Tensor {
    const S = x.size(-2);
    const D = x.size(-1);
    if (start < 0 || start + S > this.length) {
      throw new UsageError(
        `Rotary.rotate: tokens ${start} to ${start + S} must lie in the table of ${this.length}. Build it longer.`,
      );
    }
    const isWhole = start === 0 && S === this.length;
    const cos = isWhole ? this.cos : this.cos.narrow(0, start, S);
    const sin = isWhole ? this.sin : this.sin.narrow(0, start, S);
    return x.mul(cos).addcmul(x.roll(D / 2, -1), sin);
  }
}

/** 0 to `length - 1`: the positions of tokens in a row, for the one axis of `Rotary`. */
export function linePositions(length: number): [number[]] {
  return [Array.from({ length }, (_, i) => i)];
}

/** Row and column of each token of a grid in row-major order, for two axes of `Rotary`. */
export function gridPositions(numRows: number, numColumns: number): [rows: number[], columns: number[]] {
  const cells = Array.from({ length: numRows * numColumns }, (_, i) => i);
  return [cells.map((i) => Math.floor(i / numColumns)), cells.map((i) => i % numColumns)];
}

/** One column of an episode while it is recorded: grows by doubling, remembers which rows were given. */
import { isFiniteRow, makeColumnArray, type Column } from "../column.ts";
import { DataError } from "@orrery/core";

type NumberArray = Float32Array | Float64Array | Int32Array | Uint8Array;

export interface ColumnSpec {
  readonly name: string;
  readonly dtype: string;
  /** Numbers per row: the product of the shape. */
  readonly width: number;
  readonly shape: readonly number[];
  readonly names: readonly string[] | null;
}

export class ColumnBuffer {
  readonly spec: ColumnSpec;
  #data: NumberArray;
  #present = new Uint8Array(64);

  constructor(spec: ColumnSpec) {
    this.spec = spec;
    this.#data = makeNumbers(spec.dtype, 64 * spec.width);
  }

  get width(): number {
    return this.spec.width;
  }

  /** [rows]: 1 where a value was given, finite or not. */
  get present(): Uint8Array {
    return this.#present;
  }

  /** Copies one row of `width` values. Rows that are never set count as absent. */
  set(row: number, values: ArrayLike<number>): void {
    if (row >= this.#present.length) this.#grow(Math.max(row + 1, 2 * this.#present.length));
    this.#data.set(values, row * this.width);
    this.#present[row] = 1;
  }

  /** The column of `length` rows; the buffer keeps no part of it. A NaN stays as it is and is masked out. */
  finish(length: number): Column {
    if (length > this.#present.length) this.#grow(length);
    const data = this.#data.slice(0, length * this.width);
    const mask = this.#present.slice(0, length);
    for (let t = 0; t < length; t++)
      if (mask[t] && !isFiniteRow(data, t * this.width, this.width)) mask[t] = 0;
    const { name, dtype, width } = this.spec;
    return { name, dtype, width, data, mask };
  }

  #grow(rows: number): void {
    const data = makeNumbers(this.spec.dtype, rows * this.width);
    data.set(this.#data);
    this.#data = data;
    const present = new Uint8Array(rows);
    present.set(this.#present);
    this.#present = present;
  }
}

function makeNumbers(dtype: string, length: number): NumberArray {
  const array = makeColumnArray(dtype, length);
  if (Array.isArray(array)) throw new DataError(`ColumnBuffer: dtype must be a number type, got "${dtype}".`);
  return array;
}

/** One feature of an episode as a flat typed array with a mask, and how parquet's values become one. */
import { DataError } from "@orrery/core";

export type ColumnArray = Float32Array | Float64Array | Int32Array | Uint8Array | string[];

/**
 * T rows of `width` numbers, row-major: data.length = T * width. `mask[t]` is 1 where the row is really there
 * (not null) and finite; where it is 0 the numbers must not be used (null reads as 0, a recorded NaN stays NaN).
 */
export interface Column {
  readonly name: string;
  readonly dtype: string;
  readonly width: number;
  readonly data: ColumnArray;
  readonly mask: Uint8Array;
}

/**
 * The array a dtype is kept in. int64 becomes Float64Array, exact up to 2^53: BigInt would be slower in every
 * consumer and no LeRobot column reaches that size.
 */
export function makeColumnArray(dtype: string, length: number): ColumnArray {
  switch (dtype) {
    case "float32":
    case "float16":
      return new Float32Array(length);
    case "float64":
    case "int64":
    case "uint64":
    case "uint32":
      return new Float64Array(length);
    case "int8":
    case "int16":
    case "int32":
    case "uint16":
      return new Int32Array(length);
    case "bool":
    case "uint8":
      return new Uint8Array(length);
    case "string":
      return Array.from({ length }, () => "");
    default:
      throw new DataError(
        `column: dtype must be a number type, bool or string, got "${dtype}". Leave the column out or convert it.`,
      );
  }
}

/** True where `makeColumnArray` knows the dtype. */
export function isColumnDtype(dtype: string): boolean {
  return /^(float(16|32|64)|u?int(8|16|32|64)|bool|string)$/.test(dtype);
}

/** Values that are allocated on the metadata's word; more must be found in the rows first. */
const TRUSTED_VALUES = 1 << 20;

/** @throws {DataError} if no row comes near the width that the metadata claims */
function requireWidth(name: string, width: number, rows: ArrayLike<unknown>): void {
  let longest = 0;
  for (let t = 0; t < rows.length && longest < width; t++) longest = Math.max(longest, countLeaves(rows[t]));
  if (longest >= width) return;
  throw new DataError(
    `column "${name}": rows must hold ${width} values by the metadata, the longest holds ${longest}. Correct its shape in info.json.`,
  );
}

function countLeaves(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value !== "object") return 1;
  const list = value as ArrayLike<unknown>;
  if (ArrayBuffer.isView(value)) return list.length;
  let count = 0;
  for (let i = 0; i < list.length; i++) count += Math.max(1, countLeaves(list[i]));
  return count;
}

/**
 * Flattens parquet's decoded rows (numbers, bigints, booleans, strings, or lists of them nested to any depth).
 *
 * @param rows one value per row, as hyparquet returns them; not kept
 * @returns the column, and how many rows had another number of values than `width` (masked out, set to 0)
 * @throws {DataError} if `width` is far more than the rows hold
 */
export function columnFromRows(
  name: string,
  dtype: string,
  width: number,
  rows: ArrayLike<unknown>,
): { column: Column; raggedRows: number } {
  const T = rows.length;
  if (T * width > TRUSTED_VALUES) requireWidth(name, width, rows);
  const data = makeColumnArray(dtype, T * width);
  const mask = new Uint8Array(T);
  let raggedRows = 0;
  for (let t = 0; t < T; t++) {
    const row = rows[t];
    if (row === null || row === undefined) continue;
    const wrote =
      typeof row === "object"
        ? fillNested(data, t * width, width, row as unknown[])
        : fillOne(data, t * width, row);
    if (wrote !== width) {
      raggedRows++;
      // Half a row would look like a whole one once the mask is forgotten, so it is cleared.
      data.fill((Array.isArray(data) ? "" : 0) as never, t * width, (t + 1) * width);
    } else if (isFiniteRow(data, t * width, width)) {
      mask[t] = 1;
    }
  }
  return { column: { name, dtype, width, data, mask }, raggedRows };
}

/** Writes the leaves of a nested list and returns how many there were; never writes past the row. */
function fillNested(data: ColumnArray, at: number, width: number, row: ArrayLike<unknown>): number {
  let count = 0;
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (value !== null && typeof value === "object") {
      const room = Math.max(0, width - count);
      count += fillNested(data, at + count, room, value as ArrayLike<unknown>);
    } else {
      if (count < width) fillOne(data, at + count, value);
      count++;
    }
  }
  return count;
}

function fillOne(data: ColumnArray, at: number, value: unknown): 1 {
  if (Array.isArray(data)) data[at] = typeof value === "string" ? value : JSON.stringify(value);
  // A null inside a list of numbers has no mask of its own; NaN makes the row count as not finite.
  else data[at] = value === null || value === undefined ? Number.NaN : Number(value);
  return 1;
}

/** False where one of the numbers [at, at + width) is NaN or infinite. */
export function isFiniteRow(data: ColumnArray, at: number, width: number): boolean {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return true;
  for (let i = at; i < at + width; i++) if (!Number.isFinite(data[i])) return false;
  return true;
}

/** Rows [from, to) as a copy. */
export function sliceColumn(column: Column, from: number, to: number): Column {
  return {
    ...column,
    data: column.data.slice(from * column.width, to * column.width),
    mask: column.mask.slice(from, to),
  };
}

/** Columns of the same feature one after another. */
export function concatColumns(parts: readonly Column[]): Column {
  const [first] = parts;
  if (!first) throw new DataError("concatColumns: there must be at least one part, got none.");
  if (parts.length === 1) return first;
  const rows = parts.reduce((sum, part) => sum + part.mask.length, 0);
  const data = makeColumnArray(first.dtype, rows * first.width);
  const mask = new Uint8Array(rows);
  let at = 0;
  for (const part of parts) {
    if (Array.isArray(data))
      for (let i = 0; i < part.data.length; i++) data[at * first.width + i] = String(part.data[i]);
    else data.set(part.data as Float32Array, at * first.width);
    mask.set(part.mask, at);
    at += part.mask.length;
  }
  return { ...first, data, mask };
}

/** The column as float32, without a copy where it is float32 already. */
export function asFloat32(column: Column): Float32Array {
  return column.data instanceof Float32Array ? column.data : Float32Array.from(column.data as Float64Array);
}

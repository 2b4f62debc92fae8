/** Raw binary arrays without a header, as columns of rows; the caller knows shape and type. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { DataError } from "@orrery/core";
import { countOf, type DType, decodeNumbers } from "../shared/arrays.ts";
import { pieces } from "../shared/bytes.ts";
import type { Column } from "../shared/columns.ts";
import { LIMITS } from "../shared/limits.ts";

export const INT32: DType = { kind: "i", bytes: 4, littleEndian: true };
export const UINT32: DType = { kind: "u", bytes: 4, littleEndian: true };
export const UINT16: DType = { kind: "u", bytes: 2, littleEndian: true };
export const FLOAT32: DType = { kind: "f", bytes: 4, littleEndian: true };

/** @throws {DataError} if the file's size is not exactly `rows` rows */
export async function binColumn(
  path: string,
  dtype: DType,
  rowShape: readonly number[],
  rows: number,
): Promise<Column> {
  const rowBytes = countOf(rowShape, path) * dtype.bytes;
  const size = await stat(path).then(
    (info) => info.size,
    () => -1,
  );
  if (size !== rows * rowBytes || rowBytes > LIMITS.rowBytes) {
    const found = size < 0 ? "no such file" : `${size} bytes`;
    throw new DataError(`${path}: must hold ${rows} rows of ${rowBytes} bytes, found ${found}.`, { path });
  }
  async function* read(from: number, to: number): AsyncGenerator<Uint8Array | Float64Array> {
    if (to <= from) return;
    const stream = createReadStream(path, { start: from * rowBytes, end: to * rowBytes - 1 });
    for await (const piece of pieces(stream, rowBytes, path)) yield decodeNumbers(piece, dtype);
  }
  return { name: path, rows, rowShape, dtype, read };
}

/** Runs of equal values: where each begins and ends (exclusive). Reads the column once, keeping only the borders. */
export async function runsOf(column: Column): Promise<{ value: number; from: number; to: number }[]> {
  const runs: { value: number; from: number; to: number }[] = [];
  let row = 0;
  for await (const [value = Number.NaN] of column.read(0, column.rows)) {
    const run = runs.at(-1);
    if (run && run.value === value) run.to = row + 1;
    else runs.push({ value, from: row, to: row + 1 });
    row++;
  }
  return runs;
}

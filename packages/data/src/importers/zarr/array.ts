/**
 * One zarr v2 array as a column of rows. Blocks are as long as a chunk along the first axis, so that no chunk is
 * decoded twice; chunks may be cut along the other axes too.
 *
 * Source: zarr.readthedocs.io/en/stable/spec/v2.html.
 */
import { DataError } from "@orrery/core";
import { z } from "zod";
import { countOf, type DType, decodeNumbers, parseDType } from "../shared/arrays.ts";
import type { Column } from "../shared/columns.ts";
import { LIMITS } from "../shared/limits.ts";
import { checkCompressor, type CompressorConfig, decodeChunk } from "./codecs.ts";
import type { ZarrStore } from "./store.ts";

const ArrayMeta = z.object({
  zarr_format: z.literal(2),
  shape: z.array(z.int().min(0)).min(1).max(8),
  chunks: z.array(z.int().min(1)).min(1).max(8),
  dtype: z.string(),
  compressor: z.object({ id: z.string() }).nullable(),
  filters: z.array(z.unknown()).nullish(),
  order: z.literal("C"),
  dimension_separator: z.enum([".", "/"]).optional(),
});

interface Layout {
  readonly store: ZarrStore;
  readonly path: string;
  readonly where: string;
  readonly shape: readonly number[];
  readonly chunks: readonly number[];
  readonly dtype: DType;
  readonly compressor: CompressorConfig | null;
  readonly separator: string;
}

export interface ZarrColumn extends Column {
  /** Chunks that were asked for and are not stored; they read as zeros. */
  missingChunks(): number;
  /** The same column, throwing a `DataError` where a chunk is not stored: zeros are no state and no action. */
  strict(): Column;
}

/** Opens the array at `path`. @throws {DataError} for unknown types, compressors, filters and absurd chunks */
export async function openZarrArray(store: ZarrStore, path: string): Promise<ZarrColumn> {
  const where = `${store.name}:${path}`;
  const layout = parseMeta(await store.get(`${path}/.zarray`, 1 << 20), store, path, where);
  let missing = 0;
  const onMissing = (): void => void missing++;
  const refuse = (key: string): never => {
    throw new DataError(`${where}: chunk ${key} is not stored. The copy is incomplete.`);
  };
  const facts = {
    name: where,
    rows: layout.shape[0] ?? 0,
    rowShape: layout.shape.slice(1),
    dtype: layout.dtype,
  };
  return {
    ...facts,
    read: (from, to) => readRows(layout, from, to, onMissing),
    missingChunks: () => missing,
    strict: () => ({ ...facts, read: (from, to) => readRows(layout, from, to, refuse) }),
  };
}

/** All numbers of a small array. @throws {DataError} above the limit for whole arrays */
export async function readWhole(column: Column): Promise<Float64Array> {
  const width = countOf(column.rowShape, column.name);
  if (column.rows * width * 8 > LIMITS.wholeArrayBytes) {
    throw new DataError(`${column.name}: is too large to be read whole (${column.rows} rows of ${width}).`);
  }
  const values: number[] = [];
  for await (const row of column.read(0, column.rows)) values.push(...row);
  return Float64Array.from(values);
}

function parseMeta(bytes: Uint8Array | undefined, store: ZarrStore, path: string, where: string): Layout {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes ?? []).toString("utf8"));
  } catch (error) {
    throw new DataError(`${where}: its .zarray must be JSON.`, { cause: error });
  }
  const parsed = ArrayMeta.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new DataError(
      `${where}: its .zarray must describe a zarr v2 array in C order (${problems.join("; ")}).`,
    );
  }
  const { shape, chunks, compressor, filters, dimension_separator: separator = "." } = parsed.data;
  const dtype = parseDType(parsed.data.dtype, where);
  if (dtype.kind === "S" || dtype.kind === "U") throw new DataError(`${where}: must hold numbers, got text.`);
  if (filters && filters.length > 0) throw new DataError(`${where}: uses filters, which are not read.`);
  checkCompressor(compressor, where);
  if (shape.length !== chunks.length) throw new DataError(`${where}: shape and chunks must be equally long.`);
  countOf(shape, where);
  const blockBytes = countOf([chunks[0] ?? 1, ...shape.slice(1)], where) * dtype.bytes;
  const chunkBytes = countOf(chunks, where) * dtype.bytes;
  if (Math.max(blockBytes, chunkBytes) > LIMITS.wholeArrayBytes) {
    throw new DataError(
      `${where}: a row of chunks must have at most ${LIMITS.wholeArrayBytes} bytes, got ${blockBytes}.`,
    );
  }
  return { store, path, where, shape, chunks, dtype, compressor, separator };
}

async function* readRows(
  layout: Layout,
  from: number,
  to: number,
  onMissing: (key: string) => void,
): AsyncGenerator<Uint8Array | Float64Array> {
  const chunkRows = layout.chunks[0] ?? 1;
  const rowBytes = countOf(layout.shape.slice(1), layout.where) * layout.dtype.bytes;
  for (let row = from; row < to;) {
    const chunk = Math.floor(row / chunkRows);
    const block = await readBlock(layout, chunk, onMissing);
    const end = Math.min(to, (chunk + 1) * chunkRows);
    for (; row < end; row++) {
      const at = (row - chunk * chunkRows) * rowBytes;
      yield decodeNumbers(block.subarray(at, at + rowBytes), layout.dtype);
    }
  }
}

/** Rows of chunk number `first` along the first axis, put together from all chunks across the other axes. */
async function readBlock(
  layout: Layout,
  first: number,
  onMissing: (key: string) => void,
): Promise<Uint8Array> {
  const { shape, chunks, dtype, where } = layout;
  const grid = shape.slice(1).map((n, axis) => Math.ceil(n / (chunks[axis + 1] ?? 1)));
  const chunkBytes = countOf(chunks, where) * dtype.bytes;
  const isWhole = shape.slice(1).every((n, axis) => n === chunks[axis + 1]);
  const rowBytes = countOf(shape.slice(1), where) * dtype.bytes;
  const block = new Uint8Array(isWhole ? 0 : (chunks[0] ?? 1) * rowBytes);
  for (const tail of indices(grid)) {
    const key = `${layout.path}/${[first, ...tail].join(layout.separator)}`;
    const stored = await layout.store.get(key, chunkBytes * 2 + (1 << 20));
    if (!stored) {
      onMissing(key);
      if (isWhole) return new Uint8Array(chunkBytes);
      continue;
    }
    const bytes = await decodeChunk(stored, layout.compressor, chunkBytes, `${where} chunk ${key}`);
    if (isWhole) return bytes;
    paste(bytes, block, layout, tail);
  }
  return block;
}

/** Copies a chunk into its place in a block, run by run along the last axis; what lies beyond the edge is left out. */
function paste(
  bytes: Uint8Array,
  block: Uint8Array,
  { shape, chunks, dtype }: Layout,
  tail: readonly number[],
): void {
  const last = shape.length - 1;
  const chunkRun = chunks[last] ?? 1;
  const lastStart = (tail[last - 1] ?? 0) * chunkRun;
  const run = Math.min(chunkRun, (shape[last] ?? 1) - lastStart) * dtype.bytes;
  let from = 0;
  for (const index of indices(chunks.slice(0, last))) {
    let to = index[0] ?? 0;
    let isInside = true;
    for (let axis = 1; axis < last; axis++) {
      const at = (tail[axis - 1] ?? 0) * (chunks[axis] ?? 1) + (index[axis] ?? 0);
      isInside &&= at < (shape[axis] ?? 1);
      to = to * (shape[axis] ?? 1) + at;
    }
    to = (to * (shape[last] ?? 1) + lastStart) * dtype.bytes;
    if (isInside) block.set(bytes.subarray(from, from + run), to);
    from += chunkRun * dtype.bytes;
  }
}

/** All index tuples below `sizes`, the last axis running fastest; one empty tuple for no axes. */
function* indices(sizes: readonly number[]): Generator<number[]> {
  const index = sizes.map(() => 0);
  if (sizes.some((n) => n === 0)) return;
  for (;;) {
    yield index;
    let axis = sizes.length - 1;
    while (axis >= 0 && (index[axis] = (index[axis] ?? 0) + 1) >= (sizes[axis] ?? 0)) index[axis--] = 0;
    if (axis < 0) return;
  }
}

/**
 * HDF5 files through h5wasm, with what a stranger's file needs: links that leave the file, filters that are missing and
 * chunks of absurd size are refused, and every failure of the C library becomes a `DataError`.
 */
import { DataError, messageOf } from "@orrery/core";
import { type Dataset, type Group, h5wasm } from "h5wasm/node";
import { countOf, type DType } from "../shared/arrays.ts";
import type { Column } from "../shared/columns.ts";
import { LIMITS } from "../shared/limits.ts";

/** Deflate, shuffle, fletcher32, nbit, scale-offset: the filters this build decodes. Others return garbage silently. */
const FILTERS_READ = new Set([1, 2, 3, 5, 6]);
const BLOCK_BYTES = 8 << 20;
/** H5T class numbers. */
const TYPE = { integer: 0, float: 1, string: 3, enum: 8, vlen: 9 } as const;

let ready: Promise<unknown> | undefined;

/** Starts the library once and makes it throw instead of printing and returning garbage. */
function library(): Promise<unknown> {
  ready ??= h5wasm.ready.then((module) => module.activate_throwing_error_handler());
  return ready;
}

/** One open HDF5 file, read only. */
export class H5File {
  readonly path: string;
  readonly #file: InstanceType<typeof h5wasm.File>;

  private constructor(path: string, file: InstanceType<typeof h5wasm.File>) {
    this.path = path;
    this.#file = file;
  }

  /** @throws {DataError} if the file is missing, cut short or no HDF5 */
  static async open(path: string): Promise<H5File> {
    await library();
    return new H5File(
      path,
      guarded(path, () => new h5wasm.File(path, "r")),
    );
  }

  /** Names inside a group, in natural order (demo_2 before demo_10); empty where there is no such group. */
  keys(group: string): string[] {
    return guarded(this.path, () => {
      const entity = group === "/" ? this.#file : this.#file.get(group);
      if (!isGroup(entity)) return [];
      return entity.keys().sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    });
  }

  /** Every dataset below a group, by its path from there; links that leave the file are given to `onRefused`. */
  datasets(group: string, onRefused: (name: string, reason: string) => void, depth = 0): string[] {
    if (depth > 8) return []; // hard links can form circles
    const found: string[] = [];
    for (const key of this.keys(group)) {
      const path = group === "/" ? key : `${group}/${key}`;
      const entity = guarded(this.path, () => this.#file.get(path));
      if (isGroup(entity)) {
        found.push(...this.datasets(path, onRefused, depth + 1).map((name) => `${key}/${name}`));
      } else if (entity instanceof h5wasm.Dataset) found.push(key);
      else onRefused(path, "links that lead out of the file are not followed");
    }
    return found;
  }

  /** A dataset as a column whose rows are its first axis; undefined where there is none. @throws {DataError} as `checked` */
  column(path: string): Column | undefined {
    const where = `${this.path}:/${path}`;
    const dataset = guarded(this.path, () => this.#file.get(path));
    if (!(dataset instanceof h5wasm.Dataset)) return undefined;
    const { shape, dtype, rowsPerBlock } = guarded(where, () => checked(dataset, where));
    const read = (from: number, to: number): AsyncIterable<Uint8Array | Float64Array> =>
      readRows(dataset, where, shape, rowsPerBlock, from, to);
    return { name: where, rows: shape[0] ?? 1, rowShape: shape.slice(1), dtype, read };
  }

  /** All strings of a small dataset of text; empty where there is none. */
  texts(path: string): string[] {
    return guarded(this.path, () => {
      const dataset = this.#file.get(path);
      if (!(dataset instanceof h5wasm.Dataset) || dataset.metadata.total_size > 1_000_000) return [];
      const value = dataset.value;
      return Array.isArray(value) ? value.map(String) : typeof value === "string" ? [value] : [];
    });
  }

  /** Value of an attribute as text or number; undefined where it is missing or something else. */
  attribute(path: string, name: string): string | number | undefined {
    return guarded(this.path, () => {
      const entity = path === "/" ? this.#file : this.#file.get(path);
      if (!isGroup(entity) || !(name in entity.attrs)) return undefined;
      const value = entity.get_attribute(name, true);
      if (typeof value === "boolean") return Number(value);
      return typeof value === "string" || typeof value === "number" ? value : undefined;
    });
  }

  close(): void {
    guarded(this.path, () => this.#file.close());
  }
}

function isGroup(entity: unknown): entity is Group {
  return entity instanceof h5wasm.Group;
}

/** Shape and type of a dataset that may be read. @throws {DataError} for filters, types and sizes that may not */
function checked(dataset: Dataset, where: string): { shape: number[]; dtype: DType; rowsPerBlock: number } {
  const { metadata, filters } = dataset;
  const foreign = filters.find((filter) => !FILTERS_READ.has(filter.id));
  if (foreign) {
    throw new DataError(
      `${where}: is compressed with filter ${foreign.id} (${foreign.name || "unnamed"}), which is not read. ` +
        "Rewrite the file with gzip: h5repack -f GZIP=4.",
    );
  }
  if (metadata.virtual_sources)
    throw new DataError(`${where}: points into other files, which is not followed.`);
  const { integer, float, vlen } = TYPE;
  const isBool = metadata.type === TYPE.enum && metadata.size === 1; // how h5py stores booleans
  const isBytes =
    metadata.type === vlen && metadata.vlen_type?.type === integer && metadata.vlen_type.size === 1;
  if (metadata.type !== integer && metadata.type !== float && !isBool && !isBytes) {
    throw new DataError(
      `${where}: must hold numbers or encoded pictures, got HDF5 type class ${metadata.type}.`,
    );
  }
  const shape = metadata.shape ?? [];
  const rowBytes = countOf(shape.slice(1), where) * metadata.size;
  const chunkBytes = metadata.chunks ? countOf(metadata.chunks, where) * metadata.size : 0;
  if (rowBytes > LIMITS.rowBytes || chunkBytes > LIMITS.wholeArrayBytes) {
    throw new DataError(
      `${where}: a row must have at most ${LIMITS.rowBytes} bytes and a chunk ${LIMITS.wholeArrayBytes}, ` +
        `got ${rowBytes} and ${chunkBytes}.`,
    );
  }
  const kind = metadata.type === float ? "f" : isBool ? "b" : metadata.signed && !isBytes ? "i" : "u";
  const dtype: DType = { kind, bytes: isBytes ? 1 : metadata.size, littleEndian: metadata.littleEndian };
  // A chunk is decompressed whole whenever one of its rows is asked for, so blocks are whole chunks.
  const wanted = Math.max(1, Math.floor(BLOCK_BYTES / Math.max(1, rowBytes)));
  const chunkRows = metadata.chunks?.[0] ?? 1;
  const rowsPerBlock = chunkRows >= wanted ? chunkRows : Math.floor(wanted / chunkRows) * chunkRows;
  return { shape, dtype, rowsPerBlock };
}

async function* readRows(
  dataset: Dataset,
  where: string,
  shape: readonly number[],
  rowsPerBlock: number,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array | Float64Array> {
  const width = countOf(shape.slice(1), where);
  for (let start = from; start < to;) {
    const end = Math.min(to, (Math.floor(start / rowsPerBlock) + 1) * rowsPerBlock);
    const block = guarded(where, () => dataset.slice([[start, end], ...shape.slice(1).map((): [] => [])]));
    for (let row = 0; row < end - start; row++) yield rowOf(block, row, width, where);
    start = end;
  }
}

function rowOf(block: unknown, row: number, width: number, where: string): Uint8Array | Float64Array {
  if (Array.isArray(block)) {
    const one: unknown = block[row]; // variable-length rows: encoded pictures
    if (one instanceof Uint8Array) return one;
  } else if (block instanceof Uint8Array) return block.slice(row * width, (row + 1) * width);
  else if (block instanceof BigInt64Array || block instanceof BigUint64Array) {
    return Float64Array.from(block.subarray(row * width, (row + 1) * width), Number);
  } else if (ArrayBuffer.isView(block) && !(block instanceof DataView)) {
    return Float64Array.from((block as Float32Array).subarray(row * width, (row + 1) * width));
  }
  throw new DataError(`${where}: row ${row} could not be read as numbers.`);
}

/** True for what WebAssembly throws when it traps or aborts; the library's memory cannot be trusted after that. */
export function isTrap(error: unknown): boolean {
  return error instanceof Error && error.name === "RuntimeError";
}

/** Runs one call of the C library; what it throws becomes a `DataError` with its innermost reason. */
function guarded<T>(where: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof DataError) throw error;
    const lines = messageOf(error).match(/#\d+: .*?\(\): (.*)/g);
    const reason = lines?.at(-1)?.replace(/^.*\(\): /, "") ?? messageOf(error).slice(0, 200);
    throw new DataError(`${where}: HDF5 could not read it (${reason}).`, { path: where, cause: error });
  }
}

/**
 * numpy's array files, on disk or inside a zip, read row by row. Never unpickles.
 *
 * Layout: 93 'NUMPY', version (1.0: u16 header length, 2.0 and 3.0: u32), an ASCII dict with descr, fortran_order and
 * shape, then the numbers. A row is one index of the first axis.
 */
import { createReadStream } from "node:fs";
import { DataError } from "@orrery/core";
import { countOf, type DType, decodeNumbers, decodeTexts, parseDType } from "./arrays.ts";
import { ByteStream } from "./bytes.ts";
import { RandomFile } from "./files.ts";
import { LIMITS } from "./limits.ts";

export interface NpyHeader {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** True where the first axis runs fastest (Fortran order). */
  readonly isColumnMajor: boolean;
  /** Where the numbers begin. */
  readonly dataOffset: number;
}

/** Numbers of an array with their shape. */
export interface NumericArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Float64Array;
}

const MAX_HEADER_BYTES = 65_536;

/** True where the bytes begin as a .npy file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 10 &&
    bytes[0] === 0x93 &&
    Buffer.from(bytes.subarray(1, 6)).toString("latin1") === "NUMPY"
  );
}

/** How many bytes the header takes in all, from the first 12 of them. @throws {DataError} if it is no .npy */
function headerBytes(start: Buffer, where: string): { prefix: number; total: number } {
  if (!isNpy(start)) throw new DataError(`${where}: must start with the numpy magic 93 "NUMPY".`);
  const prefix = start[6] === 1 ? 10 : 12;
  const length = prefix === 10 ? start.readUInt16LE(8) : start.readUInt32LE(8);
  if (length > MAX_HEADER_BYTES) {
    throw new DataError(
      `${where}: the numpy header must be at most ${MAX_HEADER_BYTES} bytes, got ${length}.`,
    );
  }
  return { prefix, total: prefix + length };
}

/** Reads the dict of a header without evaluating it as code. */
export function parseNpyHeader(text: string, dataOffset: number, where: string): NpyHeader {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shapeText = /'shape'\s*:\s*\(([^)]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || shapeText === undefined) {
    throw new DataError(
      `${where}: the numpy header must hold a plain descr, fortran_order and shape, got ${text.trim().slice(0, 120)}`,
    );
  }
  const shape = shapeText
    .split(",")
    .map((s) => s.trim())
    .filter((s) => s !== "")
    .map(Number);
  const dtype = parseDType(descr, where);
  countOf(shape, where);
  return { dtype, shape, isColumnMajor: order === "True" && shape.length > 1, dataOffset };
}

/** One array whose rows can be read in order, any number of times, holding one row at a time. */
export class NpyArray {
  readonly where: string;
  readonly header: NpyHeader;
  readonly #open: () => AsyncIterable<Uint8Array>;

  private constructor(where: string, header: NpyHeader, open: () => AsyncIterable<Uint8Array>) {
    this.where = where;
    this.header = header;
    this.#open = open;
  }

  /** @throws {DataError} if the file is no .npy or shorter than its header says */
  static async fromFile(path: string): Promise<NpyArray> {
    const array = await NpyArray.fromStream(path, () => createReadStream(path));
    const file = await RandomFile.open(path);
    const needed = array.header.dataOffset + countOf(array.header.shape, path) * array.header.dtype.bytes;
    const { size } = file;
    await file.close();
    if (size < needed)
      throw new DataError(`${path}: its header promises ${needed} bytes, got ${size}.`, { path });
    return array;
  }

  /** `open` starts the array's bytes from the beginning; called once for the header and once per reading. */
  static async fromStream(where: string, open: () => AsyncIterable<Uint8Array>): Promise<NpyArray> {
    const stream = new ByteStream(open(), where);
    try {
      const start = await stream.take(12);
      if (!start) throw new DataError(`${where}: is empty.`);
      const { prefix, total } = headerBytes(start, where);
      const text = (await stream.take(total - 12)) ?? Buffer.alloc(0);
      const header = Buffer.concat([start.subarray(prefix), text]).toString("latin1");
      return new NpyArray(where, parseNpyHeader(header, total, where), open);
    } finally {
      await stream.close();
    }
  }

  /** Number of rows: the first axis, 1 for a scalar. */
  get rows(): number {
    return this.header.shape[0] ?? 1;
  }

  /** Shape of one row. */
  get rowShape(): readonly number[] {
    return this.header.shape.slice(1);
  }

  /**
   * Rows in order; column-major arrays are read whole first, since their rows are spread over the file.
   * @throws {DataError} if a row is larger than the limit or the bytes end early
   */
  async *read(): AsyncGenerator<Uint8Array | Float64Array> {
    if (this.header.isColumnMajor) {
      const { data } = await this.readAll();
      const width = countOf(this.rowShape, this.where);
      for (let row = 0; row < this.rows; row++) yield data.subarray(row * width, (row + 1) * width);
      return;
    }
    for await (const bytes of this.#rowBytes()) yield decodeNumbers(bytes, this.header.dtype);
  }

  /** All numbers at once, for small arrays. @throws {DataError} above the limit for whole arrays */
  async readAll(): Promise<NumericArray> {
    const { shape, dtype } = this.header;
    if (dtype.kind === "S" || dtype.kind === "U")
      throw new DataError(`${this.where}: must hold numbers, got text.`);
    const data = decodeNumbers(await this.#allBytes(), dtype);
    return { shape, data: this.header.isColumnMajor ? toRowMajor(data, shape) : data };
  }

  /** All texts of an array of fixed-width strings. */
  async readTexts(): Promise<string[]> {
    return decodeTexts(await this.#allBytes(), this.header.dtype);
  }

  async #allBytes(): Promise<Buffer> {
    const { shape, dtype, dataOffset } = this.header;
    const length = countOf(shape, this.where) * dtype.bytes;
    if (length > LIMITS.wholeArrayBytes) {
      throw new DataError(`${this.where}: must have at most ${LIMITS.wholeArrayBytes} bytes, got ${length}.`);
    }
    const stream = new ByteStream(this.#open(), this.where);
    try {
      await stream.skip(dataOffset);
      const bytes = length === 0 ? Buffer.alloc(0) : await stream.take(length);
      if (!bytes) throw new DataError(`${this.where}: ended before its ${length} bytes.`);
      return bytes;
    } finally {
      await stream.close();
    }
  }

  async *#rowBytes(): AsyncGenerator<Buffer> {
    const rowLength = countOf(this.rowShape, this.where) * this.header.dtype.bytes;
    if (rowLength > LIMITS.rowBytes || rowLength === 0) {
      throw new DataError(
        `${this.where}: one row must have 1 to ${LIMITS.rowBytes} bytes, got ${rowLength}.`,
      );
    }
    const stream = new ByteStream(this.#open(), this.where);
    try {
      await stream.skip(this.header.dataOffset);
      for (let row = 0; row < this.rows; row++) {
        const bytes = await stream.take(rowLength);
        if (!bytes) throw new DataError(`${this.where}: ended after ${row} of ${this.rows} rows.`);
        yield bytes;
      }
    } finally {
      await stream.close();
    }
  }
}

/** Puts the last axis fastest. Index arithmetic: element (i0, i1, ...) lies at i0 + i1 * n0 + i2 * n0 * n1 + ... */
function toRowMajor<A extends Uint8Array | Float64Array>(data: A, shape: readonly number[]): A {
  const out = data.slice() as A;
  const index = shape.map(() => 0);
  for (let to = 0; to < out.length; to++) {
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--)
      from = from * (shape[axis] ?? 1) + (index[axis] ?? 0);
    out[to] = data[from] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (shape[axis] ?? 1)) break;
      index[axis] = 0;
    }
  }
  return out;
}

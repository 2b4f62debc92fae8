/**
 * Looks over the pages of a parquet column before the library decodes them. The library takes counts at their word: a
 * damaged run length makes it loop without end, or fill an array with a billion values that no byte of the file stands for.
 * Source: the Parquet format's Encodings.md (RLE / bit-packing hybrid) and README (page layout).
 */
import type { ColumnMetaData, Compressors, PageHeader, SchemaTree } from "hyparquet";
import { compressors as all } from "hyparquet-compressors";
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressPage } from "hyparquet/src/datapage.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";

const compressors = all as Compressors;

/** Values that any file may claim, and how many more per byte: runs pack many values into few bytes, but not any number. */
const FREE_VALUES = 10e6;
const VALUES_PER_BYTE = 4096;
/** The same for the bytes of an unpacked page; deflate reaches 1,032 to one. */
const FREE_PAGE_BYTES = 256e6;
const UNPACKED_PER_BYTE = 1100;
/** Writers fill the last run up to whole groups. */
const RUN_PADDING = 1024;

/** @throws {Error} if `values` are more than `bytes` of parquet can hold */
export function checkCount(values: number, bytes: number, what: string): void {
  if (values >= 0 && values <= Math.max(FREE_VALUES, bytes * VALUES_PER_BYTE)) return;
  throw new Error(`${what} claims ${values} values in ${bytes} bytes`);
}

/** Where the reading of a page stands. */
interface Cursor {
  readonly view: DataView;
  offset: number;
}

/**
 * @param bytes the column chunk, from its first page on
 * @param path schema nodes from the root to the column
 * @param numRows of the row group
 * @throws {Error} if a page claims what its bytes cannot hold
 */
export function checkPages(
  bytes: ArrayBuffer,
  column: ColumnMetaData,
  path: SchemaTree[],
  numRows: number,
): void {
  const claimed = Number(column.num_values);
  checkCount(claimed, bytes.byteLength, "a column");
  const isNested = getMaxRepetitionLevel(path) > 0;
  let left = isNested ? claimed : Math.min(claimed, numRows);
  const cursor: Cursor = { view: new DataView(bytes), offset: 0 };
  while (left > 0 && cursor.offset < bytes.byteLength - 1) {
    const header = parquetHeader(cursor);
    const size = header.compressed_page_size;
    if (!(size >= 0) || cursor.offset + size > bytes.byteLength) {
      throw new Error(`a page claims ${size} bytes where ${bytes.byteLength - cursor.offset} are left`);
    }
    const unpacked = header.uncompressed_page_size;
    if (!(unpacked >= 0) || unpacked > Math.max(FREE_PAGE_BYTES, size * UNPACKED_PER_BYTE)) {
      throw new Error(`a page claims to unpack ${size} bytes to ${unpacked}`);
    }
    left -= checkPage(new Uint8Array(bytes, cursor.offset, size), header, column, path, left);
    cursor.offset += size;
  }
}

/** @returns how many values the page holds */
function checkPage(
  packed: Uint8Array,
  header: PageHeader,
  column: ColumnMetaData,
  path: SchemaTree[],
  left: number,
): number {
  const { dictionary_page_header: dictionary, data_page_header: v1, data_page_header_v2: v2 } = header;
  if (header.type === "DICTIONARY_PAGE") {
    checkCount(dictionary?.num_values ?? -1, header.uncompressed_page_size, "a dictionary");
    return 0;
  }
  const page = v1 ?? v2;
  if (!page) return 0; // an index, which is passed over
  const values = page.num_values;
  if (!(values >= 0 && values <= left)) {
    throw new Error(`a page claims ${values} values where ${left} belong`);
  }
  const levels = [getMaxRepetitionLevel(path), getMaxDefinitionLevel(path)] as const;
  const bytes = v2
    ? checkLevelsV2(packed, header, column, levels, values)
    : decompressPage(packed, header.uncompressed_page_size, column.codec, compressors);
  const cursor: Cursor = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  // In the first version the levels lie before the values, each with its length.
  if (!v2) for (const level of levels) if (level > 0) skipRuns(cursor, bitsOf(level), values);
  checkValues(cursor, page.encoding, column.type, values);
  return values;
}

/** Levels of a page of version 2 lie unpacked in front. @returns the values' bytes */
function checkLevelsV2(
  packed: Uint8Array,
  header: PageHeader,
  { codec }: ColumnMetaData,
  levels: readonly number[],
  values: number,
): Uint8Array {
  const page = header.data_page_header_v2;
  const lengths = [page?.repetition_levels_byte_length ?? 0, page?.definition_levels_byte_length ?? 0];
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    if (!(length >= 0 && at + length <= packed.length)) throw new Error(`levels claim ${length} bytes`);
    const view = new DataView(packed.buffer, packed.byteOffset + at, length);
    if ((levels[i] ?? 0) > 0) checkRuns({ view, offset: 0 }, bitsOf(levels[i] ?? 0), values);
    at += length;
  }
  const rest = packed.subarray(at);
  if (page?.is_compressed === false) return rest;
  return decompressPage(rest, header.uncompressed_page_size - at, codec, compressors);
}

function checkValues(cursor: Cursor, encoding: string, type: string, values: number): void {
  if (encoding.endsWith("DICTIONARY") || encoding === "RLE") {
    // Nulls have no value, so there may be fewer, or none; only the length of single runs matters here.
    if (cursor.offset === cursor.view.byteLength) return;
    const isFlag = type === "BOOLEAN";
    const bits = isFlag ? 1 : cursor.view.getUint8(cursor.offset);
    cursor.offset += isFlag ? 4 : 1; // flags say the length of their runs first, which the library passes over
    if (bits > 32) throw new Error(`a page claims numbers of ${bits} bits`);
    if (bits > 0) checkRuns(cursor, bits, values, true);
  } else if (encoding.startsWith("DELTA")) {
    const blockSize = readVarInt(cursor);
    const blocks = readVarInt(cursor);
    const isSane =
      blocks > 0 && blocks <= 512 && blockSize > 0 && blockSize <= 2 ** 20 && blockSize % blocks === 0;
    if (!isSane) throw new Error(`a page claims blocks of ${blockSize} values in ${blocks} parts`);
  }
}

/** Runs that say their length in bytes first. */
function skipRuns(cursor: Cursor, bits: number, values: number): void {
  const length = cursor.view.getUint32(cursor.offset, true);
  const end = cursor.offset + 4 + length;
  if (end > cursor.view.byteLength) throw new Error(`runs claim ${length} bytes`);
  cursor.offset += 4;
  checkRuns(cursor, bits, values);
  cursor.offset = end;
}

/**
 * Walks runs of the RLE / bit-packing hybrid until `values` are found.
 * @param mayEnd whether the bytes may end before that, even in the middle of a run
 * @throws {Error} if a run is longer than what is left
 */
export function checkRuns(cursor: Cursor, bits: number, values: number, mayEnd = false): void {
  const width = Math.ceil(bits / 8);
  let left = values;
  while (left > 0) {
    if (mayEnd && cursor.offset + 5 > cursor.view.byteLength && !endsNumber(cursor)) return;
    const header = readVarInt(cursor);
    const isPacked = (header & 1) === 1;
    const count = isPacked ? (header >>> 1) * 8 : header >>> 1;
    if (header < 0 || count > left + RUN_PADDING) {
      throw new Error(`a run claims ${count} values where ${left} belong`);
    }
    cursor.offset += isPacked ? (count / 8) * bits : width;
    left -= count;
  }
}

/** True if a number ends before the bytes do. */
function endsNumber({ view, offset }: Cursor): boolean {
  for (let at = offset; at < view.byteLength; at++) if (view.getUint8(at) < 0x80) return true;
  return false;
}

/** As the library reads it, where five bytes may turn negative. */
function readVarInt(cursor: Cursor): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = cursor.view.getUint8(cursor.offset++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw new Error("a number is longer than five bytes");
}

function bitsOf(level: number): number {
  return 32 - Math.clz32(level);
}

/**
 * The safetensors header: reading it with suspicion, writing it canonically. Touches no file and no tensor.
 *
 * Layout: `u64 little-endian header length | JSON header, padded with spaces to 8 bytes | data`. The header maps
 * each name to `{"dtype", "shape", "data_offsets": [begin, end]}`, offsets counted from the start of the data,
 * row major, without gaps; `__metadata__` maps strings to strings. Source: the huggingface/safetensors format page.
 */
import { DataError } from "@orrery/core";

/** Bytes per element of every dtype the format knows. */
export const SAFETENSORS_ITEM_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type SafetensorsDtype = keyof typeof SAFETENSORS_ITEM_BYTES;

/** Where one tensor lies; `begin` and `end` are byte offsets from the start of the data part. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of the data. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A longer header is taken for an attack or damage, as the reference reader does. */
export const MAX_HEADER_BYTES = 100_000_000;

const METADATA_KEY = "__metadata__";

/**
 * Reads the length word at the start of a file.
 * @param word the first 8 bytes of the file
 * @throws {DataError} if the header could not fit into the file or is absurdly long
 */
export function parseHeaderLength(word: Uint8Array, fileBytes: number, path: string): number {
  if (word.length < 8) {
    throw bad(path, `a file has at least 8 bytes, found ${word.length}. Is it truncated?`);
  }
  const length = new DataView(word.buffer, word.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw bad(
      path,
      `the header must be at most ${MAX_HEADER_BYTES} bytes, its length field says ${length}. Is it a safetensors file?`,
    );
  }
  if (length + 8n > BigInt(fileBytes)) {
    throw bad(path, `the header needs ${length + 8n} bytes, the file has ${fileBytes}. Is it truncated?`);
  }
  return Number(length);
}

/**
 * Reads and checks a header. What it returns may be mapped blindly: every entry lies inside the data, no two
 * share a byte, and together they cover all of it.
 *
 * @param json the header bytes, without the length word
 * @param dataBytes bytes in the file after the header
 * @throws {DataError} naming the first thing that does not hold
 */
export function parseHeader(json: Uint8Array, dataBytes: number, path: string): SafetensorsHeader {
  const root = parseJsonObject(json, path);
  const metadata = new Map<string, string>();
  const entries: SafetensorsEntry[] = [];
  for (const [name, value] of Object.entries(root)) {
    if (name === METADATA_KEY) {
      for (const [key, text] of Object.entries(asObject(value, METADATA_KEY, path))) {
        if (typeof text !== "string") {
          throw bad(path, `metadata "${key}" must be a string, found ${show(text)}.`);
        }
        metadata.set(key, text);
      }
    } else {
      entries.push(parseEntry(name, asObject(value, name, path), path));
    }
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, dataBytes, path);
  return { entries: new Map(entries.map((entry) => [entry.name, entry])), metadata };
}

/** A header ready to be written, and where each tensor goes. */
export interface EncodedHeader {
  /** The length word and the padded JSON. */
  readonly bytes: Uint8Array;
  /** In the order in which the data must be written. */
  readonly entries: readonly SafetensorsEntry[];
}

/**
 * Lays tensors out and encodes their header. Wider dtypes come first, then names in order, so every
 * tensor starts at a multiple of its item size and the same tensors always give the same bytes.
 *
 * @throws {DataError} if a name is used twice or is `__metadata__`
 */
export function encodeHeader(
  tensors: Iterable<{
    readonly name: string;
    readonly dtype: SafetensorsDtype;
    readonly shape: readonly number[];
  }>,
  metadata: Readonly<Record<string, string>>,
): EncodedHeader {
  const sorted = [...tensors].sort(
    (a, b) => SAFETENSORS_ITEM_BYTES[b.dtype] - SAFETENSORS_ITEM_BYTES[a.dtype] || (a.name < b.name ? -1 : 1),
  );
  const entries: SafetensorsEntry[] = [];
  const fields: string[] = [`${JSON.stringify(METADATA_KEY)}:${JSON.stringify(metadata)}`];
  const seen = new Set([METADATA_KEY]);
  let at = 0;
  // Joined by hand: an object would reorder names that look like integers.
  for (const { name, dtype, shape } of sorted) {
    if (seen.has(name)) {
      throw new DataError(
        `encodeHeader: tensor names must be unique and not ${METADATA_KEY}, got "${name}".`,
      );
    }
    seen.add(name);
    const end = at + numElements(shape) * SAFETENSORS_ITEM_BYTES[dtype];
    entries.push({ name, dtype, shape, begin: at, end });
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [at, end] })}`);
    at = end;
  }
  const json = Buffer.from(`{${fields.join(",")}}`, "utf8");
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return { bytes, entries };
}

function parseJsonObject(json: Uint8Array, path: string): Record<string, unknown> {
  if (json[0] !== 0x7b) {
    throw bad(
      path,
      `the header must start with "{", found byte ${json[0] ?? "nothing"}. Is it a safetensors file?`,
    );
  }
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(json);
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(path, `the header must be JSON in UTF-8 (${String(cause)}). Is it damaged?`, cause);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw bad(path, `names must be unique, found "${twice}" twice.`);
  return asObject(value, "the header", path);
}

/** The first key that occurs twice in one object of `text`, which must be valid JSON: `JSON.parse` keeps the last. */
function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const match of text.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}]/g)) {
    const [token, quoted, colon] = match;
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (quoted !== undefined && colon !== undefined) {
      const key = JSON.parse(quoted) as string; // two spellings of one name, such as "a" and "\u0061", are equal
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}

function parseEntry(name: string, value: Record<string, unknown>, path: string): SafetensorsEntry {
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  const extra = Object.keys(rest)[0];
  if (extra !== undefined) throw bad(path, `tensor "${name}" has the unknown field "${extra}".`);
  if (typeof dtype !== "string" || !Object.hasOwn(SAFETENSORS_ITEM_BYTES, dtype)) {
    const known = Object.keys(SAFETENSORS_ITEM_BYTES).join(", ");
    throw bad(path, `tensor "${name}" must have a dtype among ${known}, found ${show(dtype)}.`);
  }
  if (!isSizeList(shape)) {
    throw bad(path, `tensor "${name}" must have a shape of whole numbers, found ${show(shape)}.`);
  }
  if (!isSizeList(offsets) || offsets.length !== 2) {
    throw bad(path, `tensor "${name}" must have data_offsets [begin, end], found ${show(offsets)}.`);
  }
  const [begin, end] = offsets as [number, number];
  const needed = numElements(shape) * SAFETENSORS_ITEM_BYTES[dtype as SafetensorsDtype];
  // A product past 2^53 is no longer exact, and could not lie in a file anyway.
  if (!Number.isSafeInteger(needed) || end - begin !== needed) {
    throw bad(
      path,
      `tensor "${name}" of ${dtype} [${shape.join(", ")}] needs ${needed} bytes, its offsets [${begin}, ${end}] hold ${end - begin}.`,
    );
  }
  return { name, dtype: dtype as SafetensorsDtype, shape, begin, end };
}

/** Entries in order of their offsets must tile the data exactly. */
function checkCoverage(entries: readonly SafetensorsEntry[], dataBytes: number, path: string): void {
  let at = 0;
  let previous = "the start of the data";
  for (const { name, begin, end } of entries) {
    if (end > dataBytes) {
      throw bad(
        path,
        `tensor "${name}" ends at byte ${end} of ${dataBytes} bytes of data. Is the file truncated?`,
      );
    }
    if (begin !== at) {
      const what = begin < at ? "overlaps" : "leaves a hole after";
      throw bad(path, `tensor "${name}" must begin at byte ${at}, found ${begin}: it ${what} ${previous}.`);
    }
    at = end;
    previous = `"${name}"`;
  }
  if (at !== dataBytes) {
    throw bad(path, `the tensors must cover all ${dataBytes} bytes of data, they cover ${at}.`);
  }
}

function isSizeList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function numElements(shape: readonly number[]): number {
  return shape.reduce((n, size) => n * size, 1);
}

function asObject(value: unknown, what: string, path: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw bad(path, `${what} must be a JSON object, found ${show(value)}.`);
}

/** A value from a hostile file, short enough for a message. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

function bad(path: string, problem: string, cause?: unknown): DataError {
  return new DataError(`readSafetensors: ${problem} (${path})`, { path, cause });
}

/** Numbers in files: element types as numpy writes them, and rows of bytes turned into numbers. */
import { DataError } from "@orrery/core";

/** f float, i signed, u unsigned, b bool, S and U text. */
export interface DType {
  readonly kind: "f" | "i" | "u" | "b" | "S" | "U";
  readonly bytes: number;
  readonly littleEndian: boolean;
}

/**
 * Reads numpy's type text: "<f4", "|u1", ">i8", "|b1", "<U12", "|S5".
 * @throws {DataError} for pickled objects, structured, complex and time types
 */
export function parseDType(text: string, where: string): DType {
  const match = /^([<>|=])([fiubSUO])(\d*)$/.exec(text);
  const kind = match?.[2];
  if (kind === "O") {
    throw new DataError(
      `${where}: holds pickled Python objects ("${text}"), which can run code and are never loaded. ` +
        "Save the array with a numeric type.",
    );
  }
  const size = Number(match?.[3]);
  const widths: Record<string, readonly number[]> = {
    f: [2, 4, 8],
    i: [1, 2, 4, 8],
    u: [1, 2, 4, 8],
    b: [1],
  };
  const isText = kind === "S" || kind === "U";
  if (!match || kind === undefined || !(isText ? size <= 1 << 20 : widths[kind]?.includes(size))) {
    throw new DataError(`${where}: element type must be a float, integer, bool or text, got "${text}".`);
  }
  return {
    kind: kind as DType["kind"],
    bytes: kind === "U" ? size * 4 : size,
    littleEndian: match[1] !== ">",
  };
}

/** Number of elements of a shape; refuses negative, fractional and absurd ones. */
export function countOf(shape: readonly number[], where: string): number {
  let count = 1;
  for (const n of shape) {
    if (!Number.isSafeInteger(n) || n < 0) {
      throw new DataError(`${where}: a shape must hold whole numbers from 0, got [${shape.join(", ")}].`);
    }
    count *= n;
  }
  if (!Number.isSafeInteger(count)) {
    throw new DataError(`${where}: shape [${shape.join(", ")}] has more elements than any file can hold.`);
  }
  return count;
}

/** Numbers of a piece of an array. Bytes stay a view; 64-bit integers become doubles (exact to 2^53). */
export function decodeNumbers(bytes: Uint8Array, dtype: DType): Uint8Array | Float64Array {
  if (dtype.bytes === 1 && (dtype.kind === "u" || dtype.kind === "b")) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = readerOf(view, dtype);
  const out = new Float64Array(bytes.length / dtype.bytes);
  for (let i = 0; i < out.length; i++) out[i] = read(i * dtype.bytes);
  return out;
}

/** Text elements: numpy pads with zeros, which are cut off. */
export function decodeTexts(bytes: Buffer, dtype: DType): string[] {
  const texts: string[] = [];
  for (let at = 0; at + dtype.bytes <= bytes.length && dtype.bytes > 0; at += dtype.bytes) {
    const piece = bytes.subarray(at, at + dtype.bytes);
    texts.push(
      (dtype.kind === "U" ? utf32(piece, dtype.littleEndian) : piece.toString("utf8")).replace(/\0+$/, ""),
    );
  }
  return texts;
}

function readerOf(view: DataView, { kind, bytes, littleEndian: le }: DType): (at: number) => number {
  if (kind === "f") {
    if (bytes === 8) return (at) => view.getFloat64(at, le);
    if (bytes === 4) return (at) => view.getFloat32(at, le);
    return (at) => halfToNumber(view.getUint16(at, le));
  }
  if (kind === "i") {
    if (bytes === 8) return (at) => Number(view.getBigInt64(at, le));
    if (bytes === 4) return (at) => view.getInt32(at, le);
    return bytes === 2 ? (at) => view.getInt16(at, le) : (at) => view.getInt8(at);
  }
  if (bytes === 8) return (at) => Number(view.getBigUint64(at, le));
  if (bytes === 4) return (at) => view.getUint32(at, le);
  return bytes === 2 ? (at) => view.getUint16(at, le) : (at) => view.getUint8(at);
}

/** IEEE 754 half precision: 1 sign, 5 exponent, 10 fraction bits. */
export function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function utf32(bytes: Buffer, littleEndian: boolean): string {
  let text = "";
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const code = littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    text += code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  }
  return text;
}

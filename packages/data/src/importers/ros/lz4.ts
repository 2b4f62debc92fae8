/**
 * LZ4 frames, decoded here because the WebAssembly decoder keeps the state of a damaged frame and then refuses every
 * good one after it.
 *
 * Source: lz4 frame format 1.6.2 and block format descriptions. Checksums are left to the container, which has its own.
 */
import { DataError } from "@orrery/core";

const MAGIC = 0x184d2204;
/** A block cannot grow more than this: every length byte adds at most 255. */
const MAX_RATIO = 255;

/** @param size bytes that the container promises. @throws {DataError} if the frame is damaged or of another size */
export function decodeLz4Frame(bytes: Uint8Array, size: number): Uint8Array {
  if (!(size >= 0) || size > bytes.length * MAX_RATIO + 64)
    fail(`${bytes.length} bytes cannot inflate to ${size}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 7 || view.getUint32(0, true) !== MAGIC) fail("no LZ4 frame");
  const flags = bytes[4] ?? 0;
  const hasBlockChecksum = (flags & 0x10) !== 0;
  const hasContentSize = (flags & 0x08) !== 0;
  if (flags >> 6 !== 1 || (flags & 0x01) !== 0) fail("unknown version, or a dictionary is needed");
  const out = new Uint8Array(size);
  let at = 7 + (hasContentSize ? 8 : 0);
  let to = 0;
  for (;;) {
    if (at + 4 > bytes.length) fail("cut short");
    const head = view.getUint32(at, true);
    at += 4;
    if (head === 0) break;
    const length = head & 0x7fffffff;
    if (at + length > bytes.length) fail("cut short");
    const block = bytes.subarray(at, at + length);
    if (head >>> 31 === 0) to = decodeBlock(block, out, to);
    else if (to + length > size) fail("larger than promised");
    else {
      out.set(block, to);
      to += length;
    }
    at += length + (hasBlockChecksum ? 4 : 0);
  }
  if (to !== size) fail(`${to} bytes where ${size} were promised`);
  return out;
}

/** Sequences of literals and matches; a match may reach back into earlier blocks of `out`. Returns the new end. */
function decodeBlock(block: Uint8Array, out: Uint8Array, start: number): number {
  let at = 0;
  let to = start;
  const more = (length: number): number => {
    if (length !== 15) return length;
    let total = length;
    for (let byte = 255; byte === 255;) {
      if (at >= block.length) fail("cut short");
      byte = block[at++] ?? 0;
      total += byte;
    }
    return total;
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = more(token >> 4);
    if (at + literals > block.length || to + literals > out.length) fail("literals reach too far");
    out.set(block.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    if (at === block.length) break; // the last sequence has no match
    if (at + 2 > block.length) fail("cut short");
    const offset = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    at += 2;
    const length = more(token & 15) + 4;
    if (offset === 0 || offset > to || to + length > out.length) fail("a match reaches too far");
    // Byte by byte: a match may overlap what it writes.
    for (let i = 0; i < length; i++, to++) out[to] = out[to - offset] ?? 0;
  }
  return to;
}

function fail(what: string): never {
  throw new DataError(`decodeLz4Frame: ${what}.`);
}

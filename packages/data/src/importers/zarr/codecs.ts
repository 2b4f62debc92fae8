/** Chunk compressors of zarr v2. The size a chunk claims to inflate to is checked against the array before decoding. */
import { gunzipSync, inflateSync } from "node:zlib";
import { DataError, messageOf } from "@orrery/core";
import { Blosc, LZ4, Zstd } from "numcodecs";

/** numcodecs' description of a compressor in .zarray. */
export interface CompressorConfig {
  readonly id: string;
}

const READ = ["blosc", "zlib", "gzip", "lz4", "zstd"];

/** @throws {DataError} naming a compressor that is not read */
export function checkCompressor(config: CompressorConfig | null, where: string): void {
  if (config === null || READ.includes(config.id)) return;
  throw new DataError(
    `${where}: is compressed with "${config.id}", which is not read (only ${READ.join(", ")}). ` +
      "Write the array again with Blosc.",
  );
}

/** Decodes one chunk to exactly `length` bytes. @throws {DataError} if it is damaged or of another size */
export async function decodeChunk(
  bytes: Uint8Array,
  config: CompressorConfig | null,
  length: number,
  where: string,
): Promise<Uint8Array> {
  let out: Uint8Array;
  try {
    out = await decode(bytes, config, length);
  } catch (error) {
    throw new DataError(`${where}: the chunk is damaged (${messageOf(error)}).`, { cause: error });
  }
  if (out.length !== length) {
    throw new DataError(`${where}: a chunk must hold ${length} bytes, got ${out.length}.`);
  }
  return out;
}

async function decode(
  bytes: Uint8Array,
  config: CompressorConfig | null,
  length: number,
): Promise<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const claims = (found: number): void => {
    if (found !== length) throw new Error(`it claims ${found} bytes where ${length} belong`);
  };
  switch (config?.id) {
    case undefined:
      return bytes;
    case "blosc":
      // Header: version, lz version, flags, type size, then three u32: plain, block and compressed size.
      if (bytes.length < 16) throw new Error("it is shorter than a Blosc header");
      claims(view.getUint32(4, true));
      if (view.getUint32(12, true) !== bytes.length) throw new Error("it is cut short");
      return Blosc.fromConfig({ id: "blosc", clevel: 5, cname: "lz4", shuffle: 1, blocksize: 0 }).decode(
        bytes,
      );
    case "zlib":
      return inflateSync(bytes, { maxOutputLength: length });
    case "gzip":
      return gunzipSync(bytes, { maxOutputLength: length });
    case "lz4":
      claims(bytes.length < 4 ? -1 : view.getUint32(0, true));
      return LZ4.fromConfig({ id: "lz4" }).decode(bytes);
    default:
      claims(zstdContentSize(view));
      return Zstd.fromConfig({ id: "zstd" }).decode(bytes);
  }
}

/** Plain size in a zstd frame header (RFC 8878, section 3.1.1.1); -1 where it is not stated. */
function zstdContentSize(view: DataView): number {
  if (view.byteLength < 18 || view.getUint32(0, true) !== 0xfd2fb528) return -1;
  const descriptor = view.getUint8(4);
  const isSingle = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingle ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const size = descriptor >> 6;
  if (size === 0) return isSingle ? view.getUint8(at) : -1;
  if (size === 1) return view.getUint16(at, true) + 256;
  return size === 2 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

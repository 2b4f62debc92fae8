/**
 * TFRecord files: `u64 length | masked crc32c of the length | data | masked crc32c of the data`, plain, gzip or zlib.
 *
 * Source: tensorflow/core/lib/io/record_reader.
 */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import { crc32c } from "@node-rs/crc32";
import { messageOf } from "@orrery/core";
import { ByteStream } from "../shared/bytes.ts";
import { firstBytes, RandomFile } from "../shared/files.ts";
import { LIMITS } from "../shared/limits.ts";

/** TensorFlow rotates and shifts the checksum so that a checksum of data with checksums inside stays good. */
export function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

export type TfCompression = "none" | "gzip" | "zlib";

/** Tells the compression from the first bytes: 1f 8b is gzip, 78 01/9c/da is zlib unless a valid record starts there. */
export async function compressionOf(path: string): Promise<TfCompression> {
  const start = await firstBytes(path, 12);
  if (isRecordStart(start)) return "none";
  if (start[0] === 0x1f && start[1] === 0x8b) return "gzip";
  if (start[0] === 0x78 && ((start[0] << 8) | (start[1] ?? 0)) % 31 === 0) return "zlib";
  return "none";
}

/** True where the bytes hold a record length with its right checksum. */
export function isRecordStart(bytes: Buffer): boolean {
  return bytes.length >= 12 && bytes.readUInt32LE(8) === maskedCrc(bytes.subarray(0, 8));
}

/** One record, or the reason why there is none at this index. */
export type TfRecord =
  | { readonly index: number; readonly data: Buffer; readonly problem?: never }
  | { readonly index: number; readonly problem: string; readonly data?: never };

/**
 * Records of a TFRecord file in order, holding one at a time. A record whose data checksum is wrong is reported and
 * passed over; after a wrong length nothing can be found again, so that report is the last item.
 */
export async function* readTfRecords(path: string): AsyncGenerator<TfRecord> {
  const compression = await compressionOf(path);
  const raw = createReadStream(path, { highWaterMark: 1 << 18 });
  const inflate =
    compression === "gzip" ? createGunzip() : compression === "zlib" ? createInflate() : undefined;
  const stream = new ByteStream(inflate ? pipeline(raw, inflate, () => undefined) : raw, path);
  let index = 0;
  try {
    for (let head = await stream.take(12); head; head = await stream.take(12)) {
      const length = Number(head.readBigUInt64LE(0));
      if (!isRecordStart(head)) {
        yield { index, problem: "its length has a wrong checksum, so it and all after it cannot be found" };
        return;
      }
      if (length > LIMITS.recordBytes) {
        yield { index, problem: `it claims ${length} bytes, more than the limit of ${LIMITS.recordBytes}` };
        return;
      }
      const body = await stream.take(length + 4);
      if (!body) {
        yield { index, problem: "the file is cut short after its header" };
        return;
      }
      const data = body.subarray(0, length);
      if (body.readUInt32LE(length) === maskedCrc(data)) yield { index, data };
      else yield { index, problem: "its data has a wrong checksum" };
      index++;
    }
  } catch (error) {
    yield { index, problem: `the file could not be read further (${messageOf(error)})` };
  } finally {
    await stream.close();
  }
}

/** Number of whole records, found by jumping over their data; compressed files are read through. */
export async function countTfRecords(path: string): Promise<number> {
  let count = 0;
  if ((await compressionOf(path)) !== "none") {
    for await (const record of readTfRecords(path)) if (record.data) count++;
    return count;
  }
  const file = await RandomFile.open(path);
  try {
    for (let at = 0; at + 16 <= file.size;) {
      const head = await file.read(at, 12);
      if (!isRecordStart(head)) break;
      at += Number(head.readBigUInt64LE(0)) + 16;
      if (at <= file.size) count++;
    }
    return count;
  } finally {
    await file.close();
  }
}

/** One framed record, for writing test files and exports. */
export function frameTfRecord(data: Uint8Array): Buffer {
  const frame = Buffer.alloc(12 + data.length + 4);
  frame.writeBigUInt64LE(BigInt(data.length), 0);
  frame.writeUInt32LE(maskedCrc(frame.subarray(0, 8)), 8);
  frame.set(data, 12);
  frame.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return frame;
}

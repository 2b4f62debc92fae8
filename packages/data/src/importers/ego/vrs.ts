/**
 * Pictures of VRS recordings (Project Aria): the record chain is walked by its headers and JPEG bodies are cut out.
 *
 * File header, little-endian: at 0 "VisionRe" ... "cordVRS", at 16 u32 size of this header, at 20 u32 size of a record
 * header, at 32 i64 offset of the first record. Record header: u32 size with header, u32 size of the record before,
 * u32 stream type, u32 format, f64 time in s, u16 instance, u8 record type (3 data), u8 compression, u32 plain size.
 */
import { DataError } from "@orrery/core";
import { RandomFile } from "../shared/files.ts";

export const VRS_CAMERAS = { rgb: 214, slam: 1201, eye: 211 } as const;

export interface VrsPicture {
  readonly timeSec: number;
  /** Stream type and instance: "214-1" is the RGB camera. */
  readonly stream: string;
  /** Where the JPEG lies in the file. */
  readonly at: number;
  readonly bytes: number;
}

const HEADER_BYTES = 32;
const DATA_RECORD = 3;
const WINDOW_BYTES = 1 << 18;
/** The picture follows a small block of metadata inside its record. */
const MAX_METADATA_BYTES = 4096;

/** True where the bytes begin as a VRS file does. */
export function isVrs(bytes: Buffer): boolean {
  return bytes.toString("latin1", 0, 8) === "VisionRe";
}

/** JPEG pictures of a VRS file in file order, without reading them. @throws {DataError} where the chain is broken */
export async function* vrsPictures(file: RandomFile): AsyncGenerator<VrsPicture> {
  const head = await file.read(0, 80);
  if (!isVrs(head) || head.readUInt32LE(20) !== HEADER_BYTES) {
    throw new DataError(
      `readVrs: ${file.path} must be a VRS file with record headers of ${HEADER_BYTES} bytes.`,
      { path: file.path },
    );
  }
  const window = new Window(file);
  for (let at = Number(head.readBigInt64LE(32)); at + HEADER_BYTES <= file.size;) {
    const header = await window.read(at, HEADER_BYTES);
    const size = header.readUInt32LE(0);
    if (size < HEADER_BYTES || at + size > file.size) {
      throw new DataError(
        `readVrs: ${file.path} has a record of ${size} bytes at ${at}; the file is cut short or damaged.`,
        { path: file.path },
      );
    }
    const isPlainData = header.readUInt8(26) === DATA_RECORD && header.readUInt8(27) === 0;
    const type = header.readUInt32LE(8);
    if (isPlainData && isCamera(type)) {
      const start = await window.read(at + HEADER_BYTES, Math.min(size - HEADER_BYTES, MAX_METADATA_BYTES));
      const jpeg = start.indexOf(Buffer.from([0xff, 0xd8, 0xff]));
      if (jpeg >= 0) {
        const offset = at + HEADER_BYTES + jpeg;
        yield {
          timeSec: header.readDoubleLE(16),
          stream: `${type}-${header.readUInt16LE(24)}`,
          at: offset,
          bytes: at + size - offset,
        };
      }
    }
    at += size;
  }
}

function isCamera(type: number): boolean {
  return type === VRS_CAMERAS.rgb || type === VRS_CAMERAS.slam || type === VRS_CAMERAS.eye;
}

/** Small reads from one larger read: sensor records are a hundred bytes each and there are a thousand per second. */
class Window {
  readonly #file: RandomFile;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(file: RandomFile) {
    this.#file = file;
  }

  async read(at: number, length: number): Promise<Buffer> {
    if (at < this.#start || at + length > this.#start + this.#bytes.length) {
      this.#start = at;
      this.#bytes = await this.#file.read(at, Math.max(length, Math.min(WINDOW_BYTES, this.#file.size - at)));
    }
    return this.#bytes.subarray(at - this.#start, at - this.#start + length);
  }
}

/**
 * Zip archives by their central directory: stored and deflated members, zip64, streamed and checked by CRC.
 * Members are never written to disk under their own names, and names that would leave the archive are refused.
 *
 * Source: PKWARE APPNOTE 6.3.9, sections 4.3 and 4.5.3.
 */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createInflateRaw } from "node:zlib";
import { crc32 } from "@node-rs/crc32";
import { DataError, messageOf } from "@orrery/core";
import { RandomFile } from "./files.ts";

export interface ZipMember {
  readonly name: string;
  readonly method: "stored" | "deflated";
  readonly compressedBytes: number;
  readonly bytes: number;
  readonly crc32: number;
  readonly headerOffset: number;
}

const MAX_DIRECTORY_BYTES = 512 << 20;
const END_BYTES = 22;

/** A zip archive opened for reading. Close it when done. */
export class ZipFile {
  readonly path: string;
  readonly members: readonly ZipMember[];
  /** Members that cannot be read, with the reason. */
  readonly refused: readonly { name: string; reason: string }[];
  readonly #file: RandomFile;

  private constructor(file: RandomFile, directory: Directory) {
    this.path = file.path;
    this.#file = file;
    this.members = directory.members;
    this.refused = directory.refused;
  }

  /** @throws {DataError} if the file is no zip archive or its directory is damaged */
  static async open(path: string): Promise<ZipFile> {
    const file = await RandomFile.open(path);
    try {
      const { offset, length } = await findDirectory(file);
      return new ZipFile(file, parseDirectory(await file.read(offset, length), path));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The member of this name. @throws {DataError} if there is none */
  member(name: string): ZipMember {
    const member = this.members.find((m) => m.name === name);
    if (!member) throw new DataError(`${this.path}: has no member "${name}".`, { path: this.path });
    return member;
  }

  /** A member's bytes, inflated as they are asked for. @throws {DataError} on a wrong size or checksum */
  async *read(member: ZipMember): AsyncGenerator<Uint8Array> {
    const where = `${this.path}:${member.name}`;
    const raw = await this.#rawBytes(member, where);
    let have = 0;
    let crc = 0;
    try {
      for await (const piece of raw) {
        const bytes = piece as Uint8Array;
        have += bytes.length;
        if (have > member.bytes) {
          throw new DataError(
            `${where}: inflates to more than the ${member.bytes} bytes its directory promises.`,
          );
        }
        crc = crc32(bytes, crc);
        yield bytes;
      }
    } catch (error) {
      if (error instanceof DataError) throw error;
      throw new DataError(`${where}: the compressed data is damaged (${messageOf(error)}).`, {
        cause: error,
      });
    }
    if (have !== member.bytes || crc !== member.crc32) {
      throw new DataError(
        `${where}: size or checksum differs from the archive's directory; the file is damaged.`,
      );
    }
  }

  /** A small member whole. @throws {DataError} above `maxBytes` */
  async readAll(member: ZipMember, maxBytes: number): Promise<Buffer> {
    if (member.bytes > maxBytes) {
      throw new DataError(
        `${this.path}:${member.name}: must have at most ${maxBytes} bytes, got ${member.bytes}.`,
      );
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of this.read(member)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #rawBytes(member: ZipMember, where: string): Promise<AsyncIterable<unknown>> {
    const header = await this.#file.read(member.headerOffset, 30);
    if (header.readUInt32LE(0) !== 0x04034b50) throw new DataError(`${where}: its local header is damaged.`);
    const start = member.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    if (start + member.compressedBytes > this.#file.size)
      throw new DataError(`${where}: the archive is cut short.`);
    if (member.compressedBytes === 0) return toAsync([]);
    const stored = createReadStream(this.path, { start, end: start + member.compressedBytes - 1 });
    if (member.method === "stored") return stored;
    // `pipeline` passes a read error on and destroys both ends when the reader stops early.
    return pipeline(stored, createInflateRaw(), () => undefined);
  }
}

/** True for a name that stays inside its archive: relative, no "..", no drive, no control characters. */
export function isSafeName(name: string): boolean {
  if (name === "" || name.length > 4096 || name.startsWith("/") || /^[a-zA-Z]:/.test(name)) return false;
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must be refused
  if (/[\u0000-\u001f\\]/.test(name)) return false;
  return !name.split("/").includes("..");
}

interface Directory {
  members: ZipMember[];
  refused: { name: string; reason: string }[];
}

async function findDirectory(file: RandomFile): Promise<{ offset: number; length: number }> {
  const tailStart = Math.max(0, file.size - END_BYTES - 0xffff);
  const tail = await file.read(tailStart, file.size - tailStart);
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== 0x06054b50) continue;
    let length = tail.readUInt32LE(at + 12);
    let offset = tail.readUInt32LE(at + 16);
    if (length === 0xffffffff || offset === 0xffffffff) {
      ({ length, offset } = await findZip64Directory(file, tailStart + at));
    }
    if (length > MAX_DIRECTORY_BYTES) {
      throw new DataError(
        `${file.path}: its zip directory must have at most ${MAX_DIRECTORY_BYTES} bytes, got ${length}.`,
      );
    }
    return { offset, length };
  }
  throw new DataError(
    `${file.path}: must be a zip archive, but no end record was found. It may be cut short.`,
    {
      path: file.path,
    },
  );
}

async function findZip64Directory(
  file: RandomFile,
  endAt: number,
): Promise<{ offset: number; length: number }> {
  const locator = await file.read(endAt - 20, 20);
  if (locator.readUInt32LE(0) !== 0x07064b50)
    throw new DataError(`${file.path}: its zip64 locator is missing.`);
  const record = await file.read(Number(locator.readBigUInt64LE(8)), 56);
  if (record.readUInt32LE(0) !== 0x06064b50)
    throw new DataError(`${file.path}: its zip64 end record is damaged.`);
  return { length: Number(record.readBigUInt64LE(40)), offset: Number(record.readBigUInt64LE(48)) };
}

function parseDirectory(bytes: Buffer, path: string): Directory {
  const directory: Directory = { members: [], refused: [] };
  for (let at = 0; at + 46 <= bytes.length && bytes.readUInt32LE(at) === 0x02014b50;) {
    const nameLength = bytes.readUInt16LE(at + 28);
    const extraLength = bytes.readUInt16LE(at + 30);
    const end = at + 46 + nameLength + extraLength + bytes.readUInt16LE(at + 32);
    if (end > bytes.length) throw new DataError(`${path}: its zip directory is cut short.`, { path });
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    const sizes = {
      bytes: bytes.readUInt32LE(at + 24),
      compressedBytes: bytes.readUInt32LE(at + 20),
      headerOffset: bytes.readUInt32LE(at + 42),
    };
    widenZip64(sizes, bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength));
    const method = bytes.readUInt16LE(at + 10);
    const isEncrypted = (bytes.readUInt16LE(at + 8) & 1) === 1;
    const reason = !isSafeName(name)
      ? "its name leads out of the archive"
      : isEncrypted
        ? "it is encrypted"
        : method !== 0 && method !== 8
          ? `compression method ${method} is not read (only stored and deflated)`
          : undefined;
    if (reason) directory.refused.push({ name, reason });
    else if (!name.endsWith("/")) {
      const kind = method === 0 ? "stored" : "deflated";
      directory.members.push({ name, method: kind, ...sizes, crc32: bytes.readUInt32LE(at + 16) });
    }
    at = end;
  }
  return directory;
}

/** Takes 64-bit values from the extra field where the 32-bit ones say "look there", in the order of the standard. */
function widenZip64(
  sizes: { bytes: number; compressedBytes: number; headerOffset: number },
  extra: Buffer,
): void {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let from = at + 4;
    for (const key of ["bytes", "compressedBytes", "headerOffset"] as const) {
      if (sizes[key] !== 0xffffffff || from + 8 > extra.length) continue;
      sizes[key] = Number(extra.readBigUInt64LE(from));
      from += 8;
    }
  }
}

async function* toAsync(items: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* items;
}

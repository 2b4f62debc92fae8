/**
 * Tar archives, plain or gzipped, read once from front to back: ustar, GNU long names, pax paths and sizes.
 * Only plain files are given out; links, devices and names that would leave the archive are refused.
 *
 * Source: POSIX.1-2001 pax interchange format.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline as pipe, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { DataError, messageOf } from "@orrery/core";
import { ByteStream } from "./bytes.ts";
import { firstBytes } from "./files.ts";
import { isSafeName } from "./zip.ts";

export interface TarEntry {
  readonly name: string;
  readonly bytes: number;
  /** Why the entry is not given out; its content is then skipped. */
  readonly refused?: string;
  /** The content in pieces. What is not read is skipped before the next entry. */
  content(): AsyncIterable<Uint8Array>;
}

const BLOCK = 512;
const MAX_META_BYTES = 1 << 20;

/** Entries of a .tar or .tar.gz file. @throws {DataError} on a bad checksum, a bad size or an early end */
export async function* readTar(path: string): AsyncGenerator<TarEntry> {
  const raw = createReadStream(path);
  const isGzip = (await firstBytes(path, 2)).equals(Buffer.from([0x1f, 0x8b]));
  const stream = new ByteStream(isGzip ? pipe(raw, createGunzip(), () => undefined) : raw, path);
  try {
    yield* parseTar(stream, path);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${path}: the archive is damaged (${messageOf(error)}).`, { path, cause: error });
  } finally {
    await stream.close();
  }
}

/** What is to be unpacked: at most this many files and bytes, so that a bomb cannot fill the disk. */
export interface UnpackLimits {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Writes the wanted files of an archive under `folder`, entry by entry.
 * @returns names written and names refused with the reason
 * @throws {DataError} above the limits or if the archive is damaged
 */
export async function unpackTar(
  path: string,
  folder: string,
  isWanted: (name: string) => boolean,
  limits: UnpackLimits,
): Promise<{ written: string[]; refused: { name: string; reason: string }[] }> {
  const written: string[] = [];
  const refused: { name: string; reason: string }[] = [];
  let bytes = 0;
  for await (const entry of readTar(path)) {
    if (entry.refused !== undefined) {
      refused.push({ name: entry.name, reason: entry.refused });
      continue;
    }
    if (!isWanted(entry.name)) continue;
    bytes += entry.bytes;
    if (written.length >= limits.files || bytes > limits.bytes) {
      throw new DataError(
        `unpackTar: ${path} must hold at most ${limits.files} files and ${limits.bytes} bytes; it holds more. ` +
          "Unpack it yourself and import the folder.",
        { path },
      );
    }
    const target = join(folder, entry.name);
    await mkdir(dirname(target), { recursive: true });
    // "wx": a second entry of the same name must not overwrite the first, nor write through a link.
    await pipeline(Readable.from(entry.content()), createWriteStream(target, { flags: "wx" }));
    written.push(entry.name);
  }
  return { written, refused };
}

interface Meta {
  name?: string;
  bytes?: number;
}

async function* parseTar(stream: ByteStream, path: string): AsyncGenerator<TarEntry> {
  let meta: Meta = {};
  for (let block = await stream.take(BLOCK); block; block = await stream.take(BLOCK)) {
    if (block.every((byte) => byte === 0)) return; // the archive ends with two blocks of zeros
    checkSum(block, path);
    const type = String.fromCharCode(block[156] ?? 0);
    const bytes = meta.bytes ?? parseNumber(block.subarray(124, 136), path);
    const padded = Math.ceil(bytes / BLOCK) * BLOCK;
    if (type === "x" || type === "g" || type === "L" || type === "K") {
      if (bytes > MAX_META_BYTES)
        throw new DataError(`${path}: a tar name record has ${bytes} bytes.`, { path });
      const text = ((await stream.take(padded)) ?? Buffer.alloc(0)).subarray(0, bytes);
      if (type === "L") meta.name = text.toString("utf8").replace(/\0.*$/s, "");
      else if (type === "x") meta = { ...meta, ...parsePax(text) };
      continue;
    }
    const name = (meta.name ?? headerName(block)).replace(/^\.\//, "");
    meta = {};
    if (type === "5") continue; // a folder: made when a file needs it
    let left = padded;
    const isPlain = type === "0" || type === "\0" || type === "7";
    const refused = !isPlain
      ? "links and devices are not unpacked"
      : isSafeName(name)
        ? undefined
        : "its name leads out of the archive";
    yield {
      name,
      bytes,
      ...(refused !== undefined && { refused }),
      async *content() {
        for (let want = Math.min(bytes, left); want > 0; want = left - (padded - bytes)) {
          const piece = await stream.take(Math.min(want, 1 << 16));
          if (!piece) throw new DataError(`${path}: "${name}" is cut short.`, { path });
          left -= piece.length;
          yield piece;
        }
      },
    };
    await stream.skip(left);
  }
}

function headerName(block: Buffer): string {
  const name = textOf(block.subarray(0, 100));
  const isUstar = block.toString("latin1", 257, 262) === "ustar";
  const prefix = isUstar ? textOf(block.subarray(345, 500)) : "";
  return prefix ? `${prefix}/${name}` : name;
}

/** The header's bytes add up to the number in it, with that number's own bytes read as spaces. */
function checkSum(block: Buffer, path: string): void {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += block[i] ?? 0;
  if (sum !== parseNumber(block.subarray(148, 156), path)) {
    throw new DataError(`${path}: a tar header's checksum is wrong; the archive is damaged or no tar file.`, {
      path,
    });
  }
}

/** Octal text, or base 256 where the top bit is set (GNU, for sizes from 8 GiB). */
function parseNumber(field: Buffer, path: string): number {
  if ((field[0] ?? 0) & 0x80) {
    let value = (field[0] ?? 0) & 0x7f;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    if (Number.isSafeInteger(value)) return value;
  } else {
    const text = textOf(field).trim();
    if (/^[0-7]*$/.test(text)) return text === "" ? 0 : Number.parseInt(text, 8);
  }
  throw new DataError(`${path}: a tar header holds a number that makes no sense.`, { path });
}

/** Lines "length key=value\n", of which path and size matter here. */
function parsePax(bytes: Buffer): Meta {
  const meta: Meta = {};
  for (const line of bytes.toString("utf8").split("\n")) {
    const match = /^\d+ (path|size)=(.*)$/.exec(line);
    if (match?.[1] === "path") meta.name = match[2] ?? "";
    if (match?.[1] === "size" && /^\d{1,15}$/.test(match[2] ?? "")) meta.bytes = Number(match[2]);
  }
  return meta;
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? field.length : end);
}

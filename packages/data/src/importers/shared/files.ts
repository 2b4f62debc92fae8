/** Reading source files: by range without trusting what headers say, in a stable order, never writing. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, lstat, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DataError, messageOf } from "@orrery/core";
import type { Skip } from "../../source.ts";

/** A file read by ranges. Every range is checked against the true size before memory is taken for it. */
export class RandomFile {
  readonly path: string;
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /** @throws {DataError} if the file is missing, unreadable or not a plain file */
  static async open(path: string): Promise<RandomFile> {
    try {
      const handle = await open(path, "r");
      const info = await handle.stat();
      if (!info.isFile()) {
        await handle.close();
        throw new Error("it is not a plain file");
      }
      return new RandomFile(path, info.size, handle);
    } catch (error) {
      throw new DataError(`openFile: ${path} must be a readable file (${messageOf(error)}).`, {
        path,
        cause: error,
      });
    }
  }

  /** The bytes [at, at + length). @throws {DataError} if any of them lie outside the file */
  async read(at: number, length: number): Promise<Buffer> {
    if (!(at >= 0 && length >= 0 && at + length <= this.size)) {
      throw new DataError(
        `readFile: bytes ${at} to ${at + length} must lie in ${this.path}, which has ${this.size}. ` +
          "The file is cut short or corrupt.",
        { path: this.path },
      );
    }
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, at + done);
      if (bytesRead === 0) {
        throw new DataError(`readFile: ${this.path} became shorter while it was read.`, { path: this.path });
      }
      done += bytesRead;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Reads a small text or JSON file whole. @throws {DataError} if it is larger than `maxBytes` or missing */
export async function readSmallFile(path: string, maxBytes = 64 << 20): Promise<Buffer> {
  const file = await RandomFile.open(path);
  try {
    if (file.size > maxBytes) {
      throw new DataError(`readSmallFile: ${path} must have at most ${maxBytes} bytes, got ${file.size}.`, {
        path,
      });
    }
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/** Reads and parses a JSON file. @throws {DataError} with the place of the first mistake */
export async function readJson(path: string, maxBytes?: number): Promise<unknown> {
  const text = (await readSmallFile(path, maxBytes)).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError(`readJson: ${path} must be JSON (${messageOf(error)}).`, { path, cause: error });
  }
}

/** First bytes of a file, fewer where it is shorter; empty where it cannot be read. For recognising formats. */
export async function firstBytes(path: string, length: number): Promise<Buffer> {
  try {
    const file = await RandomFile.open(path);
    try {
      return await file.read(0, Math.min(length, file.size));
    } finally {
      await file.close();
    }
  } catch {
    return Buffer.alloc(0);
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return (await kindOf(path)) === "folder";
}

export async function kindOf(path: string): Promise<"file" | "folder" | "none"> {
  try {
    const info = await stat(path);
    return info.isFile() ? "file" : info.isDirectory() ? "folder" : "none";
  } catch {
    return "none";
  }
}

const MAX_DEPTH = 24;

/**
 * Plain files under `root` in sorted order, as paths relative to it. Links inside are not followed (they could
 * lead out of the source, or in a circle) but reported to `onSkip`. A file as `root` yields "" once.
 */
export async function* walkFiles(
  root: string,
  onSkip?: (skip: Skip) => void,
  under = "",
  depth = 0,
): AsyncGenerator<string> {
  if (depth === 0 && (await kindOf(root)) === "file") {
    yield "";
    return;
  }
  if (depth > MAX_DEPTH) {
    onSkip?.({ what: under, reason: `folders are nested more than ${MAX_DEPTH} deep` });
    return;
  }
  const names = (await readdir(join(root, under))).sort();
  for (const name of names) {
    const path = under === "" ? name : `${under}/${name}`;
    const info = await lstat(join(root, path));
    if (info.isDirectory()) yield* walkFiles(root, onSkip, path, depth + 1);
    else if (info.isFile()) yield path;
    else onSkip?.({ what: path, reason: "links and devices inside a source are not followed" });
  }
}

/** `walkFiles` as a list, for sources whose file names fit in memory. */
export async function listFiles(root: string, onSkip?: (skip: Skip) => void): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of walkFiles(root, onSkip)) paths.push(path);
  return paths;
}

/** SHA-256 of a file, in hex, read in small pieces. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest("hex");
}

/** SHA-256 of the names, sizes and contents of several files, so that a folder has one hash. */
export async function hashFiles(root: string, paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${path}\0${await hashFile(join(root, path))}\n`);
  return hash.digest("hex");
}

/** One skip for all files that are not of the format, so that a folder of pictures does not fill the report. */
export function otherFiles(all: readonly string[], used: readonly string[], why: string): Skip[] {
  const known = new Set(used);
  const others = all.filter((file) => !known.has(file));
  if (others.length === 0) return [];
  const named = others.slice(0, 5).join(", ") + (others.length > 5 ? ", ..." : "");
  return [
    { what: `${others.length} other ${others.length === 1 ? "file" : "files"}`, reason: `${why}: ${named}` },
  ];
}

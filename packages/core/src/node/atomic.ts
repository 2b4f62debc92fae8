/** Files that are either the old one or the whole new one, whatever happens in between. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { DataError, messageOf } from "../errors.ts";

/** A name beside `path` on the same file system, so that a rename is atomic. */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
}

/**
 * Writes `bytes` to `path` through a temporary file, fsync and rename, making parent folders.
 * @throws {DataError} if the disk is full or the folder cannot be written; the old file is then untouched
 */
export function writeFileAtomic(path: string, bytes: Uint8Array | string): void {
  const temporary = temporaryName(path);
  const data = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const fd = openSync(temporary, "wx");
    try {
      for (let at = 0; at < data.length;) at += writeSync(fd, data, at, data.length - at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new DataError(`writeFileAtomic: could not write ${path} (${messageOf(error)}). ${cureFor(error)}`, {
      path,
      cause: error,
    });
  }
}

/** Pretty JSON (4 spaces, as LeRobot writes it) through `writeFileAtomic`. */
export function writeJsonAtomic(path: string, value: unknown): void {
  writeFileAtomic(path, `${JSON.stringify(value, null, 4)}\n`);
}

/** Makes a rename in this folder survive a power cut. */
export function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What a person should do about a failed write. */
export function cureFor(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === "ENOSPC" || code === "EDQUOT") return "The disk is full: free some space and run it again.";
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return "Choose a folder you may write to.";
  return "What was there before is unchanged.";
}

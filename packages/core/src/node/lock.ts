/** One writer at a time: a lock file with the holder's process id. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { DataError, messageOf } from "../errors.ts";
import { cureFor } from "./atomic.ts";

/**
 * Takes the lock or says who holds it. A lock left by a process of this machine that is gone is taken over.
 *
 * @param path of the lock file; folders are made
 * @param caller and what it wants to write, both for the message
 * @returns gives the lock back
 * @throws {DataError} if another process holds it, or the file cannot be written
 */
export function takeLock(path: string, caller: string, what: string): () => void {
  mkdirSync(dirname(path), { recursive: true });
  for (let attempt = 0; ; attempt++) {
    try {
      writeHolder(path);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 3) {
        throw new DataError(`${caller}: could not make ${path} (${messageOf(error)}). ${cureFor(error)}`, {
          path,
          cause: error,
        });
      }
    }
    const holder = readHolder(path);
    if (holder && isAlive(holder)) {
      throw new DataError(
        `${caller}: ${what} is being written by process ${holder.pid} on ${holder.host}. Wait for it, or delete ${path} if that process is gone.`,
        { path },
      );
    }
    rmSync(path, { force: true });
  }
}

/** Fails where the file is there already; a lock that cannot be written whole is taken away again. */
function writeHolder(path: string): void {
  const fd = openSync(path, "wx");
  try {
    writeSync(fd, JSON.stringify({ pid: process.pid, host: hostname() }));
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function readHolder(path: string): { pid: number; host: string } | null {
  try {
    const { pid, host } = JSON.parse(readFileSync(path, "utf8")) as { pid: unknown; host: unknown };
    return typeof pid === "number" && typeof host === "string" ? { pid, host } : null;
  } catch {
    return null;
  }
}

/** On another machine we cannot tell, so its lock counts as held. */
function isAlive({ pid, host }: { pid: number; host: string }): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Folders that are whole or not there: built beside their place, then renamed. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UsageError } from "@orrery/core";
import { syncFolder } from "@orrery/core/node";

/**
 * Lets `build` fill a folder that takes the name `to` only once it is done; whatever goes wrong, nothing is left behind.
 *
 * @param build is given the folder to make and fill, and the name it will have
 * @throws {UsageError} if `to` exists already
 */
export async function buildBeside<T>(
  to: string,
  build: (partial: string, path: string) => Promise<T>,
): Promise<T> {
  const path = resolve(to);
  if (existsSync(path)) throw new UsageError(`export: ${path} must not exist yet. Choose another name.`);
  const partial = `${path}.partial-${process.pid}`;
  try {
    const result = await build(partial, path);
    renameSync(partial, path);
    syncFolder(dirname(path));
    return result;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

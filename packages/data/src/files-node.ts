/** Datasets in a folder of this machine. */
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DataError, messageOf } from "@orrery/core";
import type { DatasetFiles, RangeFile } from "./files.ts";

export class FolderFiles implements DatasetFiles {
  readonly root: string;

  constructor(folder: string) {
    this.root = resolve(folder);
  }

  async text(path: string): Promise<string> {
    try {
      return await readFile(this.locate(path), "utf8");
    } catch (error) {
      throw this.#unreadable(path, error);
    }
  }

  async open(path: string): Promise<RangeFile> {
    const file = this.locate(path);
    let byteLength: number;
    try {
      byteLength = (await stat(file)).size;
    } catch (error) {
      throw this.#unreadable(path, error);
    }
    return {
      byteLength,
      // Opened per read: a dataset has thousands of files, and a handle that nobody closes is a leak.
      slice: async (start, end = byteLength) => {
        const handle = await open(file, "r");
        try {
          const bytes = new Uint8Array(end - start);
          let at = 0;
          while (at < bytes.length) {
            const { bytesRead } = await handle.read(bytes, at, bytes.length - at, start + at);
            if (bytesRead === 0) {
              throw new DataError(
                `${file}: ${end} bytes were expected, the file ends at ${start + at}. It is still being written or was cut off.`,
                { path: file },
              );
            }
            at += bytesRead;
          }
          return bytes.buffer;
        } finally {
          await handle.close();
        }
      },
    };
  }

  async list(folder: string): Promise<readonly string[]> {
    try {
      return (await readdir(this.locate(folder))).sort();
    } catch {
      return [];
    }
  }

  locate(path: string): string {
    return join(this.root, path);
  }

  #unreadable(path: string, error: unknown): DataError {
    return new DataError(`${this.locate(path)}: cannot be read (${messageOf(error)}).`, {
      path: this.locate(path),
      cause: error,
    });
  }
}

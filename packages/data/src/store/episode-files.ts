/** The files of an episode being recorded, made durable before anything refers to them. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf } from "@orrery/core";
import { cureFor } from "@orrery/core/node";
import type { Column } from "../column.ts";
import type { StagedColumn } from "../lerobot/staged.ts";
import type { ColumnBuffer } from "./column-buffer.ts";

export interface WrittenColumns {
  readonly columns: readonly StagedColumn[];
  readonly bytes: number;
}

/** Writes columns.bin and says where each column begins. @throws {DataError} if the disk is full */
export function writeColumns(
  folder: string,
  buffers: ReadonlyMap<string, ColumnBuffer>,
  columns: readonly Column[],
): WrittenColumns {
  const path = join(folder, "columns.bin");
  const places: StagedColumn[] = [];
  let offset = 0;
  try {
    const fd = openSync(path, "wx");
    try {
      const put = (bytes: Uint8Array): void => {
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
        offset += bytes.length;
      };
      for (const { name, dtype, width, data, mask } of columns) {
        if (Array.isArray(data)) continue;
        const { shape = [width], names = null } = buffers.get(name)?.spec ?? {};
        places.push({ name, dtype, shape, names, offset });
        put(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        put(mask);
      }
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new DataError(
      `EpisodeRecorder.finish: could not write ${path} (${messageOf(error)}). ${cureFor(error)}`,
      { path, cause: error },
    );
  }
  return { columns: places, bytes: offset };
}

/** Waits until the file's bytes are on the disk. */
export function syncFile(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

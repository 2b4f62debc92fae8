/** Numbering of the files of a v3.0 dataset: file 0 to chunks_size - 1, then the next chunk. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

export interface FilePlace {
  readonly chunk: number;
  readonly file: number;
}

export const FIRST_FILE: FilePlace = { chunk: 0, file: 0 };

export function nextPlace({ chunk, file }: FilePlace, chunksSize: number): FilePlace {
  return file + 1 < chunksSize ? { chunk, file: file + 1 } : { chunk: chunk + 1, file: 0 };
}

/** "chunk-000/file-012" with an ending. */
export function placePath({ chunk, file }: FilePlace, ending: string): string {
  return `chunk-${String(chunk).padStart(3, "0")}/file-${String(file).padStart(3, "0")}${ending}`;
}

/** The place after the last file under `folder`, whatever put it there: a number is never used twice. */
export function firstFreePlace(folder: string, chunksSize: number): FilePlace {
  const last = placesIn(folder).at(-1);
  return last ? nextPlace(last.place, chunksSize) : FIRST_FILE;
}

/** All numbered files under `folder`, in order. */
export function placesIn(folder: string): { place: FilePlace; path: string }[] {
  const found: { place: FilePlace; path: string }[] = [];
  for (const chunkName of namesIn(folder)) {
    const chunk = Number(/^chunk-(\d+)$/.exec(chunkName)?.[1] ?? Number.NaN);
    if (Number.isNaN(chunk)) continue;
    for (const name of namesIn(join(folder, chunkName))) {
      const file = Number(/^file-(\d+)\.\w+$/.exec(name)?.[1] ?? Number.NaN);
      if (!Number.isNaN(file)) found.push({ place: { chunk, file }, path: join(folder, chunkName, name) });
    }
  }
  return found.sort((a, b) => a.place.chunk - b.place.chunk || a.place.file - b.place.file);
}

/** Names in a folder; none where it does not exist. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

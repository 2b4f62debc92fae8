/**
 * The narrow door through which datasets are read, so that the reader runs in Node and in a browser alike.
 * Paths are relative to the dataset's root and use "/".
 */

/** A file whose bytes are fetched range by range; the shape that hyparquet reads from. */
export interface RangeFile {
  readonly byteLength: number;
  /** Bytes [start, end); a fresh buffer that the caller owns. */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

export interface DatasetFiles {
  /** Shown in messages: a folder or a URL. */
  readonly root: string;
  /** @throws {DataError} if the file cannot be read */
  text(path: string): Promise<string>;
  /** @throws {DataError} if the file cannot be opened */
  open(path: string): Promise<RangeFile>;
  /** Names in a folder, sorted; empty where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** What a video decoder is given for this file: an absolute path or a URL. */
  locate(path: string): string;
}

/** Caches folder listings, so that 10,000 episodes cost one listing and not 10,000 file checks. */
export class Listing {
  readonly #files: DatasetFiles;
  readonly #folders = new Map<string, Promise<Set<string>>>();

  constructor(files: DatasetFiles) {
    this.#files = files;
  }

  async has(path: string): Promise<boolean> {
    const cut = path.lastIndexOf("/");
    const folder = cut < 0 ? "" : path.slice(0, cut);
    let names = this.#folders.get(folder);
    if (!names) {
      names = this.#files.list(folder).then((list) => new Set(list));
      this.#folders.set(folder, names);
    }
    return (await names).has(path.slice(cut + 1));
  }
}

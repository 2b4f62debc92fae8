/** Rows of data parquet files, by file and row range, with a bounded cache of decoded row groups. */
import { DataError } from "@orrery/core";
import { columnFromRows, concatColumns, sliceColumn, type Column } from "../column.ts";
import type { DatasetFiles } from "../files.ts";
import { ParquetFile } from "../parquet/read.ts";
import type { Problems } from "../problems.ts";
import type { Feature } from "./features.ts";

/** Numbers kept decoded. Row groups of others' files hold many episodes, so neighbours come for free. */
const CACHE_VALUES = 8_000_000;
/** Footers kept: a v2 dataset has one file per episode. */
const MAX_OPEN_FILES = 256;

type Group = ReadonlyMap<string, Column>;

export class RowStore {
  readonly #files: DatasetFiles;
  readonly #features: readonly Feature[];
  readonly #open = new Map<string, Promise<ParquetFile>>();
  readonly #groups = new Map<string, Promise<Group>>();
  readonly #groupValues = new Map<string, number>();
  readonly #problems: Problems;

  /** @param features the columns to decode; pictures are read through `readPictures` */
  constructor(files: DatasetFiles, features: readonly Feature[], problems: Problems) {
    this.#files = files;
    this.#features = features;
    this.#problems = problems;
  }

  /** @throws {DataError} if the file is missing or cut off */
  file(path: string): Promise<ParquetFile> {
    const cached = this.#open.get(path);
    if (cached) return cached;
    const opening = this.#files.open(path).then((file) => ParquetFile.open(this.#files.locate(path), file));
    this.#open.set(path, opening);
    // A failure is not remembered: the file may be put right while we run.
    opening.catch(() => this.#open.delete(path));
    if (this.#open.size > MAX_OPEN_FILES) this.#open.delete(String(this.#open.keys().next().value));
    return opening;
  }

  /**
   * Columns of rows [from, to), as copies. Columns the file lacks are left out.
   * @throws {DataError} if the file cannot be read
   */
  async read(path: string, from: number, to: number): Promise<Map<string, Column>> {
    const file = await this.file(path);
    const parts = new Map<string, Column[]>();
    for (const [g, span] of file.groups.entries()) {
      if (span.to <= from || span.from >= to) continue;
      const group = await this.#group(file, path, g);
      for (const [name, column] of group) {
        const part = sliceColumn(
          column,
          Math.max(from, span.from) - span.from,
          Math.min(to, span.to) - span.from,
        );
        const list = parts.get(name);
        if (list) list.push(part);
        else parts.set(name, [part]);
      }
    }
    return new Map([...parts].map(([name, list]) => [name, concatColumns(list)]));
  }

  /** Rows of a whole file that belong to one episode, where the metadata's offsets turn out wrong; null if none. */
  async locate(path: string, episode: number): Promise<{ from: number; to: number } | null> {
    const file = await this.file(path);
    const index = (await file.readAll(["episode_index"])).get("episode_index");
    if (!index) return null;
    let from = -1;
    let to = -1;
    for (let row = 0; row < index.length; row++) {
      if (Number(index[row]) !== episode) continue;
      if (from < 0) from = row;
      to = row + 1;
    }
    return from < 0 ? null : { from, to };
  }

  /** Values of one picture column in rows [from, to): struct {bytes, path}, undecoded. */
  async readPictures(path: string, column: string, from: number, to: number): Promise<Uint8Array[]> {
    const file = await this.file(path);
    const pictures: Uint8Array[] = [];
    for (const [g, span] of file.groups.entries()) {
      if (span.to <= from || span.from >= to) continue;
      const rows = (await file.readGroup(g, [column], true)).get(column);
      for (let row = Math.max(from, span.from); row < Math.min(to, span.to); row++) {
        const value = rows?.[row - span.from] as { bytes?: unknown } | Uint8Array | null | undefined;
        const bytes = value instanceof Uint8Array ? value : value?.bytes;
        if (!(bytes instanceof Uint8Array)) {
          throw new DataError(
            `${file.name}: row ${row} must hold an encoded picture in "${column}", got ${typeof bytes}.`,
            { path: file.name },
          );
        }
        pictures.push(bytes);
      }
    }
    return pictures;
  }

  #group(file: ParquetFile, path: string, index: number): Promise<Group> {
    const key = `${path}#${index}`;
    const cached = this.#groups.get(key);
    if (cached) {
      // Last used goes to the back of the map's order.
      this.#groups.delete(key);
      this.#groups.set(key, cached);
      return cached;
    }
    const reading = this.#decode(file, path, index);
    this.#groups.set(key, reading);
    reading.then(
      (group) => this.#makeRoom(key, group),
      () => this.#groups.delete(key),
    );
    return reading;
  }

  async #decode(file: ParquetFile, path: string, index: number): Promise<Group> {
    const raw = await file.readGroup(
      index,
      this.#features.map((feature) => feature.name),
    );
    const columns = new Map<string, Column>();
    for (const { name, dtype, width } of this.#features) {
      const rows = raw.get(name);
      if (!rows) continue;
      const { column, raggedRows } = columnFromRows(name, dtype, width, rows);
      columns.set(name, column);
      if (raggedRows > 0) {
        this.#problems.add(
          "warning",
          path,
          `every row of "${name}" must hold ${width} values; ${raggedRows} rows do not and are masked out.`,
          "Correct the shape in info.json, or leave these rows out.",
        );
      }
    }
    return columns;
  }

  /** Drops the groups that were not used for longest until the rest fits. */
  #makeRoom(key: string, group: Group): void {
    let values = 0;
    for (const column of group.values()) values += column.data.length;
    this.#groupValues.set(key, values);
    let total = 0;
    for (const size of this.#groupValues.values()) total += size;
    for (const old of this.#groups.keys()) {
      if (total <= CACHE_VALUES) return;
      const size = this.#groupValues.get(old);
      if (old === key || size === undefined) continue;
      this.#groups.delete(old);
      this.#groupValues.delete(old);
      total -= size;
    }
  }
}

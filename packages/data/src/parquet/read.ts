/** Parquet files read by row range: only the row groups and columns asked for are fetched and decoded. */
import { DataError, messageOf } from "@orrery/core";
import { parquetMetadataAsync, parquetRead, parquetSchema, type FileMetaData } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { getTreePath } from "hyparquet/src/schema.js";
import type { RangeFile } from "../files.ts";
import { checkCount, checkPages } from "./page-check.ts";

/** One row group: rows [from, to) of the file. */
export interface RowGroupSpan {
  readonly from: number;
  readonly to: number;
}

/** Decoded values, one per row: numbers, bigints, booleans, strings, objects or nested lists. */
export type RawColumn = ArrayLike<unknown>;

export class ParquetFile {
  /** For messages. */
  readonly name: string;
  readonly numRows: number;
  /** Top-level columns, in file order. */
  readonly columns: readonly string[];
  readonly groups: readonly RowGroupSpan[];
  readonly #file: RangeFile;
  readonly #metadata: FileMetaData;
  /** Column chunks whose pages were looked over, as "group column". */
  readonly #checked = new Set<string>();

  private constructor(name: string, file: RangeFile, metadata: FileMetaData) {
    this.name = name;
    this.#file = file;
    this.#metadata = metadata;
    this.numRows = Number(metadata.num_rows);
    this.columns = topLevelNames(metadata);
    let at = 0;
    this.groups = metadata.row_groups.map((group) => ({ from: at, to: (at += Number(group.num_rows)) }));
  }

  /**
   * Reads the footer only.
   * @throws {DataError} if the file is cut off or not parquet
   */
  static async open(name: string, file: RangeFile): Promise<ParquetFile> {
    try {
      const metadata = await parquetMetadataAsync(file);
      checkCount(Number(metadata.num_rows), file.byteLength, "the footer");
      for (const group of metadata.row_groups) {
        checkCount(Number(group.num_rows), file.byteLength, "a row group");
        for (const { meta_data: chunk } of group.columns) {
          if (chunk && Number(chunk.data_page_offset) >= file.byteLength) {
            throw new Error(`a column begins at byte ${chunk.data_page_offset} of ${file.byteLength}`);
          }
        }
      }
      return new ParquetFile(name, file, metadata);
    } catch (error) {
      throw new DataError(
        `${name}: must be a whole parquet file, got ${file.byteLength} bytes that are not (${messageOf(error)}). It was probably cut off while copying: fetch it again.`,
        { path: name, cause: error },
      );
    }
  }

  /** Value of a key of the footer's metadata. */
  keyValue(key: string): string | undefined {
    return this.#metadata.key_value_metadata?.find((entry) => entry.key === key)?.value;
  }

  /**
   * Decodes one row group.
   * @param isBinary leave byte strings without a text annotation as bytes, as pictures need
   * @throws {DataError} if the bytes do not decode
   */
  readGroup(index: number, columns: readonly string[], isBinary = false): Promise<Map<string, RawColumn>> {
    const group = this.groups[index];
    if (!group)
      throw new DataError(`${this.name}: row group ${index} was asked for, it has ${this.groups.length}.`);
    return this.#read(columns, group, isBinary);
  }

  /** Decodes whole columns; for small files such as metadata. */
  readAll(columns: readonly string[] = this.columns): Promise<Map<string, RawColumn>> {
    return this.#read(columns, { from: 0, to: this.numRows }, false);
  }

  async #read(
    columns: readonly string[],
    { from, to }: RowGroupSpan,
    isBinary: boolean,
  ): Promise<Map<string, RawColumn>> {
    const wanted = columns.filter((name) => this.columns.includes(name));
    const out = new Map<string, unknown[]>(
      wanted.map((name) => [name, Array.from<unknown>({ length: to - from })]),
    );
    if (wanted.length === 0 || to <= from) return out;
    try {
      await this.#checkPages(wanted, { from, to });
      await parquetRead({
        file: this.#file,
        metadata: this.#metadata,
        compressors,
        utf8: !isBinary,
        columns: wanted,
        rowStart: from,
        rowEnd: to,
        onChunk: ({ columnName, columnData, rowStart }) => {
          const rows = out.get(columnName);
          if (!rows) return;
          // Chunks may reach beyond the range that was asked for.
          const first = Math.max(from, rowStart);
          const last = Math.min(to, rowStart + columnData.length);
          for (let row = first; row < last; row++) rows[row - from] = columnData[row - rowStart];
        },
      });
    } catch (error) {
      throw new DataError(
        `${this.name}: rows ${from} to ${to} do not decode (${messageOf(error)}). The file is damaged: fetch it again.`,
        { path: this.name, cause: error },
      );
    }
    return out;
  }

  /** Looks over the pages about to be decoded, each once. @throws {Error} if one claims what it cannot hold */
  async #checkPages(columns: readonly string[], { from, to }: RowGroupSpan): Promise<void> {
    const schema = parquetSchema(this.#metadata);
    for (const [g, group] of this.#metadata.row_groups.entries()) {
      const span = this.groups[g];
      if (!span || span.to <= from || span.from >= to) continue;
      for (const [c, { meta_data: column }] of group.columns.entries()) {
        const key = `${g} ${c}`;
        if (!column || !columns.includes(column.path_in_schema[0] ?? "") || this.#checked.has(key)) continue;
        const start = Number(column.dictionary_page_offset || column.data_page_offset);
        const size = Number(column.total_compressed_size);
        if (!(start >= 0 && size >= 0 && start + size <= this.#file.byteLength)) {
          throw new Error(`a column claims ${size} bytes from ${start} of ${this.#file.byteLength}`);
        }
        const path = getTreePath(schema, column.path_in_schema);
        checkPages(await this.#file.slice(start, start + size), column, path, Number(group.num_rows));
        this.#checked.add(key);
      }
    }
  }
}

/** Children of the schema's root. The schema is a flat list in depth-first order. */
function topLevelNames(metadata: FileMetaData): string[] {
  const names: string[] = [];
  let at = 1;
  const skip = (): void => {
    const element = metadata.schema[at++];
    if (!element)
      throw new Error(`the schema claims more columns than its ${metadata.schema.length} entries`);
    for (let i = 0; i < (element?.num_children ?? 0); i++) skip();
  };
  for (let i = 0; i < (metadata.schema[0]?.num_children ?? 0); i++) {
    names.push(metadata.schema[at]?.name ?? "");
    skip();
  }
  return names;
}

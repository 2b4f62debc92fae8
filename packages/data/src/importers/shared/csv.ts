/** CSV after RFC 4180, streamed: quoted fields, doubled quotes, line breaks inside quotes, CRLF, a byte order mark. */
import { createReadStream } from "node:fs";
import { DataError } from "@orrery/core";

const MAX_FIELD_CHARS = 1 << 20;
const MAX_COLUMNS = 16_384;

/** Rows of fields. @throws {DataError} for a quote that never closes, and for absurd fields or rows */
export async function* parseCsv(chunks: AsyncIterable<string>, where: string): AsyncGenerator<string[]> {
  let row: string[] = [];
  let field = "";
  let quoted = false;
  let afterQuote = false;
  let isStart = true;
  let line = 1;
  const endField = (): void => {
    if (row.length >= MAX_COLUMNS)
      throw new DataError(`${where}: line ${line} has more than ${MAX_COLUMNS} columns.`);
    row.push(field);
    field = "";
    afterQuote = false;
  };
  for await (const chunk of chunks) {
    for (const char of isStart ? chunk.replace(/^\ufeff/, "") : chunk) {
      isStart = false;
      if (char === "\n") line++;
      if (quoted) {
        if (char === '"') [quoted, afterQuote] = [false, true];
        else field += char;
      } else if (char === '"' && (field === "" || afterQuote)) {
        if (afterQuote) field += '"'; // a doubled quote inside a quoted field
        quoted = true;
      } else if (char === ",") endField();
      else if (char === "\n") {
        endField();
        if (row.length > 1 || row[0] !== "") yield row;
        row = [];
      } else if (char !== "\r") field += char;
      if (field.length > MAX_FIELD_CHARS) {
        throw new DataError(`${where}: line ${line} has a field of more than ${MAX_FIELD_CHARS} characters.`);
      }
    }
  }
  if (quoted) throw new DataError(`${where}: a quote opened before line ${line} never closes.`);
  if (field !== "" || row.length > 0) {
    endField();
    yield row;
  }
}

/** One line of a CSV file by column name; a missing field is undefined. */
export type CsvRecord = Readonly<Record<string, string | undefined>>;

/** Records of a CSV file whose first line names the columns. @throws {DataError} if the file cannot be read */
export async function* readCsv(path: string): AsyncGenerator<CsvRecord> {
  let names: string[] | undefined;
  for await (const row of parseCsv(textOf(path), path)) {
    if (!names) {
      names = row.map((name) => name.trim());
      continue;
    }
    yield Object.fromEntries(names.map((name, i) => [name, row[i]]));
  }
}

/** Column names of a CSV file, empty where it cannot be read as one. */
export async function csvColumns(path: string): Promise<string[]> {
  try {
    for await (const row of parseCsv(textOf(path), path)) return row.map((name) => name.trim());
  } catch {
    // Not a CSV file: the caller asks only to recognise the format.
  }
  return [];
}

/** A number of a CSV field; NaN where the field is empty or no number, so that rows keep their place. */
export function csvNumber(text: string | undefined): number {
  return text === undefined || text.trim() === "" ? Number.NaN : Number(text);
}

async function* textOf(path: string): AsyncGenerator<string> {
  yield* createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 16 }) as AsyncIterable<string>;
}

/** Lines of a text file with their byte offsets, read in small pieces. */
import { createReadStream } from "node:fs";
import { DataError } from "@orrery/core";

const MAX_LINE_BYTES = 4 << 20;

export interface Line {
  readonly text: string;
  /** Byte offset of the line's first byte and of the byte after its line break. */
  readonly at: number;
  readonly end: number;
}

/** Lines from byte `start` on, without line breaks. @throws {DataError} for a line of more than 4 MB */
export async function* readLines(path: string, start = 0): AsyncGenerator<Line> {
  let rest: Buffer = Buffer.alloc(0);
  let at = start;
  for await (const chunk of createReadStream(path, { start }) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, from)) {
      const text = rest.toString("utf8", from, end).replace(/\r$/, "");
      yield { text, at: at + from, end: at + end + 1 };
      from = end + 1;
    }
    at += from;
    rest = rest.subarray(from);
    if (rest.length > MAX_LINE_BYTES) {
      throw new DataError(
        `${path}: a line must have at most ${MAX_LINE_BYTES} bytes, at byte ${at} it goes on.`,
        { path },
      );
    }
  }
  if (rest.length > 0) yield { text: rest.toString("utf8"), at, end: at + rest.length };
}

/** A line of JSON as an object; undefined where it is none. */
export function parseJsonLine(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

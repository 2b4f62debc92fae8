/** A CSV log in order of time, read alongside a clock: only the two samples around the clock are in memory. */
import { open, stat } from "node:fs/promises";
import { type CsvRecord, csvNumber, readCsv } from "../shared/csv.ts";

interface Sample {
  readonly timeSec: number;
  readonly values: Float64Array;
}

/** Ask for times in rising order. */
export class CsvTrack {
  /** Samples left out because their time does not move forward. */
  dropped = 0;
  readonly #rows: AsyncIterator<CsvRecord>;
  readonly #timeColumn: string;
  readonly #columns: readonly string[];
  #before: Sample | undefined;
  #after: Sample | undefined;

  constructor(path: string, timeColumn: string, columns: readonly string[]) {
    this.#rows = readCsv(path)[Symbol.asyncIterator]();
    this.#timeColumn = timeColumn;
    this.#columns = columns;
  }

  /** Time of the first sample, NaN where there is none. */
  async firstSec(): Promise<number> {
    this.#after ??= await this.#next();
    return (this.#before ?? this.#after)?.timeSec ?? Number.NaN;
  }

  /** True while there are samples at or after `timeSec`. */
  async reaches(timeSec: number): Promise<boolean> {
    await this.#advance(timeSec);
    return this.#after !== undefined;
  }

  /** The sample closest to `timeSec`; NaN where none is within `maxGapSec`. */
  async nearest(timeSec: number, maxGapSec: number): Promise<Float64Array> {
    await this.#advance(timeSec);
    const gap = (sample: Sample | undefined): number =>
      sample ? Math.abs(sample.timeSec - timeSec) : Number.POSITIVE_INFINITY;
    const closest = gap(this.#before) <= gap(this.#after) ? this.#before : this.#after;
    return closest && gap(closest) <= maxGapSec
      ? closest.values
      : new Float64Array(this.#columns.length).fill(Number.NaN);
  }

  async close(): Promise<void> {
    await this.#rows.return?.();
  }

  async #advance(timeSec: number): Promise<void> {
    this.#after ??= this.#before ? undefined : await this.#next();
    while (this.#after && this.#after.timeSec < timeSec) {
      this.#before = this.#after;
      this.#after = await this.#next();
    }
  }

  async #next(): Promise<Sample | undefined> {
    const last = this.#after?.timeSec ?? this.#before?.timeSec ?? Number.NEGATIVE_INFINITY;
    for (;;) {
      const row = await this.#rows.next();
      if (row.done) return undefined;
      const timeSec = csvNumber(row.value[this.#timeColumn]) / 1e6;
      if (timeSec > last && Number.isFinite(timeSec)) {
        return { timeSec, values: Float64Array.from(this.#columns, (name) => csvNumber(row.value[name])) };
      }
      this.dropped++;
    }
  }
}

const TAIL_BYTES = 1 << 16;

/** Time in the last whole line of a CSV log, by its end alone; NaN where that line is damaged. */
export async function lastTimeSec(path: string, columnIndex: number): Promise<number> {
  const { size } = await stat(path);
  const handle = await open(path, "r");
  try {
    const length = Math.min(size, TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const line = buffer.toString("utf8", 0, bytesRead).trimEnd().split("\n").at(-1) ?? "";
    return csvNumber(line.split(",")[columnIndex]) / 1e6;
  } finally {
    await handle.close();
  }
}

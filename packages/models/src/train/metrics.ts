/** The log of a run: one JSON object per line, and the same scalars as TensorBoard events. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@orrery/core/node";
import { EventWriter } from "./tensorboard.ts";

export interface MetricLine {
  readonly phase: string;
  readonly step: number;
  readonly [name: string]: number | string;
}

export class MetricLog {
  readonly #path: string;
  readonly #events: EventWriter;

  constructor(folder: string) {
    this.#path = join(folder, "metrics.jsonl");
    this.#events = new EventWriter(join(folder, "tensorboard"));
  }

  write(line: MetricLine): void {
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
    const scalars: Record<string, number> = {};
    for (const [name, value] of Object.entries(line)) {
      if (typeof value === "number" && name !== "step") scalars[`${line.phase}/${name}`] = value;
    }
    this.#events.scalars(line.step, scalars);
  }

  /**
   * Drops lines written after a checkpoint that the run now goes on from.
   * @param phases of the run in their order
   */
  rewindTo(phase: string, step: number, phases: readonly string[] = [phase]): void {
    const kept = readMetrics(this.#path).filter((line) => {
      const order = phases.indexOf(line.phase) - phases.indexOf(phase);
      return order < 0 || (order === 0 && line.step <= step);
    });
    writeFileAtomic(this.#path, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }
}

/** All whole lines of a metrics file; a line cut off by a crash is left out. */
export function readMetrics(path: string): MetricLine[] {
  if (!existsSync(path)) return [];
  const lines: MetricLine[] = [];
  for (const text of readFileSync(path, "utf8").split("\n")) {
    if (text === "") continue;
    try {
      lines.push(JSON.parse(text) as MetricLine);
    } catch {
      break; // only the last line can be torn
    }
  }
  return lines;
}

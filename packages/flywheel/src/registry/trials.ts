/** The trials that judged a release, found by the fingerprint of the weights that were tried. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf } from "@orrery/core";
import { wilson, type Interval, type TrialRecord } from "@orrery/eval/control";

/** Folder of the trials in a flywheel's. */
export const TRIALS = "trials";

export interface TrialSummary {
  readonly task: string;
  readonly split: string;
  readonly trials: number;
  readonly successes: number;
  readonly success: number;
  /** Wilson's. */
  readonly ci95: Interval;
  readonly seeds: readonly [first: number, last: number];
}

/** All whole lines of the harness's log; none where there is no log. @throws {DataError} if a line is damaged */
export function readTrials(root: string): TrialRecord[] {
  const path = join(root, TRIALS, "trials.jsonl");
  if (!existsSync(path)) return [];
  const text = readFileSync(path, "utf8");
  // What follows the last newline is being written.
  const lines = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1);
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as TrialRecord;
    } catch (cause) {
      throw new DataError(`lineage: line ${i + 1} of ${path} must be a trial (${messageOf(cause)}).`, {
        path,
        cause,
      });
    }
  });
}

/** One row per task and split. */
export function summarizeTrials(records: readonly TrialRecord[]): TrialSummary[] {
  const cells = new Map<string, TrialRecord[]>();
  for (const record of records) {
    const key = `${record.task}\n${record.split}`;
    cells.set(key, [...(cells.get(key) ?? []), record]);
  }
  return [...cells.values()].map((own) => {
    const [{ task, split }] = own as [TrialRecord];
    const successes = own.filter(({ success }) => success).length;
    const seeds = own.map(({ seed }) => seed);
    return {
      task,
      split,
      trials: own.length,
      successes,
      success: successes / own.length,
      ci95: wilson(successes, own.length),
      seeds: [Math.min(...seeds), Math.max(...seeds)],
    };
  });
}

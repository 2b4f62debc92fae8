/**
 * The trials of a run as JSON lines: one is appended when it is done, so that nothing but the trial under way is ever
 * lost, and a run goes on where it stopped.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf, UsageError } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { DEFAULT_BODY } from "@orrery/sim";
import type { TrialKey, TrialOutcome } from "./trial.ts";

export interface TrialRecord extends TrialKey, TrialOutcome {
  /** Of the policy's weights when it was tried; "" for scripted ones. */
  readonly fingerprint: string;
  /** Film of the trial, relative to the folder; absent where none was kept. */
  readonly video?: string;
}

/** What all trials of a folder have in common; another value would make them incomparable. */
export interface TrialSettings {
  readonly format: 1;
  readonly seed: number;
  readonly strength: number;
  readonly timeLimitSec: number | null;
  /** Of the kitchen, for policies that act in any body. */
  readonly body: string;
}

export const TRIALS_FILE = "trials.jsonl";
const SETTINGS_FILE = "settings.json";

export function keyOf({ policy, task, split, trial }: TrialKey): string {
  return `${policy}\n${task}\n${split}\n${trial}`;
}

export class TrialLog {
  readonly records: TrialRecord[];
  readonly #path: string;
  readonly #done: Set<string>;

  /**
   * Opens a folder's log, making it where there is none. A last line cut off by a crash is dropped.
   * @throws {UsageError} if the folder holds trials under other settings
   * @throws {DataError} if a line before the last is damaged
   */
  constructor(folder: string, settings: TrialSettings) {
    mkdirSync(folder, { recursive: true });
    checkSettings(folder, settings);
    this.#path = join(folder, TRIALS_FILE);
    this.records = existsSync(this.#path) ? readRecords(this.#path) : [];
    this.#done = new Set(this.records.map(keyOf));
  }

  has(key: TrialKey): boolean {
    return this.#done.has(keyOf(key));
  }

  append(record: TrialRecord): void {
    appendFileSync(this.#path, `${JSON.stringify(record)}\n`);
    this.records.push(record);
    this.#done.add(keyOf(record));
  }
}

/** @throws {DataError} if a line before the last is damaged */
function readRecords(path: string): TrialRecord[] {
  const text = readFileSync(path, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  // What follows the last newline was being written when the machine or the process died.
  if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
  return whole
    .split("\n")
    .slice(0, -1)
    .map((line, i) => {
      try {
        return JSON.parse(line) as TrialRecord;
      } catch (cause) {
        throw new DataError(
          `eval control: line ${i + 1} of ${path} must be one trial as JSON (${messageOf(cause)}). ` +
            "Delete that line to run its trial again.",
          { path, cause },
        );
      }
    });
}

function checkSettings(folder: string, settings: TrialSettings): void {
  const path = join(folder, SETTINGS_FILE);
  if (!existsSync(path)) {
    writeJsonAtomic(path, settings);
    return;
  }
  let saved: Record<string, unknown>;
  try {
    // Before there was a choice it was always the first.
    const found = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    saved = { body: DEFAULT_BODY, ...found };
  } catch (cause) {
    throw new DataError(`eval control: ${path} is damaged (${messageOf(cause)}). Choose another folder.`, {
      path,
      cause,
    });
  }
  const differing = Object.entries(settings).filter(([name, value]) => saved[name] !== value);
  if (differing.length === 0) return;
  const list = differing.map(
    ([name, value]) => `${name} is ${JSON.stringify(saved[name])}, asked for ${JSON.stringify(value)}`,
  );
  throw new UsageError(
    `eval control: ${folder} holds trials under other settings: ${list.join("; ")}. Use the same or another --out.`,
  );
}

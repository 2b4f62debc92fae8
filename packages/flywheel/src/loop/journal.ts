/**
 * The journal of a flywheel: which steps are done and what came of each, in one file that is replaced whole. A step is
 * done when the journal says so; one that was cut short is begun again and finds what it had finished on disk.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { DataError, isRecord, messageOf, UsageError } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { planFlywheel } from "./plan.ts";
import type { FlywheelSettings } from "./settings.ts";

/** Raised whenever settings or results of steps change their shape: an older loop can't be gone on with. */
const FORMAT = 4;
/** What decides how fast and not what comes out, so that a loop may go on with others, or on another machine. */
const FREE: readonly (keyof FlywheelSettings)[] = ["robots", "answerSec"];
const FILE = "journal.json";
const SETTINGS_NAMES = Object.keys(planFlywheel({ minutes: 1, tasks: [], rounds: 1, robots: 1, seed: 0 }));

export interface JournalStep {
  readonly name: string;
  /** How often it was begun: above 1 where it was cut short. */
  readonly begun: number;
  /** Wall-clock seconds of the session that finished it; null while it is under way. */
  readonly seconds: number | null;
  /** What came of it, as JSON; null while it is under way. */
  readonly result: unknown;
}

interface JournalFile {
  readonly format: number;
  readonly settings: FlywheelSettings;
  readonly steps: readonly JournalStep[];
}

export class Journal {
  readonly settings: FlywheelSettings;
  readonly #path: string;
  #steps: JournalStep[];

  private constructor(path: string, file: JournalFile) {
    this.#path = path;
    this.settings = file.settings;
    this.#steps = [...file.steps];
  }

  /**
   * Begins a flywheel in a new or empty folder, or goes on with the one that is there.
   * @throws {UsageError} if there is one and `resume` is not set, none and it is, another one, or the folder holds
   *   something else
   * @throws {DataError} if the journal is damaged
   */
  static open(folder: string, settings: FlywheelSettings, resume: boolean): Journal {
    const path = join(folder, FILE);
    if (existsSync(path)) {
      if (!resume)
        throw new UsageError(
          `flywheel: ${folder} holds a flywheel already. Add --resume to go on with it, or name another folder.`,
        );
      const file = read(path);
      checkSame(folder, file.settings, settings);
      return new Journal(path, { ...file, settings });
    }
    if (resume)
      throw new UsageError(
        `flywheel: ${folder} must hold a flywheel to resume, there is none. Leave out --resume to begin one.`,
      );
    mkdirSync(folder, { recursive: true });
    const found = readdirSync(folder).filter((name) => name !== "lock" && !name.endsWith(".tmp"));
    if (found.length > 0)
      throw new UsageError(
        `flywheel: ${folder} must be an empty or a new folder, it holds ${found[0]}${found.length > 1 ? ` and ${found.length - 1} more` : ""}. Name another folder.`,
      );
    const file: JournalFile = { format: FORMAT, settings, steps: [] };
    writeJsonAtomic(path, file);
    return new Journal(path, file);
  }

  /** What the flywheel in a folder does; null where there is none. @throws {DataError} if its journal is damaged */
  static settingsIn(folder: string): FlywheelSettings | null {
    const path = join(folder, FILE);
    return existsSync(path) ? read(path).settings : null;
  }

  get steps(): readonly JournalStep[] {
    return this.#steps;
  }

  isDone(name: string): boolean {
    return (this.#steps.find((step) => step.name === name)?.seconds ?? null) !== null;
  }

  /** Does a step, or hands out what came of it when it was done. The result must be JSON. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const known = this.#steps.find((step) => step.name === name);
    if (known !== undefined && known.seconds !== null) return known.result as T;
    const begun = (known?.begun ?? 0) + 1;
    this.#put({ name, begun, seconds: null, result: null });
    const beganMs = performance.now();
    const result = await work();
    this.#put({ name, begun, seconds: (performance.now() - beganMs) / 1000, result });
    return result;
  }

  #put(step: JournalStep): void {
    const at = this.#steps.findIndex(({ name }) => name === step.name);
    if (at < 0) this.#steps.push(step);
    else this.#steps[at] = step;
    writeJsonAtomic(this.#path, { format: FORMAT, settings: this.settings, steps: this.#steps });
  }
}

function read(path: string): JournalFile {
  let file: Partial<JournalFile> | null;
  try {
    file = JSON.parse(readFileSync(path, "utf8")) as Partial<JournalFile> | null;
  } catch (cause) {
    throw damaged(path, messageOf(cause), { cause });
  }
  if (typeof file?.format !== "number") throw damaged(path, "it states no format");
  if (file.format !== FORMAT) {
    throw new DataError(
      `flywheel: ${path} must be of format ${FORMAT}, it is of format ${file.format}: the loop was begun by another version of Orrery. ` +
        "Finish it with that version (release.json of its releases names the commit), or begin anew in another folder; its store and releases stay as they are.",
      { path },
    );
  }
  if (!isRecord(file.settings) || !Array.isArray(file.steps) || !file.steps.every(isStep))
    throw damaged(path, "settings or steps are missing or of another shape");
  const known = Object.keys(file.settings);
  const lacking = SETTINGS_NAMES.filter((name) => !known.includes(name));
  if (lacking.length > 0) throw damaged(path, `its settings lack ${lacking.join(", ")}`);
  return file as JournalFile;
}

function isStep(value: unknown): value is JournalStep {
  if (!isRecord(value)) return false;
  const { name, begun, seconds } = value;
  return (
    typeof name === "string" && typeof begun === "number" && (seconds === null || typeof seconds === "number")
  );
}

function damaged(path: string, what: string, options: { readonly cause?: unknown } = {}): DataError {
  return new DataError(
    `flywheel: ${path} cannot be used as a journal (${what}). Restore it from a copy, or name another folder.`,
    { path, ...options },
  );
}

function checkSame(folder: string, saved: FlywheelSettings, asked: FlywheelSettings): void {
  // Through JSON, as the saved ones went.
  const wanted = JSON.parse(JSON.stringify(asked)) as FlywheelSettings;
  const names = Object.keys(wanted) as (keyof FlywheelSettings)[];
  const differing = names.filter(
    (name) => !FREE.includes(name) && !isDeepStrictEqual(saved[name], wanted[name]),
  );
  if (differing.length === 0) return;
  const list = differing.map(
    (name) => `${name} is ${JSON.stringify(saved[name])}, asked for ${JSON.stringify(wanted[name])}`,
  );
  throw new UsageError(
    `flywheel: ${folder} holds a flywheel with other settings: ${list.join("; ")}. Resume it with its own, or name another folder.`,
  );
}

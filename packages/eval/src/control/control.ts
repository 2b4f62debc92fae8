/**
 * Policies tried on tasks: every policy on the same seeds of every task and split, on all cores, one process per core.
 *
 * Trial i has the seed FIRST_SEED + seed * 10,000 + i whatever the policy, so that policies can be compared trial by
 * trial. Recordings draw their seeds as 32-bit hashes (`episodeSeed`); that one of them falls on one of a thousand
 * trials happens once in 400 recordings of 10,000 episodes, and then costs one trial in a thousand.
 */
import { existsSync, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { AbortedError, ConfigError, OrreryError, UsageError } from "@orrery/core";
import { OrderedProcess, takeLock, workThrough, type ProcessLost } from "@orrery/core/node";
import { BODIES, DEFAULT_BODY } from "@orrery/sim";
import { checkCell } from "./arena.ts";
import type { TrialAnswer, TrialOrder, TrialSetup } from "./messages.ts";
import { loadPolicyModule } from "./policy-module.ts";
import { TrialLog, type TrialRecord } from "./trial-log.ts";
import type { TrialKey } from "./trial.ts";

const CHILD = new URL("./trial.child.ts", import.meta.url);
/** Seeds of trials begin here; those of training never do on purpose. */
export const FIRST_SEED = 1_000_000;
/** Runs with neighbouring seeds share no trial. */
const SEEDS_PER_RUN = 10_000;
/** So often a trial is begun anew after its process died; then the trial itself is taken to be the cause. */
const ATTEMPTS = 2;

export interface ControlOptions {
  readonly policies: readonly string[];
  readonly tasks: readonly string[];
  readonly splits: readonly string[];
  /** Per policy, task and split. */
  readonly trials: number;
  readonly seed: number;
  /** Folder of the results; a run into a folder that has some goes on where they end. */
  readonly out: string;
  /** URL of the module that knows the policies; see `PolicyModule`. */
  readonly policyModule: string;
  readonly strength?: number;
  readonly timeLimitSec?: number;
  /** Processes; one per core unless said otherwise. */
  readonly workers?: number;
  /** A process that has not finished a trial after so long is ended and its trial begun anew; never where left out. */
  readonly answerSec?: number;
  /** Films kept of each outcome per policy, task and split. */
  readonly films?: number;
  readonly filmSizePx?: number;
  readonly onProgress?: (progress: ControlProgress) => void;
  /** A process died and its trial is begun anew, and the like. */
  readonly onNote?: (note: string) => void;
  /** Stops at once; trials under way are lost, finished ones kept. */
  readonly signal?: AbortSignal;
}

export interface ControlProgress {
  readonly done: number;
  readonly of: number;
  readonly last: TrialRecord | null;
}

const DEFAULTS = { strength: 1, films: 1, filmSizePx: 128 };

/**
 * Runs what is missing and returns all trials asked for, those of earlier runs into the folder included.
 *
 * @throws {ConfigError} for numbers out of range; @throws {UsageError} for an unknown policy, task or split, a policy
 *   made for another body, other settings or other weights than those of the trials in the folder
 * @throws {DataError} if another process is writing the folder
 * @throws {OrreryError} if a trial fails, or its process dies time and again
 * @throws {AbortedError} when `signal` fired
 */
export async function runControl(options: ControlOptions): Promise<readonly TrialRecord[]> {
  checkOptions(options);
  const keys = jobsOf(options);
  const { describePolicy } = await loadPolicyModule(options.policyModule);
  const described = options.policies.map((policy) => [policy, describePolicy(policy)] as const);
  const fingerprints = new Map(described.map(([policy, { fingerprint }]) => [policy, fingerprint]));
  // Random actions of another robot would be no measure for a policy: who acts in any body acts in that of the others.
  const bodies = described.map(([, { embodiment }]) => embodiment?.name ?? "");
  const body = bodies.find((name) => Object.hasOwn(BODIES, name)) ?? DEFAULT_BODY;
  const release = takeLock(join(options.out, "lock"), "eval control", options.out);
  try {
    const log = new TrialLog(options.out, {
      format: 1,
      seed: options.seed,
      strength: options.strength ?? DEFAULTS.strength,
      timeLimitSec: options.timeLimitSec ?? null,
      body,
    });
    checkFingerprints(log.records, fingerprints, options.out);
    const run = new ControlRun(options, log, fingerprints, keys, body);
    await run.finish();
    const wanted = new Set(keys.map((key) => JSON.stringify(key)));
    return log.records.filter(({ policy, task, split, trial }) =>
      wanted.has(JSON.stringify({ policy, task, split, trial })),
    );
  } finally {
    release();
  }
}

/** In the order in which they are run: trials of one cell follow each other, so that little is loaded twice. */
function jobsOf({ policies, tasks, splits, trials }: ControlOptions): TrialKey[] {
  return policies.flatMap((policy) =>
    tasks.flatMap((task) =>
      splits.flatMap((split) =>
        Array.from({ length: trials }, (_, trial) => ({ policy, task, split, trial })),
      ),
    ),
  );
}

/** One call of `runControl` under way. */
class ControlRun {
  readonly #options: ControlOptions;
  readonly #log: TrialLog;
  readonly #fingerprints: ReadonlyMap<string, string>;
  readonly #setup: TrialSetup;
  readonly #of: number;
  readonly #missing: readonly TrialKey[];
  readonly #attempts = new Map<TrialKey, number>();
  /** Films there are, by cell and outcome. */
  readonly #films = new Map<string, number>();
  #done: number;

  constructor(
    options: ControlOptions,
    log: TrialLog,
    fingerprints: ReadonlyMap<string, string>,
    keys: readonly TrialKey[],
    body: string,
  ) {
    this.#options = options;
    this.#log = log;
    this.#fingerprints = fingerprints;
    this.#of = keys.length;
    this.#missing = keys.filter((key) => !log.has(key));
    this.#done = keys.length - this.#missing.length;
    const videos = join(options.out, "videos");
    mkdirSync(videos, { recursive: true });
    for (const record of log.records) {
      if (record.video !== undefined && existsSync(join(options.out, record.video))) this.#count(record, 1);
    }
    this.#setup = {
      policyModule: options.policyModule,
      strength: options.strength ?? DEFAULTS.strength,
      timeLimitSec: options.timeLimitSec ?? null,
      filmSizePx: options.filmSizePx ?? DEFAULTS.filmSizePx,
      videos,
      body,
    };
  }

  async finish(): Promise<void> {
    const { signal, answerSec, workers = availableParallelism() } = this.#options;
    this.#report(null);
    await workThrough({
      jobs: this.#missing,
      workers,
      start: () =>
        new OrderedProcess<TrialOrder, TrialAnswer>(CHILD, "eval control: a trial process", this.#setup),
      orderOf: (key) => this.#order(key),
      onAnswer: (key, answer) => this.#keep(key, answer),
      onLost: (key, loss) => this.#tryAgain(key, loss),
      ...(answerSec === undefined ? {} : { answerSec }),
      signal,
    });
    if (signal?.aborted) {
      throw new AbortedError(
        `eval control: stopped after ${this.#done} of ${this.#of} trials, which are kept in ${this.#options.out}. ` +
          "Run the same command again to go on.",
      );
    }
  }

  #keep(key: TrialKey, { outcome, video }: TrialAnswer): void {
    const fingerprint = this.#fingerprints.get(key.policy) ?? "";
    const record: TrialRecord = {
      ...key,
      fingerprint,
      ...outcome,
      ...(video === null ? {} : { video: join("videos", video) }),
    };
    this.#log.append(record);
    this.#done++;
    if (video !== null) this.#count(record, 1);
    this.#report(record);
  }

  #order(key: TrialKey): TrialOrder {
    const { seed, films = DEFAULTS.films } = this.#options;
    const isWanted = (success: boolean): boolean => (this.#films.get(filmCell(key, success)) ?? 0) < films;
    return {
      key,
      seed: FIRST_SEED + seed * SEEDS_PER_RUN + key.trial,
      film: { success: isWanted(true), failure: isWanted(false) },
    };
  }

  #tryAgain(key: TrialKey, loss: ProcessLost): true {
    const attempts = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempts);
    const where = `trial ${key.trial} of ${key.policy} on ${key.task}, ${key.split}`;
    if (attempts >= ATTEMPTS) {
      throw new OrreryError(
        `eval control: ${where} brought its process down ${attempts} times. ${loss.message}`,
        { cause: loss },
      );
    }
    this.#options.onNote?.(`${loss.message} Trying ${where} again.`);
    return true;
  }

  #count(record: TrialRecord, films: number): void {
    const cell = filmCell(record, record.success);
    this.#films.set(cell, (this.#films.get(cell) ?? 0) + films);
  }

  #report(last: TrialRecord | null): void {
    this.#options.onProgress?.({ done: this.#done, of: this.#of, last });
  }
}

function filmCell({ policy, task, split }: TrialKey, success: boolean): string {
  return `${policy}\n${task}\n${split}\n${success}`;
}

/** Trials of other weights under the same name would be mixed up with the new ones. */
function checkFingerprints(
  records: readonly TrialRecord[],
  fingerprints: ReadonlyMap<string, string>,
  out: string,
): void {
  const other = records.find(
    (record) => (fingerprints.get(record.policy) ?? record.fingerprint) !== record.fingerprint,
  );
  if (other === undefined) return;
  throw new UsageError(
    `eval control: ${out} holds trials of "${other.policy}" with other weights (${other.fingerprint}, now ` +
      `${fingerprints.get(other.policy)}): it has been trained since. Use another --out.`,
  );
}

function checkOptions(options: ControlOptions): void {
  const { trials, seed, workers = 1, films = 1, strength = 1, timeLimitSec = 1 } = options;
  const problems: string[] = [];
  if (!Number.isInteger(trials) || trials < 1 || trials > SEEDS_PER_RUN) {
    problems.push(`trials must be a whole number from 1 to ${SEEDS_PER_RUN}, got ${trials}`);
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > 100_000) {
    problems.push(`seed must be a whole number from 0 to 100000, got ${seed}`);
  }
  if (!Number.isInteger(workers) || workers < 1) problems.push(`workers must be 1 or more, got ${workers}`);
  if (!Number.isInteger(films) || films < 0) problems.push(`films must be 0 or more, got ${films}`);
  if (!(strength >= 0 && strength <= 1)) problems.push(`strength must be from 0 to 1, got ${strength}`);
  if (!(timeLimitSec > 0)) problems.push(`timeLimitSec must be above 0, got ${timeLimitSec}`);
  for (const [name, list] of Object.entries({
    policies: options.policies,
    tasks: options.tasks,
    splits: options.splits,
  })) {
    if (list.length === 0) problems.push(`${name} must not be empty`);
    const twice = list.find((item, i) => list.indexOf(item) !== i);
    if (twice !== undefined) problems.push(`${name} must not repeat, got "${twice}" twice`);
  }
  if (problems.length > 0) throw new ConfigError("eval control", problems);
  for (const task of options.tasks) for (const split of options.splits) checkCell(task, split);
}

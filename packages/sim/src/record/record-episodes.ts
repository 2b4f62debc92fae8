/**
 * Records simulated episodes on all cores into a LeRobot dataset. Threads simulate, render and encode; the main
 * thread only appends, in order of the index, so the dataset does not depend on how many threads there were.
 */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { AbortedError, ConfigError, OrreryError, UsageError, messageOf } from "@orrery/core";
import { NativeThread } from "@orrery/core/node";
import { type DatasetWriter, openDataset, openDatasetWriter } from "@orrery/data";
import { type CameraSize, embodimentOf } from "../bodies/body.ts";
import { bodyNamed } from "../bodies/registry.ts";
import { checkActionSpace } from "../control/action-space.ts";
import { actionPartsOf } from "../control/make-action-space.ts";
import { checkOperator } from "../operators/operator.ts";
import { TRAINING_SPLIT, perturbationOf } from "../perturb/splits.ts";
import { seedProblems } from "../seed.ts";
import { taskFor } from "../tasks/registry.ts";
import { DEFAULT_BODY, defaultCameras } from "../world/kitchen-world.ts";
import type { EpisodeOrder, EpisodeReport, WorkerPlan } from "./messages.ts";

export interface RecordOptions {
  readonly task: string;
  /** "expert", "play" or "trainee". */
  readonly operator: string;
  /** How many episodes to add. */
  readonly episodes: number;
  readonly seed: number;
  /** Folder of the dataset; made when missing, appended to when it is one of ours. */
  readonly to: string;
  readonly body?: string;
  readonly actionSpace?: string;
  /** The body's first camera at 64x64 unless said otherwise. */
  readonly cameras?: readonly CameraSize[];
  readonly shadows?: boolean;
  /** Length of a play episode, or a task's time limit; play lasts 12 s unless said otherwise. */
  readonly timeLimitSec?: number;
  /** Which split to draw from: "seen" unless said otherwise; any other only for an evaluation set. */
  readonly split?: string;
  /** How far a novel family goes, 0 to 1; 1 unless said otherwise. */
  readonly strength?: number;
  /** Records a set that models are judged on and never trained on; only such a set may hold `novel-*` splits. */
  readonly isEvaluation?: boolean;
  /** Threads; one per core unless said otherwise. */
  readonly workers?: number;
  readonly onProgress?: (progress: RecordProgress) => void;
  /** Stops after the episodes in hand; what was finished is kept and `AbortedError` thrown. */
  readonly signal?: AbortSignal;
}

export interface RecordProgress {
  readonly episodes: number;
  readonly of: number;
  readonly steps: number;
  readonly stepsPerSecond: number;
  readonly successRate: number;
}

export interface RecordSummary {
  readonly episodes: number;
  readonly steps: number;
  readonly seconds: number;
  /** Control steps per second, start of threads and writing included. */
  readonly stepsPerSecond: number;
  readonly successRate: number;
  /** Action numbers that had to be clipped. */
  readonly clipped: number;
  /** Rows with a NaN or an infinity; anything but 0 is a defect. */
  readonly nonFiniteRows: number;
  /** How often each reason of failure came up. */
  readonly failures: Readonly<Record<string, number>>;
}

const PLAY_SEC = 12;

/**
 * @throws {UsageError} for an unknown task, operator, body, camera, action space or split; for training data from a
 *   novel split; for a training recording into an evaluation set or the other way round
 * @throws {ConfigError} for numbers out of range
 * @throws {DataError} if the dataset can't be written
 * @throws {AbortedError} when `signal` fired
 */
export async function recordEpisodes(options: RecordOptions): Promise<RecordSummary> {
  const plan = planOf(options);
  const spec = bodyNamed(plan.body).spec;
  const parts = actionPartsOf(checkActionSpace(plan.actionSpace), spec);
  await checkPurpose(options.to, plan.isEvaluation);
  const writer = await openDatasetWriter(options.to, {
    embodiment: embodimentOf(spec, parts, plan.cameras),
    licence: "Apache-2.0",
  });
  const recording = new Recording(options, writer);
  try {
    await recording.run({ ...plan, recordingFolder: writer.recordingFolder });
  } finally {
    writer.close();
  }
  if (options.signal?.aborted) {
    throw new AbortedError(
      `recordEpisodes: stopped after ${recording.appended} of ${options.episodes} episodes, which are kept in ${options.to}.`,
    );
  }
  return recording.summary();
}

function planOf(options: RecordOptions): Omit<WorkerPlan, "recordingFolder"> {
  const { episodes, seed, workers = 1, timeLimitSec } = options;
  const problems: string[] = [];
  if (!Number.isInteger(episodes) || episodes < 1)
    problems.push(`episodes must be 1 or more, got ${episodes}`);
  problems.push(...seedProblems(seed));
  if (!Number.isInteger(workers) || workers < 1) problems.push(`workers must be 1 or more, got ${workers}`);
  if (timeLimitSec !== undefined && !(timeLimitSec > 0)) {
    problems.push(`timeLimitSec must be above 0, got ${timeLimitSec}`);
  }
  if (problems.length > 0) throw new ConfigError("recordEpisodes", problems);
  const body = options.body ?? DEFAULT_BODY;
  const task = taskFor(bodyNamed(body).spec, options.task);
  const operator = checkOperator(options.operator);
  const isEvaluation = options.isEvaluation ?? false;
  const split = checkedSplit(options, isEvaluation);
  return {
    task: task.name,
    body,
    operator,
    actionSpace: checkActionSpace(options.actionSpace ?? "ee-delta"),
    cameras: options.cameras ?? defaultCameras(bodyNamed(body).spec),
    shadows: options.shadows ?? true,
    timeLimitSec: timeLimitSec ?? (operator === "play" ? PLAY_SEC : task.timeLimitSec),
    seed,
    split,
    strength: options.strength ?? 1,
    isEvaluation,
  };
}

/** What is held back from training stays out of it: a novel split is recorded only when it is meant for judging. */
function checkedSplit({ split = TRAINING_SPLIT, strength }: RecordOptions, isEvaluation: boolean): string {
  perturbationOf(split, strength);
  if (split === TRAINING_SPLIT && strength !== undefined) {
    throw new UsageError(
      `recordEpisodes: a strength belongs to a split novel-<family>, got strength ${strength} with "${split}". Leave it out.`,
    );
  }
  if (split !== TRAINING_SPLIT && !isEvaluation) {
    throw new UsageError(
      `recordEpisodes: training data must come from the split "${TRAINING_SPLIT}", got "${split}". ` +
        "To record a set that models are only judged on, pass --evaluation (isEvaluation: true).",
    );
  }
  return split;
}

/** A dataset is for training or for evaluation as a whole, so that a loader need not look at every episode. */
export async function checkPurpose(to: string, isEvaluation: boolean): Promise<void> {
  if (!existsSync(join(to, "meta"))) return;
  const { episodes } = await openDataset(to);
  const other = episodes.find(
    ({ provenance }) => (provenance.labels?.["purpose"] === "evaluation") !== isEvaluation,
  );
  if (!other) return;
  const [is, wanted] = isEvaluation ? ["training", "evaluation"] : ["evaluation", "training"];
  throw new UsageError(
    `recordEpisodes: ${to} must hold ${wanted} episodes only, but episode ${other.index} is for ${is}. ` +
      "Record into another dataset.",
  );
}

/** One call of `recordEpisodes` under way. */
class Recording {
  appended = 0;
  readonly #options: RecordOptions;
  readonly #writer: DatasetWriter;
  readonly #startMs = performance.now();
  /** Episodes already in the dataset: new ones go on counting, so a second call does not repeat the first. */
  readonly #firstIndex: number;
  readonly #waiting = new Map<number, EpisodeReport>();
  #next: number;
  #steps = 0;
  #successes = 0;
  #clipped = 0;
  #nonFiniteRows = 0;
  readonly #failures: Record<string, number> = {};

  constructor(options: RecordOptions, writer: DatasetWriter) {
    this.#options = options;
    this.#writer = writer;
    this.#firstIndex = writer.numEpisodes;
    this.#next = this.#firstIndex;
  }

  async run(plan: WorkerPlan): Promise<void> {
    const count = Math.min(this.#options.workers ?? availableParallelism(), this.#options.episodes);
    const threads = Array.from(
      { length: count },
      () => new NativeThread(new URL("./record.worker.ts", import.meta.url), plan),
    );
    try {
      await Promise.all(threads.map(({ worker }) => this.#serve(worker)));
    } finally {
      await Promise.all(threads.map((thread) => thread.stop()));
    }
  }

  summary(): RecordSummary {
    const seconds = this.#seconds();
    return {
      episodes: this.appended,
      steps: this.#steps,
      seconds,
      stepsPerSecond: this.#steps / seconds,
      successRate: this.#successes / Math.max(1, this.appended),
      clipped: this.#clipped,
      nonFiniteRows: this.#nonFiniteRows,
      failures: { ...this.#failures },
    };
  }

  /** Gives one thread episodes until there are no more. */
  async #serve(worker: Worker): Promise<void> {
    const end = this.#firstIndex + this.#options.episodes;
    while (this.#next < end && !this.#options.signal?.aborted) {
      const order: EpisodeOrder = { index: this.#next++ };
      this.#take(await answerOf(worker, order));
    }
  }

  /** Keeps a finished episode until those before it are in. */
  #take(report: EpisodeReport): void {
    this.#waiting.set(report.index, report);
    for (;;) {
      const index = this.#firstIndex + this.appended;
      const ready = this.#waiting.get(index);
      if (!ready) return;
      this.#waiting.delete(index);
      this.#append(ready);
    }
  }

  #append({ recorded, outcome }: EpisodeReport): void {
    this.#writer.append(recorded);
    this.appended++;
    this.#steps += outcome.steps;
    this.#successes += outcome.success ? 1 : 0;
    this.#clipped += outcome.clipped;
    this.#nonFiniteRows += recorded.nonFiniteRows;
    if (outcome.failure !== undefined) {
      this.#failures[outcome.failure] = (this.#failures[outcome.failure] ?? 0) + 1;
    }
    this.#options.onProgress?.({
      episodes: this.appended,
      of: this.#options.episodes,
      steps: this.#steps,
      stepsPerSecond: this.#steps / this.#seconds(),
      successRate: this.#successes / this.appended,
    });
  }

  #seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }
}

/** Sends an order and waits for its report; a thread that dies or throws rejects. */
function answerOf(worker: Worker, order: EpisodeOrder): Promise<EpisodeReport> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("exit", onExit);
      settle();
    };
    const onMessage = (report: EpisodeReport): void => finish(() => resolve(report));
    const onError = (error: unknown): void =>
      finish(() =>
        reject(
          new OrreryError(`recordEpisodes: episode ${order.index} failed: ${messageOf(error)}`, {
            cause: error,
          }),
        ),
      );
    const onExit = (code: number): void =>
      finish(() => reject(new OrreryError(`recordEpisodes: a recording thread ended with code ${code}.`)));
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.on("exit", onExit);
    worker.postMessage(order);
  });
}

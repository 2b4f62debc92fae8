/**
 * The divide: a world model and a VLA-style policy, trained on equal terms, over everything that was seen and everything
 * that was not. Stages are kept on disk as they end, so that a stopped comparison goes on where it was: one run folder
 * and one facts file per side and training seed, then the trials of the harness.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, ConfigError, DataError, makeRng, messageOf, UsageError } from "@orrery/core";
import { takeLock, writeJsonAtomic } from "@orrery/core/node";
import { runControl, type ControlProgress } from "../control/control.ts";
import type { TrialRecord } from "../control/trial-log.ts";
import { assertMatched, compareTraining, TOLERANCE, type MatchLine, type TrainingFacts } from "./matching.ts";
import {
  judge,
  latencyOf,
  SIDES,
  type Latency,
  type SideName,
  type SideTrials,
  type Verdict,
} from "./verdict.ts";

/** One side of the comparison: how it is trained, and how a trained one is named to the harness. */
export interface Contender {
  /** What it is, in a few words: preset, search. */
  readonly description: string;
  /**
   * Trains into `folder`, or goes on with what is there.
   * @param match what to match: the other side's facts, null for the side that sets the terms
   */
  train(order: TrainOrder): Promise<TrainingFacts>;
  /** The policy of a run, as the harness's policy module reads it. */
  policyOf(run: string): string;
}

export interface TrainOrder {
  readonly folder: string;
  readonly seed: number;
  readonly match: TrainingFacts | null;
  readonly signal?: AbortSignal;
}

export interface DivideOptions {
  readonly worldModel: Contender;
  readonly vla: Contender;
  /** Training seeds, at least two: with one, luck and method look the same. */
  readonly seeds: readonly number[];
  readonly tasks: readonly string[];
  readonly splits: readonly string[];
  /** Per side, training seed, task and split. */
  readonly trials: number;
  /** Of the trials. */
  readonly seed: number;
  readonly out: string;
  /** URL of the module that knows the policies. */
  readonly policyModule: string;
  /** How far a novel family goes, 0 to 1. */
  readonly strength?: number;
  readonly workers?: number;
  readonly films?: number;
  readonly onStage?: (stage: string) => void;
  readonly onNote?: (note: string) => void;
  readonly onTrials?: (progress: ControlProgress) => void;
  readonly signal?: AbortSignal;
}

export interface DivideResult {
  readonly seeds: readonly number[];
  readonly trials: number;
  readonly descriptions: Readonly<Record<SideName, string>>;
  /** Per training seed: both sides' facts and what was compared. */
  readonly training: readonly {
    readonly seed: number;
    readonly facts: readonly [TrainingFacts, TrainingFacts];
    readonly match: readonly MatchLine[];
  }[];
  readonly verdicts: readonly Verdict[];
  readonly latency: readonly [Latency, Latency];
  /** How often each side failed in which way, over all splits. */
  readonly failures: Readonly<Record<SideName, Readonly<Record<string, number>>>>;
  readonly records: readonly TrialRecord[];
}

/**
 * @throws {ConfigError} for fewer than two seeds
 * @throws {UsageError} if the two sides of a seed were not trained on equal terms, or the folder holds another comparison
 * @throws {AbortedError} when `signal` fired; the stages that ended are kept
 */
export async function runDivide(options: DivideOptions): Promise<DivideResult> {
  const { seeds, out } = options;
  if (new Set(seeds).size < 2) {
    throw new ConfigError("eval divide", [
      `seeds must be at least two different ones, got ${seeds.join(", ") || "none"}: with one, luck and method look the same`,
    ]);
  }
  mkdirSync(out, { recursive: true });
  const release = takeLock(join(out, "lock"), "eval divide", out);
  try {
    claimFolder(options);
    return await compare(options);
  } finally {
    release();
  }
}

async function compare(options: DivideOptions): Promise<DivideResult> {
  const { worldModel, vla, seeds, out, seed } = options;
  const training: DivideResult["training"][number][] = [];
  for (const own of seeds) {
    const first = await stage(options, "world-model", worldModel, own, null);
    const second = await stage(options, "vla", vla, own, first);
    const again = `Delete ${join(out, `vla-${own}`)}* to do that side again, on a machine that does nothing else.`;
    assertMatched(first, second, again);
    training.push({ seed: own, facts: [first, second], match: compareTraining(first, second) });
  }
  options.onStage?.("trials");
  const runsOf = (side: 0 | 1): string[] => training.map(({ facts }) => facts[side].run);
  const firstPolicies = runsOf(0).map((run) => worldModel.policyOf(run));
  const secondPolicies = runsOf(1).map((run) => vla.policyOf(run));
  const records = await runControl({
    policies: [...firstPolicies, ...secondPolicies],
    tasks: options.tasks,
    splits: options.splits,
    trials: options.trials,
    seed,
    out: join(out, "trials"),
    policyModule: options.policyModule,
    ...(options.strength === undefined ? {} : { strength: options.strength }),
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.films === undefined ? {} : { films: options.films }),
    ...(options.onTrials === undefined ? {} : { onProgress: options.onTrials }),
    ...(options.onNote === undefined ? {} : { onNote: options.onNote }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const trialsOf = (policies: readonly string[]): SideTrials =>
    policies.map((name) => records.filter(({ policy }) => policy === name));
  const first = trialsOf(firstPolicies);
  const second = trialsOf(secondPolicies);
  return {
    seeds,
    trials: options.trials,
    descriptions: { "world model": worldModel.description, "VLA-style policy": vla.description },
    training,
    verdicts: judge(first, second, makeRng(seed, "divide")),
    latency: [latencyOf(SIDES[0], first), latencyOf(SIDES[1], second)],
    failures: { "world model": failuresOf(first), "VLA-style policy": failuresOf(second) },
    records,
  };
}

/** One training, or what an earlier call has kept of it. */
async function stage(
  { out, onStage, signal }: DivideOptions,
  name: string,
  contender: Contender,
  seed: number,
  match: TrainingFacts | null,
): Promise<TrainingFacts> {
  const folder = join(out, `${name}-${seed}`);
  const path = `${folder}.json`;
  if (existsSync(path)) return readFacts(path);
  if (signal?.aborted) throw new AbortedError(`eval divide: stopped before ${name} of seed ${seed}.`);
  onStage?.(`train ${name}, seed ${seed}`);
  const facts = await contender.train({ folder, seed, match, ...(signal === undefined ? {} : { signal }) });
  writeJsonAtomic(path, facts);
  return facts;
}

function readFacts(path: string): TrainingFacts {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as TrainingFacts;
  } catch (cause) {
    throw new DataError(
      `eval divide: ${path} must hold what a training was given, it cannot be read (${messageOf(cause)}). Delete it and its run folder to train again.`,
      { path, cause },
    );
  }
}

/** A folder holds one comparison: other contenders would be mixed up with those trained before. */
function claimFolder({ out, worldModel, vla }: DivideOptions): void {
  const path = join(out, "divide.json");
  const own = { format: 1, worldModel: worldModel.description, vla: vla.description, tolerance: TOLERANCE };
  if (!existsSync(path)) {
    writeJsonAtomic(path, own);
    return;
  }
  const saved: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (JSON.stringify(saved) === JSON.stringify(own)) return;
  throw new UsageError(
    `eval divide: ${out} holds another comparison (${JSON.stringify(saved)}). Use the same contenders and data, or another --out.`,
  );
}

function failuresOf(side: SideTrials): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { failure } of side.flat()) if (failure !== null) counts[failure] = (counts[failure] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).toSorted(([, a], [, b]) => b - a));
}

/** Records PushT into a LeRobot dataset, as the kitchen is recorded. One thread: drawing a board takes 0.1 ms. */
import { AbortedError, ConfigError } from "@orrery/core";
import { EpisodeRecorder, openDatasetWriter } from "@orrery/data";
import { episodeSeed } from "../record/episode.ts";
import { seedProblems } from "../seed.ts";
import { type RecordProgress, type RecordSummary, checkPurpose } from "../record/record-episodes.ts";
import { type PushTOperator, checkPushTOperator, runPushTEpisode } from "./episode.ts";
import { PushTWorld } from "./world.ts";

/** Name under which tasks of the kitchen and PushT stand side by side. */
export const PUSHT = "pusht";

export interface PushTRecordOptions {
  /** "expert", "play" or "human-like". */
  readonly operator: string;
  /** How many episodes to add. */
  readonly episodes: number;
  readonly seed: number;
  /** Folder of the dataset; made when missing, appended to when it is one of ours. */
  readonly to: string;
  /** Side of the pictures; 64 unless said otherwise, as in the kitchen. */
  readonly imageSizePx?: number;
  /** "target" unless said otherwise; "delta" for models that plan. */
  readonly actions?: "target" | "delta";
  /** 30 s unless said otherwise, 12 s for play. */
  readonly timeLimitSec?: number;
  /** Records a set that models are judged on and never trained on. */
  readonly isEvaluation?: boolean;
  readonly onProgress?: (progress: RecordProgress) => void;
  /** Stops after the episode in hand; what was finished is kept and `AbortedError` thrown. */
  readonly signal?: AbortSignal;
}

const LIMIT_SEC = 30;
const PLAY_SEC = 12;

/**
 * @throws {UsageError} for an unknown operator, or a training recording into an evaluation set or the other way round
 * @throws {ConfigError} for numbers out of range
 * @throws {DataError} if the dataset can't be written
 * @throws {AbortedError} when `signal` fired
 */
export async function recordPushT(options: PushTRecordOptions): Promise<RecordSummary> {
  const { episodes, seed, to, imageSizePx = 64, actions = "target", isEvaluation = false } = options;
  const operator = checkPushTOperator(options.operator);
  const limitSec = options.timeLimitSec ?? (operator === "play" ? PLAY_SEC : LIMIT_SEC);
  checkNumbers(episodes, seed, limitSec);
  const world = new PushTWorld({ imageSizePx, actions, maxSteps: Math.max(1, Math.round(10 * limitSec)) });
  await checkPurpose(to, isEvaluation);
  const writer = await openDatasetWriter(to, { embodiment: world.embodiment, licence: "Apache-2.0" });
  const startMs = performance.now();
  const seconds = (): number => (performance.now() - startMs) / 1000;
  const total = { episodes: 0, steps: 0, successes: 0, clipped: 0, nonFiniteRows: 0 };
  try {
    const recorder = new EpisodeRecorder({
      folder: writer.recordingFolder,
      embodiment: world.embodiment,
      fps: world.embodiment.controlRateHz,
    });
    const first = writer.numEpisodes;
    while (total.episodes < episodes && !options.signal?.aborted) {
      const worldSeed = episodeSeed(seed, first + total.episodes);
      const outcome = await runPushTEpisode(world, operator, worldSeed, (step) => recorder.add(step));
      const recorded = recorder.finish({
        task: world.instruction, // of play as well: its rewards are this task's
        success: outcome.success,
        provenance: {
          stream: "sim",
          operator,
          licence: "Apache-2.0",
          seed: worldSeed,
          labels: labelsOf(operator, outcome.success, isEvaluation),
        },
      });
      writer.append(recorded);
      total.episodes++;
      total.steps += outcome.steps;
      total.successes += outcome.success ? 1 : 0;
      total.clipped += outcome.clipped;
      total.nonFiniteRows += recorded.nonFiniteRows;
      options.onProgress?.({
        episodes: total.episodes,
        of: episodes,
        steps: total.steps,
        stepsPerSecond: total.steps / seconds(),
        successRate: total.successes / total.episodes,
      });
    }
  } finally {
    writer.close();
  }
  if (options.signal?.aborted) {
    throw new AbortedError(
      `recordPushT: stopped after ${total.episodes} of ${episodes} episodes, which are kept in ${to}.`,
    );
  }
  const failed = total.episodes - total.successes;
  return {
    ...total,
    seconds: seconds(),
    stepsPerSecond: total.steps / seconds(),
    successRate: total.successes / total.episodes,
    failures: operator === "play" || failed === 0 ? {} : { [TIME_RAN_OUT]: failed },
  };
}

const TIME_RAN_OUT = "time ran out";

function labelsOf(operator: PushTOperator, success: boolean, isEvaluation: boolean): Record<string, string> {
  return {
    task: PUSHT,
    ...(isEvaluation ? { purpose: "evaluation" } : {}),
    ...(success || operator === "play" ? {} : { failure: TIME_RAN_OUT }),
  };
}

function checkNumbers(episodes: number, seed: number, limitSec: number): void {
  const problems = seedProblems(seed);
  if (!Number.isInteger(episodes) || episodes < 1)
    problems.push(`episodes must be 1 or more, got ${episodes}`);
  if (!(limitSec > 0)) problems.push(`timeLimitSec must be above 0, got ${limitSec}`);
  if (problems.length > 0) throw new ConfigError("recordPushT", problems);
}

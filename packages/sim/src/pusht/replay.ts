/**
 * Plays recorded PushT actions through our physics and measures how far it ends from what was recorded.
 *
 * Recordings in LeRobot form (lerobot/pusht) hold the agent's position and the reward, not the T's pose. But episode n
 * was recorded on the board of seed n, so where the recorded start confirms that seed, the T's pose is known too, and
 * the recorded rewards (coverage) check every push.
 */
import { DataError } from "@orrery/core";
import { openDataset } from "@orrery/data";
import { BOARD, SUCCESS_COVERAGE, rewardOf } from "./board.ts";
import { layoutOfSeed, type Layout } from "./layout.ts";
import { PushTSimulation } from "./simulation.ts";

/** One recorded episode. Row t: agent position, target, and the reward of the transition that leaves row t. */
export interface Recording {
  readonly index: number;
  /** [T, 2] board units. */
  readonly state: Float32Array;
  /** [T, 2] board units. */
  readonly action: Float32Array;
  /** [T], absent where no reward was recorded. */
  readonly reward?: Float32Array;
}

export interface ErrorSummary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface ReplayReport {
  readonly episodes: number;
  readonly rows: number;
  /** Agent position error in board units over all rows, playing every episode from its first row alone. */
  readonly openLoop: ErrorSummary;
  /** The same, with the agent put on the recorded position before every step. */
  readonly oneStep: ErrorSummary;
  /** What a stopped agent would score one step ahead. */
  readonly baselineStay: ErrorSummary;
  /** What an agent that jumps to its target would score one step ahead. */
  readonly baselineJump: ErrorSummary;
  /** Mean open-loop error as a share of the board's side. */
  readonly meanShareOfBoard: number;
  /** Episodes whose recorded start is the layout of their index, so that the T's pose is known. */
  readonly knownLayouts: number;
  /** |reward - recorded reward|, open loop, over the rows of those episodes that have a next row. */
  readonly reward: ErrorSummary;
  /** Episodes of those whose every reward agrees within float32 rounding. */
  readonly rewardsMatched: number;
  /** Indexes of the episodes that have known layouts but other rewards. */
  readonly rewardsDiffer: readonly number[];
  /** Episodes whose last action, of which no result was recorded, takes coverage above the threshold. */
  readonly solvedByLastAction: number;
}

/** Rewards are stored as float32 and lie in [0, 1]; positions drift by 1e-5 between float32 and double. */
const REWARD_TOLERANCE = 2e-6;

/**
 * Replays every readable episode of a PushT dataset in LeRobot form.
 * @throws {DataError} if the folder is no such dataset, or state or action is not two numbers wide
 */
export async function replayRecordings(datasetPath: string): Promise<ReplayReport> {
  const reader = await openDataset(datasetPath);
  const recordings: Recording[] = [];
  for (const { index, readable } of reader.episodes) {
    if (!readable) continue;
    const { state, action, reward, length } = await reader.readEpisode(index);
    if (state?.length !== 2 * length || action?.length !== 2 * length) {
      throw new DataError(
        `replayRecordings: state and action must be [${length}, 2] in episode ${index}, ` +
          `got ${state?.length ?? "no"} and ${action?.length ?? "no"} numbers. Is this a PushT dataset?`,
        { path: datasetPath },
      );
    }
    recordings.push({ index, state, action, ...(reward ? { reward } : {}) });
  }
  return replay(recordings);
}

/** Replays recordings held in memory. */
export function replay(recordings: readonly Recording[]): ReplayReport {
  const errors = { open: [] as number[], one: [] as number[], stay: [] as number[], jump: [] as number[] };
  const rewardErrors: number[] = [];
  const rewardsDiffer: number[] = [];
  let knownLayouts = 0;
  let rewardsMatched = 0;
  let solvedByLastAction = 0;
  for (const recording of recordings) {
    const known = knownLayout(recording);
    const layout = known ?? parkedLayout(recording);
    const open = new PushTSimulation(layout);
    const forced = new PushTSimulation(layout);
    const T = recording.action.length / 2;
    let worst = 0;
    for (let t = 0; t < T; t++) {
      const target = pointAt(recording.action, t);
      const here = pointAt(recording.state, t);
      forced.moveAgent(...here);
      forced.step(...target);
      open.step(...target);
      if (t + 1 === T) break; // the last action leads to no recorded row
      const next = pointAt(recording.state, t + 1);
      errors.open.push(distance(open.agent, next));
      errors.one.push(distance(forced.agent, next));
      errors.stay.push(distance(here, next));
      errors.jump.push(distance(target, next));
      const recorded = recording.reward?.[t];
      if (known && recorded !== undefined) {
        const error = Math.abs(rewardOf(open.coverage) - recorded);
        rewardErrors.push(error);
        worst = Math.max(worst, error);
      }
    }
    if (!known) continue;
    knownLayouts++;
    if (open.coverage > SUCCESS_COVERAGE) solvedByLastAction++;
    if (!recording.reward) continue;
    if (worst <= REWARD_TOLERANCE) rewardsMatched++;
    else rewardsDiffer.push(recording.index);
  }
  const openLoop = summarise(errors.open);
  return {
    episodes: recordings.length,
    rows: recordings.reduce((sum, { action }) => sum + action.length / 2, 0),
    openLoop,
    oneStep: summarise(errors.one),
    baselineStay: summarise(errors.stay),
    baselineJump: summarise(errors.jump),
    meanShareOfBoard: openLoop.mean / BOARD,
    knownLayouts,
    reward: summarise(rewardErrors),
    rewardsMatched,
    rewardsDiffer,
    solvedByLastAction,
  };
}

function knownLayout({ index, state }: Recording): Layout | undefined {
  const layout = layoutOfSeed(index);
  const start = pointAt(state, 0);
  return layout.agent[0] === start[0] && layout.agent[1] === start[1] ? layout : undefined;
}

/** The recorded agent and a T in the goal, where its pose is unknown; the agent's motion does not depend on the T. */
function parkedLayout({ state }: Recording): Layout {
  return { agent: pointAt(state, 0), block: { x: 256, y: 256, angle: Math.PI / 4 } };
}

function pointAt(values: Float32Array, t: number): readonly [number, number] {
  return [values[2 * t] as number, values[2 * t + 1] as number];
}

function distance(a: readonly [number, number], b: readonly [number, number]): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

function summarise(values: readonly number[]): ErrorSummary {
  const sorted = values.toSorted((a, b) => a - b);
  const quantile = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { count: values.length, mean, p50: quantile(0.5), p95: quantile(0.95), max: quantile(1) };
}

/**
 * Where a policy is tried: a world set up for one task on one split, with the goal it is given, pictures for people,
 * and words for how a trial failed.
 */
import {
  UsageError,
  type Embodiment,
  type Goal,
  type Image,
  type Observation,
  type World,
} from "@orrery/core";
import { SPLITS, TASKS } from "@orrery/sim";
import { openKitchenArena } from "./kitchen-arena.ts";
import { openPushTArena } from "./pusht-arena.ts";

export interface Arena {
  readonly world: World;
  /** Steps after which a trial counts as failed, whatever the world says. */
  readonly maxSteps: number;
  /** Begins the trial of a seed: the same scene and goal for every policy. */
  begin(seed: number): Promise<{ readonly observation: Observation; readonly goal: Goal }>;
  /** The scene as it stands, for films. */
  picture(): Image;
  /** Why a trial that did not succeed failed; `info` of every step, in order. */
  failureOf(infos: readonly Info[]): string;
}

export type Info = Readonly<Record<string, number | string | boolean>>;

export interface ArenaOptions {
  readonly task: string;
  readonly split: string;
  /** What the policy was made for; the world is built to it. null where it acts in any body. */
  readonly embodiment: Embodiment | null;
  /** Of the kitchen, for a policy that acts in any body; the simulator's first where left out. */
  readonly body?: string;
  /** How far a novel family goes, 0 to 1. */
  readonly strength: number;
  /** Overrides the task's own time limit. */
  readonly timeLimitSec?: number;
  /** On top of the limit, whichever it is: for somebody who takes over when it is up. */
  readonly extraSec?: number;
  /** Success and failure do not end an episode; whoever acts decides when. Where the world knows no such thing they do. */
  readonly isEndless?: boolean;
  /** Side of the films' pictures. */
  readonly filmSizePx: number;
}

/** PushT's own goal, and goals as pictures from recorded trajectories. */
export const PUSHT_TASKS = ["pusht", "pusht-goal"] as const;
export const CONTROL_TASKS: readonly string[] = [...TASKS.map(({ name }) => name), ...PUSHT_TASKS];

/**
 * @throws {UsageError} for an unknown task or split, a split that the task does not have, or a policy made for a body
 *   that the task is not for
 */
export async function openArena(options: ArenaOptions): Promise<Arena> {
  checkCell(options.task, options.split);
  const isPushT = (PUSHT_TASKS as readonly string[]).includes(options.task);
  return isPushT ? openPushTArena(options) : openKitchenArena(options);
}

/** @throws {UsageError} for an unknown task or split, or a split that the task does not have */
export function checkCell(task: string, split: string): void {
  if (!CONTROL_TASKS.includes(task)) {
    throw new UsageError(`eval control: the task must be one of ${CONTROL_TASKS.join(", ")}, got "${task}".`);
  }
  const isPushT = (PUSHT_TASKS as readonly string[]).includes(task);
  const known = isPushT ? ["seen"] : SPLITS;
  if (!known.includes(split)) {
    throw new UsageError(
      `eval control: the split of ${task} must be one of ${known.join(", ")}, got "${split}".`,
    );
  }
}

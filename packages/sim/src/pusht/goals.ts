/**
 * Image goals in the style of DINO-WM (Zhou et al. 2024, arXiv:2411.04983): begin at a state of a recorded trajectory
 * and ask for the picture k steps later. Every goal is reachable, because somebody reached it.
 */
import { UsageError, type Goal, type Image, type Rng } from "@orrery/core";
import { PushTPainter } from "./picture.ts";
import type { PushTWorld, PushTWorldSnapshot } from "./world.ts";

/** The snapshots of one episode, row by row: `trajectory[t]` is the world before action t. */
export type Trajectory = readonly PushTWorldSnapshot[];

export interface ImageGoalTask {
  /** Index of the trajectory it was drawn from, and the row it begins at. */
  readonly trajectory: number;
  readonly startRow: number;
  /** Restore this into a world to begin. */
  readonly start: PushTWorldSnapshot;
  readonly goal: PushTWorldSnapshot;
}

/**
 * Draws a start row uniformly over all rows that have a row `stepsAhead` later.
 * @throws {UsageError} if no trajectory is longer than `stepsAhead`
 */
export function sampleGoalTask(
  trajectories: readonly Trajectory[],
  stepsAhead: number,
  rng: Rng,
): ImageGoalTask {
  const starts = trajectories.map((rows) => Math.max(0, rows.length - stepsAhead));
  const total = starts.reduce((sum, count) => sum + count, 0);
  if (total === 0) {
    const longest = Math.max(0, ...trajectories.map((rows) => rows.length));
    throw new UsageError(
      `sampleGoalTask: a trajectory must have more than ${stepsAhead} rows, the longest of ` +
        `${trajectories.length} has ${longest}. Ask for fewer steps ahead or record longer episodes.`,
    );
  }
  let row = rng.int(total);
  for (const [trajectory, count] of starts.entries()) {
    const rows = trajectories[trajectory];
    const start = rows?.[row];
    const goal = rows?.[row + stepsAhead];
    if (row < count && start && goal) return { trajectory, startRow: row, start, goal };
    row -= count;
  }
  throw new Error("internal: sampleGoalTask drew a row beyond the last. Please report this.");
}

/** The picture of a snapshot, as a goal for a policy. Leaves `world` as it was. */
export function imageGoal(
  world: PushTWorld,
  snapshot: PushTWorldSnapshot,
  sizePx: number,
): Goal & { image: Image } {
  const twin = world.simulation.copy();
  twin.restore(snapshot.simulation);
  return { kind: "image", image: new PushTPainter(sizePx).draw(twin) };
}

/** How far a world is from a goal state: distances of the agent and of the T's origin, and the gap of the T's angles. */
export interface GoalDistance {
  readonly agent: number;
  readonly block: number;
  readonly angleRad: number;
}

/** Compares the world's present state with the goal's. */
export function goalDistance(world: PushTWorld, goal: PushTWorldSnapshot): GoalDistance {
  const twin = world.simulation.copy();
  const { agent, block } = world.simulation;
  twin.restore(goal.simulation);
  const turn = 2 * Math.PI;
  const gap = (((block.angle - twin.block.angle) % turn) + turn) % turn;
  return {
    agent: Math.hypot(agent[0] - twin.agent[0], agent[1] - twin.agent[1]),
    block: Math.hypot(block.x - twin.block.x, block.y - twin.block.y),
    angleRad: Math.min(gap, turn - gap),
  };
}

/**
 * The PushT board: its size, the T, the goal, and how much of the goal the T covers.
 *
 * Facts from the published environment (Chi et al. 2023, Diffusion Policy; huggingface/gym-pusht 0.1). Coordinates are
 * board units with x to the right and y down; angles are radians, positive turning x towards y.
 */
import {
  area,
  clipConvex,
  momentAboutOrigin,
  place,
  rectangle,
  type Polygon,
  type Pose,
} from "./planar/polygon.ts";

/** Side of the square board. Targets lie in [0, BOARD]; the walls stand at 5 and 506. */
export const BOARD = 512;
/** Centre lines of the four walls, and half their thickness. */
export const WALL = { low: 5, high: 506, radius: 2 } as const;
export const AGENT_RADIUS = 15;
export const GOAL: Pose = { x: 256, y: 256, angle: Math.PI / 4 };
/** Coverage above which the task is done; the reward is coverage over this, at most 1. */
export const SUCCESS_COVERAGE = 0.95;

/** Bar 120 x 30 and stem 30 x 90. The T's own origin is the middle of the bar's outer edge. */
export const TEE: readonly [Polygon, Polygon] = [rectangle(-60, 0, 60, 30), rectangle(-15, 30, 15, 120)];

const BAR = TEE[0];
export const TEE_MASS = 1;
/**
 * The published inertia: that of the bar alone about the T's origin, counted twice. A uniform T of mass 1 would have
 * about 1,932 about its centroid; results are only comparable with the published number.
 */
export const TEE_INERTIA = 2 * momentAboutOrigin(1, BAR);
/** The published centre of gravity: halfway between the centres of bar and stem (the true centroid is at 40.7). */
export const TEE_CENTRE = { x: 0, y: 45 } as const;

const TEE_AREA = TEE.reduce((sum, part) => sum + area(part), 0);
const GOAL_PARTS = TEE.map((part) => place(part, GOAL));

/** The share of the goal that a T at `pose` covers, from 0 to 1: exact, by clipping rectangle against rectangle. */
export function coverageOf(pose: Pose): number {
  let shared = 0;
  for (const part of TEE) {
    const placed = place(part, pose);
    for (const goal of GOAL_PARTS) shared += area(clipConvex(placed, goal));
  }
  return shared / TEE_AREA;
}

/** The published reward for a coverage. */
export function rewardOf(coverage: number): number {
  return Math.min(1, Math.max(0, coverage / SUCCESS_COVERAGE));
}

/**
 * Strokes: how a hand gets from where it is to a point beside the T without touching it, and then pushes.
 *
 * A stroke is a list of targets, one per control step. Its timing is minimum jerk (Flash and Hogan 1985), the usual
 * model of a person's reach: slow at both ends, fastest halfway.
 */
import { AGENT_RADIUS, BOARD, TEE_CENTRE } from "../board.ts";
import type { Pose } from "../planar/polygon.ts";

export type Target = readonly [x: number, y: number];

/** A place on the T's outline where it can be pushed, in the T's own frame. */
export interface PushPoint {
  readonly x: number;
  readonly y: number;
  /** Outward unit normal; a push goes the other way. */
  readonly normalX: number;
  readonly normalY: number;
  /** Which of the eight edges it lies on. */
  readonly edge: number;
}

/** Gap between agent and T before a push, and the least kept while going around. */
const CLEARANCE = 6;
/** A circle of this radius about the T's centre of gravity keeps the agent clear of every corner (at most 76 away). */
const DETOUR_RADIUS = 76 + AGENT_RADIUS + CLEARANCE;
const OUTLINE: readonly Target[] = [
  [-60, 0],
  [60, 0],
  [60, 30],
  [15, 30],
  [15, 120],
  [-15, 120],
  [-15, 30],
  [-60, 30],
];

/** Points along the outline about `spacing` apart, those left out where the agent has no room beside the T. */
export function pushPoints(spacing: number): PushPoint[] {
  const points: PushPoint[] = [];
  OUTLINE.forEach(([ax, ay], i) => {
    const [bx, by] = OUTLINE[(i + 1) % OUTLINE.length] as Target;
    const length = Math.hypot(bx - ax, by - ay);
    const normalX = (by - ay) / length;
    const normalY = (ax - bx) / length;
    const count = Math.max(1, Math.round((length - 6) / spacing));
    for (let k = 0; k <= count; k++) {
      // 3 units from each corner: nearer, the agent slips off.
      const along = 3 + (k / count) * (length - 6);
      const x = ax + ((bx - ax) * along) / length;
      const y = ay + ((by - ay) * along) / length;
      const point = { x, y, normalX, normalY, edge: i };
      const reach = AGENT_RADIUS + 1;
      if (distanceToTee(x + normalX * reach, y + normalY * reach) > AGENT_RADIUS) points.push(point);
    }
  });
  return points;
}

/** The T's outline as seen on the board. */
export function pointOnBoard(point: PushPoint, block: Pose): PushPoint {
  const c = Math.cos(block.angle);
  const s = Math.sin(block.angle);
  return {
    x: block.x + c * point.x - s * point.y,
    y: block.y + s * point.x + c * point.y,
    normalX: c * point.normalX - s * point.normalY,
    normalY: s * point.normalX + c * point.normalY,
    edge: point.edge,
  };
}

/** The T's centre of gravity on the board. */
export function centreOfTee(block: Pose): { x: number; y: number } {
  const c = Math.cos(block.angle);
  const s = Math.sin(block.angle);
  const { x, y } = TEE_CENTRE;
  return { x: block.x + c * x - s * y, y: block.y + s * x + c * y };
}

/** Where the agent stands before pushing a point (given on the board). */
export function standBeside({ x, y, normalX, normalY }: PushPoint): Target {
  const reach = AGENT_RADIUS + CLEARANCE;
  return [x + normalX * reach, y + normalY * reach];
}

/** True where the agent can stand without leaving the walls. */
export function isOnBoard([x, y]: Target): boolean {
  const margin = 8;
  return x > margin && y > margin && x < BOARD - margin && y < BOARD - margin;
}

/** Targets that take the agent to `goal`, around the T if it is in the way. `speed` is the mean, board units a step. */
export function approach(agent: Target, goal: Target, block: Pose, speed: number): Target[] {
  if (isClear(agent, goal, block)) return timed([agent, goal], speed);
  const centre = centreOfTee(block);
  const exit = leaveTowardsCircle(agent, block, centre);
  const entry = leaveTowardsCircle(goal, block, centre);
  const from = Math.atan2(exit[1] - centre.y, exit[0] - centre.x);
  const turn = wrapAngle(Math.atan2(entry[1] - centre.y, entry[0] - centre.x) - from);
  const around = [turn, turn - Math.sign(turn) * 2 * Math.PI].map((sweep) =>
    Array.from({ length: 13 }, (_, k): Target => {
      const angle = from + (sweep * k) / 12;
      return [centre.x + DETOUR_RADIUS * Math.cos(angle), centre.y + DETOUR_RADIUS * Math.sin(angle)];
    }),
  );
  const [short = [], long = []] = around;
  // The long way round is taken only where the short one leaves the board and the long one does not.
  const way = short.every(isOnBoard) || !long.every(isOnBoard) ? short : long;
  return timed([agent, exit, ...way, entry, goal].map(ontoBoard), speed);
}

/** Targets that push a point (given on the board) by `depth` along its inward normal, from standing beside it. */
export function push(point: PushPoint, depth: number, speed: number): Target[] {
  const start = standBeside(point);
  const length = CLEARANCE + depth;
  const end: Target = [start[0] - point.normalX * length, start[1] - point.normalY * length];
  const rest = ontoBoard(end);
  // Three steps at rest let the follower, which lags by 0.2 s, come within a fifth of what was left.
  return [...timed([start, end].map(ontoBoard), speed), rest, rest, rest];
}

/** Minimum-jerk timing along a polyline. */
export function timed(line: readonly Target[], speed: number): Target[] {
  const lengths = line.slice(1).map((b, i) => {
    const a = line[i] as Target;
    return Math.hypot(b[0] - a[0], b[1] - a[1]);
  });
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const steps = Math.max(2, Math.ceil(total / speed));
  return Array.from({ length: steps }, (_, i) => {
    const u = (i + 1) / steps;
    return along(line, lengths, total * u * u * u * (10 - 15 * u + 6 * u * u));
  });
}

function along(line: readonly Target[], lengths: readonly number[], distance: number): Target {
  let left = distance;
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i] as number;
    const a = line[i] as Target;
    const b = line[i + 1] as Target;
    if (left <= length && length > 0) {
      const t = left / length;
      return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
    }
    left -= length;
  }
  return line.at(-1) as Target;
}

/** Straight away from the nearest side of the T until the detour circle; the point itself if it is outside already. */
function leaveTowardsCircle(from: Target, block: Pose, centre: { x: number; y: number }): Target {
  const dx = from[0] - centre.x;
  const dy = from[1] - centre.y;
  if (dx * dx + dy * dy >= DETOUR_RADIUS ** 2) return from;
  const [lx, ly] = inTeeFrame(from, block);
  const h = 0.5;
  const slopeX = distanceToTee(lx + h, ly) - distanceToTee(lx - h, ly);
  const slopeY = distanceToTee(lx, ly + h) - distanceToTee(lx, ly - h);
  const steepness = Math.hypot(slopeX, slopeY) || 1;
  const c = Math.cos(block.angle) / steepness;
  const s = Math.sin(block.angle) / steepness;
  const outX = c * slopeX - s * slopeY;
  const outY = s * slopeX + c * slopeY;
  const ahead = dx * outX + dy * outY;
  const reach = -ahead + Math.sqrt(ahead * ahead + DETOUR_RADIUS ** 2 - dx * dx - dy * dy);
  return [from[0] + reach * outX, from[1] + reach * outY];
}

function isClear(from: Target, to: Target, block: Pose): boolean {
  const steps = Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / 4);
  for (let i = 0; i <= steps; i++) {
    const t = i / Math.max(1, steps);
    const [x, y] = inTeeFrame([from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])], block);
    // The first steps may start in contact; what counts is that the way does not lead further in.
    const least = AGENT_RADIUS + (i < 3 ? -2 : CLEARANCE - 2);
    if (distanceToTee(x, y) < least) return false;
  }
  return true;
}

function inTeeFrame([x, y]: Target, block: Pose): Target {
  const c = Math.cos(block.angle);
  const s = Math.sin(block.angle);
  const dx = x - block.x;
  const dy = y - block.y;
  return [c * dx + s * dy, c * dy - s * dx];
}

/** From a point in the T's frame to the T, 0 inside. */
function distanceToTee(x: number, y: number): number {
  const bar = Math.hypot(Math.max(0, Math.abs(x) - 60), Math.max(0, Math.abs(y - 15) - 15));
  const stem = Math.hypot(Math.max(0, Math.abs(x) - 15), Math.max(0, Math.abs(y - 75) - 45));
  return Math.min(bar, stem);
}

function ontoBoard([x, y]: Target): Target {
  return [Math.min(BOARD, Math.max(0, x)), Math.min(BOARD, Math.max(0, y))];
}

/** The angle in [-pi, pi). */
function wrapAngle(angleRad: number): number {
  return angleRad - 2 * Math.PI * Math.floor((angleRad + Math.PI) / (2 * Math.PI));
}

/**
 * Where two shapes touch. A manifold has one normal, pointing from the first shape to the second, and one or two
 * points; each point is given on both surfaces, so that (on second - on first) . normal is the gap, negative when they
 * overlap.
 *
 * The contact points follow Chipmunk2D 7.0.3 (`cpCollision.c`), the engine under the published PushT. It finds the
 * closest features by GJK and EPA; for two corners against four an exhaustive search is as fast and gives the same
 * features, and stays exact where GJK stops at a tolerance.
 */
import type { Circle, Plate, Segment } from "./body.ts";

export interface ContactPoint {
  /** Names the features that touch, so that the next step finds this contact again. */
  readonly key: number;
  readonly firstX: number;
  readonly firstY: number;
  readonly secondX: number;
  readonly secondY: number;
}

export interface Manifold {
  readonly normalX: number;
  readonly normalY: number;
  readonly points: readonly ContactPoint[];
}

/** The direction and distance from one shape to another; `distance` is negative when they overlap. */
interface Gap {
  readonly normalX: number;
  readonly normalY: number;
  readonly distance: number;
}

/** Disc against plate: one point at most. */
export function touchCirclePlate(circle: Circle, plate: Plate): Manifold | undefined {
  const { x, y } = circle.body;
  if (!boxesMeet(x, y, x, y, circle.radius, plate)) return undefined;
  const gap = gapFromPoint(x, y, plate);
  if (gap.distance > circle.radius) return undefined;
  const { normalX, normalY, distance } = gap;
  return {
    normalX,
    normalY,
    points: [
      {
        key: 0,
        firstX: x + normalX * circle.radius,
        firstY: y + normalY * circle.radius,
        secondX: x + normalX * distance,
        secondY: y + normalY * distance,
      },
    ],
  };
}

/** Wall against plate: the overlap of the two facing edges, so two points where they lie flat on each other. */
export function touchSegmentPlate(segment: Segment, plate: Plate): Manifold | undefined {
  const { a, b, radius } = segment;
  if (!boxesMeet(a.x, a.y, b.x, b.y, radius, plate)) return undefined;
  const gap = gapFromSegment(segment, plate);
  if (gap.distance > radius) return undefined;
  const { normalX, normalY } = gap;
  const first = facingSegmentEdge(segment, normalX, normalY);
  const second = facingPlateEdge(plate, -normalX, -normalY);
  const points = [
    pairUp(first, second, first.fromX, first.fromY, second.toX, second.toY, 0),
    pairUp(first, second, first.toX, first.toY, second.fromX, second.fromY, 1),
  ].filter((point) => point !== undefined);
  return { normalX, normalY, points };

  /** Corner of one edge against the point opposite it on the other, each clamped to its edge. */
  function pairUp(
    e1: Edge,
    e2: Edge,
    x1: number,
    y1: number,
    x2: number,
    y2: number,
    end: number,
  ): ContactPoint | undefined {
    const p1 = pointLevelWith(e1, x2 * normalY - y2 * normalX, normalX, normalY);
    const p2 = pointLevelWith(e2, x1 * normalY - y1 * normalX, normalX, normalY);
    const firstX = p1.x + normalX * radius;
    const firstY = p1.y + normalY * radius;
    const overlap = (p2.x - firstX) * normalX + (p2.y - firstY) * normalY;
    if (overlap > 0) return undefined;
    const key = end === 0 ? e1.fromId * 16 + e2.toId : e1.toId * 16 + e2.fromId;
    return { key, firstX, firstY, secondX: p2.x, secondY: p2.y };
  }
}

interface Edge {
  readonly fromX: number;
  readonly fromY: number;
  readonly toX: number;
  readonly toY: number;
  readonly fromId: number;
  readonly toId: number;
}

function pointLevelWith(edge: Edge, level: number, nx: number, ny: number): { x: number; y: number } {
  const from = edge.fromX * ny - edge.fromY * nx;
  const to = edge.toX * ny - edge.toY * nx;
  // The smallest double keeps an edge seen end-on from dividing by zero, as in Chipmunk.
  const t = Math.min(1, Math.max(0, (level - from) / (to - from + 2.2250738585072014e-308)));
  return { x: edge.fromX + t * (edge.toX - edge.fromX), y: edge.fromY + t * (edge.toY - edge.fromY) };
}

/** The segment as an edge whose left-hand side faces away from `n`, matching the turn of plate edges. */
function facingSegmentEdge({ a, b }: Segment, nx: number, ny: number): Edge {
  const facesNormal = (b.y - a.y) * nx - (b.x - a.x) * ny > 0;
  return facesNormal
    ? { fromX: a.x, fromY: a.y, toX: b.x, toY: b.y, fromId: 0, toId: 1 }
    : { fromX: b.x, fromY: b.y, toX: a.x, toY: a.y, fromId: 1, toId: 0 };
}

/** The edge of the plate at its furthest corner along `n` whose outward normal is nearest to `n`. */
function facingPlateEdge(plate: Plate, nx: number, ny: number): Edge {
  const w = plate.world;
  const count = w.length / 2;
  let far = 0;
  let best = -Infinity;
  for (let i = 0; i < count; i++) {
    const reach = at(w, 2 * i) * nx + at(w, 2 * i + 1) * ny;
    if (reach > best) {
      best = reach;
      far = i;
    }
  }
  const before = (far + count - 1) % count;
  const after = (far + 1) % count;
  const alignment = (i: number, j: number): number => {
    const dx = at(w, 2 * j) - at(w, 2 * i);
    const dy = at(w, 2 * j + 1) - at(w, 2 * i + 1);
    return (dy * nx - dx * ny) / Math.hypot(dx, dy);
  };
  const [from, to] = alignment(before, far) > alignment(far, after) ? [before, far] : [far, after];
  return {
    fromX: at(w, 2 * from),
    fromY: at(w, 2 * from + 1),
    toX: at(w, 2 * to),
    toY: at(w, 2 * to + 1),
    fromId: from,
    toId: to,
  };
}

/** From a point to the plate: to its nearest edge or corner, or out of its shallowest face when inside. */
function gapFromPoint(px: number, py: number, plate: Plate): Gap {
  const w = plate.world;
  const count = w.length / 2;
  let shallow: Gap = { normalX: 0, normalY: 0, distance: -Infinity };
  let nearX = 0;
  let nearY = 0;
  let nearest = Infinity;
  for (let i = 0; i < count; i++) {
    const j = (i + 1) % count;
    const ax = at(w, 2 * i);
    const ay = at(w, 2 * i + 1);
    const dx = at(w, 2 * j) - ax;
    const dy = at(w, 2 * j + 1) - ay;
    const length = Math.hypot(dx, dy);
    const outX = dy / length;
    const outY = -dx / length;
    const outside = (px - ax) * outX + (py - ay) * outY;
    if (outside > shallow.distance) shallow = { normalX: -outX, normalY: -outY, distance: outside };
    const t = Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / (length * length)));
    const qx = ax + t * dx - px;
    const qy = ay + t * dy - py;
    const squared = qx * qx + qy * qy;
    if (squared < nearest) {
      nearest = squared;
      nearX = qx;
      nearY = qy;
    }
  }
  if (shallow.distance <= 0) return shallow;
  const distance = Math.sqrt(nearest);
  return { normalX: nearX / distance, normalY: nearY / distance, distance };
}

/** From the middle line of a wall (its radius left out) to the plate. */
function gapFromSegment({ a, b }: Segment, plate: Plate): Gap {
  const w = plate.world;
  const count = w.length / 2;
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = Math.hypot(dx, dy);
  const sideX = dy / length;
  const sideY = -dx / length;
  const sa = gapFromPoint(a.x, a.y, plate);
  const sb = gapFromPoint(b.x, b.y, plate);
  let nearest = sa.distance < sb.distance ? sa : sb;
  let lowest = Infinity;
  let highest = -Infinity;
  for (let i = 0; i < count; i++) {
    const rx = at(w, 2 * i) - a.x;
    const ry = at(w, 2 * i + 1) - a.y;
    const height = rx * sideX + ry * sideY;
    lowest = Math.min(lowest, height);
    highest = Math.max(highest, height);
    const t = Math.min(1, Math.max(0, (rx * dx + ry * dy) / (length * length)));
    const qx = rx - t * dx;
    const qy = ry - t * dy;
    const distance = Math.hypot(qx, qy);
    if (distance > 0 && distance < nearest.distance) {
      nearest = { normalX: qx / distance, normalY: qy / distance, distance };
    }
  }
  const apart = separationAlongFaces(a.x, a.y, b.x, b.y, plate);
  const alongWall = Math.max(lowest, -highest);
  if (Math.max(apart.distance, alongWall) > 0) return nearest;
  // They overlap: leave along the axis with the least depth.
  if (apart.distance > alongWall) return apart;
  const sign = lowest >= -highest ? 1 : -1;
  return { normalX: sign * sideX, normalY: sign * sideY, distance: alongWall };
}

/** The plate face that keeps the segment furthest out. */
function separationAlongFaces(ax: number, ay: number, bx: number, by: number, plate: Plate): Gap {
  const w = plate.world;
  const count = w.length / 2;
  let best: Gap = { normalX: 0, normalY: 0, distance: -Infinity };
  for (let i = 0; i < count; i++) {
    const j = (i + 1) % count;
    const cx = at(w, 2 * i);
    const cy = at(w, 2 * i + 1);
    const dx = at(w, 2 * j) - cx;
    const dy = at(w, 2 * j + 1) - cy;
    const length = Math.hypot(dx, dy);
    const outX = dy / length;
    const outY = -dx / length;
    const outside = Math.min((ax - cx) * outX + (ay - cy) * outY, (bx - cx) * outX + (by - cy) * outY);
    if (outside > best.distance) best = { normalX: -outX, normalY: -outY, distance: outside };
  }
  return best;
}

function boxesMeet(ax: number, ay: number, bx: number, by: number, radius: number, plate: Plate): boolean {
  const w = plate.world;
  let left = Infinity;
  let right = -Infinity;
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < w.length; i += 2) {
    left = Math.min(left, at(w, i));
    right = Math.max(right, at(w, i));
    low = Math.min(low, at(w, i + 1));
    high = Math.max(high, at(w, i + 1));
  }
  return (
    Math.min(ax, bx) - radius <= right &&
    Math.max(ax, bx) + radius >= left &&
    Math.min(ay, by) - radius <= high &&
    Math.max(ay, by) + radius >= low
  );
}

function at(values: Float64Array, i: number): number {
  return values[i] as number;
}

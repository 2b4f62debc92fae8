/**
 * Plane geometry of convex polygons: area, centroid, moment of inertia, intersection.
 * Vertices are listed counter-clockwise in a frame with x to the right and y up. The board's pictures have y down,
 * where the same list looks clockwise; nothing here depends on which way it is drawn.
 */

export interface Vec {
  readonly x: number;
  readonly y: number;
}

/** Corner list of a convex polygon, counter-clockwise. */
export type Polygon = readonly Vec[];

/** A position and a heading: where a body's own origin lies on the board, and its angle in radians. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
}

/** An axis-aligned rectangle as a polygon. */
export function rectangle(left: number, bottom: number, right: number, top: number): Polygon {
  return [
    { x: left, y: bottom },
    { x: right, y: bottom },
    { x: right, y: top },
    { x: left, y: top },
  ];
}

/** The polygon moved from a body's own frame to the frame the pose is given in. */
export function place(polygon: Polygon, pose: Pose): Polygon {
  const c = Math.cos(pose.angle);
  const s = Math.sin(pose.angle);
  return polygon.map(({ x, y }) => ({ x: pose.x + c * x - s * y, y: pose.y + s * x + c * y }));
}

/** Signed area: positive for counter-clockwise corners. */
export function area(polygon: Polygon): number {
  let twice = 0;
  for (const [a, b] of edges(polygon)) twice += a.x * b.y - a.y * b.x;
  return twice / 2;
}

/** Centre of mass at uniform density. */
export function centroid(polygon: Polygon): Vec {
  let x = 0;
  let y = 0;
  let twice = 0;
  for (const [a, b] of edges(polygon)) {
    const cross = a.x * b.y - a.y * b.x;
    x += (a.x + b.x) * cross;
    y += (a.y + b.y) * cross;
    twice += cross;
  }
  return { x: x / (3 * twice), y: y / (3 * twice) };
}

/** Moment of inertia about the frame's origin (not the centroid) of a uniform plate of the given mass. */
export function momentAboutOrigin(mass: number, polygon: Polygon): number {
  let weighted = 0;
  let twice = 0;
  for (const [a, b] of edges(polygon)) {
    const cross = a.x * b.y - a.y * b.x;
    weighted += cross * (dot(a, a) + dot(a, b) + dot(b, b));
    twice += cross;
  }
  return (mass * weighted) / (6 * twice);
}

/** The part of `subject` inside `clip` (Sutherland-Hodgman; exact because both are convex). Empty if they are apart. */
export function clipConvex(subject: Polygon, clip: Polygon): Polygon {
  let kept: Polygon = subject;
  for (const [a, b] of edges(clip)) {
    if (kept.length === 0) break;
    kept = keepLeftOf(kept, a, b);
  }
  return kept;
}

function keepLeftOf(polygon: Polygon, a: Vec, b: Vec): Polygon {
  const side = (p: Vec): number => (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
  const out: Vec[] = [];
  for (const [p, q] of edges(polygon)) {
    const sp = side(p);
    const sq = side(q);
    if (sp >= 0) out.push(p);
    if (sp >= 0 !== sq >= 0) {
      const t = sp / (sp - sq);
      out.push({ x: p.x + t * (q.x - p.x), y: p.y + t * (q.y - p.y) });
    }
  }
  return out;
}

function edges(polygon: Polygon): [Vec, Vec][] {
  return polygon.map((a, i) => [a, polygon[(i + 1) % polygon.length] as Vec]);
}

function dot(a: Vec, b: Vec): number {
  return a.x * b.x + a.y * b.y;
}

/** Nearest points of two line segments, for capsules. */

/** Where the last call of `nearest` found the two points: shares of the way along each segment, 0 to 1. */
export const nearestAt = { s: 0, t: 0 };

/**
 * Distance between segments held in `ends` as [x, y, z, x, y, z] from `a` and from `b` on; `nearestAt` says where.
 * Source: Ericson 2005, "Real-Time Collision Detection", 5.1.9.
 */
export function nearest(ends: Float64Array, a: number, b: number): number {
  const ux = ends[a + 3]! - ends[a]!,
    uy = ends[a + 4]! - ends[a + 1]!,
    uz = ends[a + 5]! - ends[a + 2]!;
  const vx = ends[b + 3]! - ends[b]!,
    vy = ends[b + 4]! - ends[b + 1]!,
    vz = ends[b + 5]! - ends[b + 2]!;
  const wx = ends[a]! - ends[b]!,
    wy = ends[a + 1]! - ends[b + 1]!,
    wz = ends[a + 2]! - ends[b + 2]!;
  const uu = ux * ux + uy * uy + uz * uz;
  const vv = vx * vx + vy * vy + vz * vz;
  const uv = ux * vx + uy * vy + uz * vz;
  const uw = ux * wx + uy * wy + uz * wz;
  const vw = vx * wx + vy * wy + vz * wz;
  const across = uu * vv - uv * uv; // 0 for parallel segments; then any point will do
  let s = across > 1e-12 ? clamp01((uv * vw - uw * vv) / across) : 0;
  const t = vv > 1e-12 ? clamp01((uv * s + vw) / vv) : 0;
  // The best place on the first segment for that point of the second, which clamping may have moved.
  s = uu > 1e-12 ? clamp01((uv * t - uw) / uu) : 0;
  nearestAt.s = s;
  nearestAt.t = t;
  const dx = wx + s * ux - t * vx,
    dy = wy + s * uy - t * vy,
    dz = wz + s * uz - t * vz;
  return Math.sqrt(dx * dx + dy * dy + dz * dz);
}

function clamp01(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

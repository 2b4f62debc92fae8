/** The few vector and rotation sums that control needs. Quaternions are w x y z, matrices row-major [9]. */

export type Vec3 = readonly [number, number, number];
export type Quat = readonly [number, number, number, number];

export const IDENTITY: Quat = [1, 0, 0, 0];

export function add(a: Vec3, b: Vec3): Vec3 {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

export function sub(a: Vec3, b: Vec3): Vec3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function scale(a: Vec3, k: number): Vec3 {
  return [a[0] * k, a[1] * k, a[2] * k];
}

export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function norm(a: Vec3): number {
  return Math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
}

export function distance(a: Vec3, b: Vec3): number {
  return norm(sub(a, b));
}

/** `a` made no longer than `limit`. */
export function limitNorm(a: Vec3, limit: number): Vec3 {
  const length = norm(a);
  return length > limit ? scale(a, limit / length) : a;
}

/** The three numbers of entry `i` in a flat [n, 3] array. */
export function vec3At(flat: ArrayLike<number>, i: number): Vec3 {
  return [flat[3 * i]!, flat[3 * i + 1]!, flat[3 * i + 2]!];
}

export function multiply(a: Quat, b: Quat): Quat {
  const aw = a[0],
    ax = a[1],
    ay = a[2],
    az = a[3];
  const bw = b[0],
    bx = b[1],
    by = b[2],
    bz = b[3];
  return [
    aw * bw - ax * bx - ay * by - az * bz,
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
  ];
}

export function conjugate(q: Quat): Quat {
  return [q[0], -q[1], -q[2], -q[3]];
}

export function normalise(q: Quat): Quat {
  const n = Math.sqrt(q[0] ** 2 + q[1] ** 2 + q[2] ** 2 + q[3] ** 2);
  return [q[0] / n, q[1] / n, q[2] / n, q[3] / n];
}

export function rotate(q: Quat, v: Vec3): Vec3 {
  const turned = multiply(multiply(q, [0, v[0], v[1], v[2]]), conjugate(q));
  return [turned[1], turned[2], turned[3]];
}

/** Rotation by |r| rad about r. */
export function fromRotationVector(r: Vec3): Quat {
  const angle = norm(r);
  if (angle < 1e-12) return IDENTITY;
  const k = Math.sin(angle / 2) / angle;
  return [Math.cos(angle / 2), r[0] * k, r[1] * k, r[2] * k];
}

/** The shorter way round, |result| at most pi. */
export function toRotationVector(q: Quat): Vec3 {
  const sign = q[0] < 0 ? -1 : 1;
  const sine = Math.sqrt(q[1] ** 2 + q[2] ** 2 + q[3] ** 2);
  if (sine < 1e-12) return [0, 0, 0];
  const k = (sign * 2 * Math.atan2(sine, sign * q[0])) / sine;
  return [q[1] * k, q[2] * k, q[3] * k];
}

/** Rotation about the vertical. */
export function yaw(angleRad: number): Quat {
  return [Math.cos(angleRad / 2), 0, 0, Math.sin(angleRad / 2)];
}

export function fromMatrix(m: ArrayLike<number>, at = 0): Quat {
  const m00 = m[at]!,
    m11 = m[at + 4]!,
    m22 = m[at + 8]!;
  // Shepperd's method: start from the largest component, so that nothing is divided by a small number.
  let largest = 0,
    trace = m00 + m11 + m22;
  if (m00 - m11 - m22 > trace) [largest, trace] = [1, m00 - m11 - m22];
  if (m11 - m00 - m22 > trace) [largest, trace] = [2, m11 - m00 - m22];
  if (m22 - m00 - m11 > trace) [largest, trace] = [3, m22 - m00 - m11];
  const big = Math.sqrt(1 + trace) / 2;
  const k = 1 / (4 * big);
  const wx = (m[at + 7]! - m[at + 5]!) * k,
    wy = (m[at + 2]! - m[at + 6]!) * k,
    wz = (m[at + 3]! - m[at + 1]!) * k;
  const xy = (m[at + 1]! + m[at + 3]!) * k,
    xz = (m[at + 2]! + m[at + 6]!) * k,
    yz = (m[at + 5]! + m[at + 7]!) * k;
  switch (largest) {
    case 0:
      return [big, wx, wy, wz];
    case 1:
      return [wx, big, xy, xz];
    case 2:
      return [wy, xy, big, yz];
    default:
      return [wz, xz, yz, big];
  }
}

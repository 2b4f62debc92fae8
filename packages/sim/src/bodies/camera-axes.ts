/** Camera orientation for MJCF's `xyaxes`. */

/**
 * The right and up axes of a camera that looks along `forward` (unit) with `up` (unit, across it), after turning it
 * by small `angles` (rad) about its right, up and backward axes.
 */
export function cameraAxes(
  forward: readonly [number, number, number],
  up: readonly [number, number, number],
  angles: readonly [number, number, number],
): number[] {
  const right = cross(forward, up);
  const back = forward.map((v) => -v);
  const [pitch, yaw, roll] = angles;
  // To first order, which for jitter of a few degrees is exact enough; MuJoCo makes the axes orthonormal.
  const turnedRight = right.map((v, i) => v - yaw * back[i]! + roll * up[i]!);
  const turnedUp = up.map((v, i) => v + pitch * back[i]! - roll * right[i]!);
  return [...turnedRight, ...turnedUp];
}

function cross(a: readonly number[], b: readonly number[]): [number, number, number] {
  const [ax = 0, ay = 0, az = 0] = a;
  const [bx = 0, by = 0, bz = 0] = b;
  return [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];
}

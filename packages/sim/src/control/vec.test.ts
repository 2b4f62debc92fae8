import { expect, test } from "vitest";
import {
  type Vec3,
  fromMatrix,
  fromRotationVector,
  limitNorm,
  multiply,
  rotate,
  toRotationVector,
  yaw,
} from "./vec.ts";

test("rotation vectors and quaternions are two names of one rotation", () => {
  for (const r of [
    [0.1, -0.2, 0.3],
    [2, 1, -1],
    [0, 0, 0],
    [0, 0, 3.1],
  ] as const) {
    const back = toRotationVector(fromRotationVector(r));
    back.forEach((v, i) => expect(v).toBeCloseTo(r[i]!, 12));
  }
  // The shorter way round: 3.5 rad about x is 2 pi - 3.5 rad the other way.
  expect(toRotationVector(fromRotationVector([3.5, 0, 0]))[0]).toBeCloseTo(3.5 - 2 * Math.PI, 12);
});

test("a quarter turn about the vertical takes x to y, composed or from a matrix", () => {
  const quarter = yaw(Math.PI / 2);
  const close = (v: Vec3, w: Vec3): void => v.forEach((x, i) => expect(x).toBeCloseTo(w[i]!, 12));
  close(rotate(quarter, [1, 0, 0]), [0, 1, 0]);
  close(rotate(multiply(quarter, quarter), [1, 0, 0]), [-1, 0, 0]);
  close(rotate(fromMatrix([0, -1, 0, 1, 0, 0, 0, 0, 1]), [1, 0, 0]), [0, 1, 0]);
  // Half turns are where a careless conversion divides by zero.
  close(rotate(fromMatrix([-1, 0, 0, 0, -1, 0, 0, 0, 1]), [1, 0, 0]), [-1, 0, 0]);
  close(rotate(fromMatrix([-1, 0, 0, 0, 1, 0, 0, 0, -1]), [0, 0, 1]), [0, 0, -1]);
});

test("limitNorm shortens and never lengthens", () => {
  expect(limitNorm([3, 4, 0], 1)[0]).toBeCloseTo(0.6, 12);
  expect(limitNorm([0.3, 0.4, 0], 1)).toEqual([0.3, 0.4, 0]);
});

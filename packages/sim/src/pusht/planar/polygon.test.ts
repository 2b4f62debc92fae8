import { expect, test } from "vitest";
import { area, centroid, clipConvex, momentAboutOrigin, place, rectangle } from "./polygon.ts";

const unit = rectangle(0, 0, 1, 1);

test("area, centroid and moment of a rectangle match the textbook", () => {
  const plate = rectangle(-60, 0, 60, 30);
  expect(area(plate)).toBe(3600);
  expect(centroid(plate)).toEqual({ x: 0, y: 15 });
  // m (w^2 + h^2) / 12 about the centre, plus m d^2 to the origin.
  expect(momentAboutOrigin(2, plate)).toBeCloseTo(2 * ((120 ** 2 + 30 ** 2) / 12 + 15 ** 2), 9);
});

test("placing a polygon keeps its area and moves its centroid with it", () => {
  const placed = place(rectangle(-1, -2, 1, 2), { x: 5, y: 7, angle: 0.7 });
  expect(area(placed)).toBeCloseTo(8, 12);
  expect(centroid(placed).x).toBeCloseTo(5, 12);
  expect(centroid(placed).y).toBeCloseTo(7, 12);
});

test("clipping gives known intersections", () => {
  expect(area(clipConvex(unit, rectangle(0.5, 0.25, 3, 3)))).toBeCloseTo(0.375, 12);
  expect(clipConvex(unit, rectangle(2, 2, 3, 3))).toEqual([]);
  expect(area(clipConvex(unit, unit))).toBeCloseTo(1, 12);
  // Two unit squares turned against each other by 45 degrees share a regular octagon: 2 (sqrt 2 - 1).
  const centred = rectangle(-0.5, -0.5, 0.5, 0.5);
  const turned = place(centred, { x: 0, y: 0, angle: Math.PI / 4 });
  expect(area(clipConvex(centred, turned))).toBeCloseTo(2 * (Math.SQRT2 - 1), 12);
});

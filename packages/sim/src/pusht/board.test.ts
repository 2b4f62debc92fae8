import { expect, test } from "vitest";
import { GOAL, TEE, TEE_CENTRE, TEE_INERTIA, TEE_MASS, coverageOf, rewardOf } from "./board.ts";
import { area } from "./planar/polygon.ts";

test("the T has the published mass, inertia, centre and area", () => {
  expect(TEE_MASS).toBe(1);
  expect(TEE_INERTIA).toBeCloseTo(3000, 9);
  expect(TEE_CENTRE).toEqual({ x: 0, y: 45 });
  expect(TEE.map(area)).toEqual([3600, 2700]);
});

test("coverage of known poses", () => {
  expect(coverageOf(GOAL)).toBeCloseTo(1, 12);
  expect(coverageOf({ x: 20, y: 20, angle: 0 })).toBe(0);
  expect(coverageOf({ ...GOAL, angle: GOAL.angle + 2 * Math.PI })).toBeCloseTo(1, 12);
  // Slid by 10 along the bar: the bar keeps 110 of 120 and the stem 20 of 30 of their width.
  const slide = { x: 10 * Math.cos(GOAL.angle), y: 10 * Math.sin(GOAL.angle) };
  const slid = { x: GOAL.x + slide.x, y: GOAL.y + slide.y, angle: GOAL.angle };
  expect(coverageOf(slid)).toBeCloseTo((110 * 30 + 20 * 90) / 6300, 12);
  // Slid by 10 along the stem: only the top 10 of the bar's edges stick out, the stem's end and the bar's outer strip.
  const down = { x: GOAL.x - slide.y, y: GOAL.y + slide.x, angle: GOAL.angle };
  expect(coverageOf(down)).toBeCloseTo((120 * 20 + 30 * 10 + 30 * 80) / 6300, 12);
});

test("reward is coverage over 0.95, at most 1", () => {
  expect(rewardOf(0.475)).toBe(0.5);
  expect(rewardOf(0.97)).toBe(1);
  expect(rewardOf(0)).toBe(0);
});

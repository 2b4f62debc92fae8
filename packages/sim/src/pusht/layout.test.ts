import { UsageError } from "@orrery/core";
import { expect, test } from "vitest";
import { RandomState, layoutOfSeed, turnAboutCentre } from "./layout.ts";

test("draws equal NumPy's RandomState", () => {
  // numpy 2.4: r = RandomState(0); 4 x randint(50, 450), 3 x randn(), randint(0, 100)
  const r = new RandomState(0);
  expect([1, 2, 3, 4].map(() => r.integer(50, 450))).toEqual([222, 97, 167, 242]);
  expect([r.normal(), r.normal(), r.normal()]).toEqual([
    0.9787379841057392, 2.240893199201458, 1.8675579901499675,
  ]);
  expect(r.integer(0, 100)).toBe(36);
});

test.each([
  [1, [87, 285], [172, 355, -6.595749753457083]],
  [42, [152, 398], [370, 206, -0.16423722535645258]],
  [100000, [235, 124], [335, 128, -0.9049274284249247]],
  [4294967295, [340, 62], [171, 164, -2.6307466406555617]],
])("seed %i lays the board as the published environment does", (seed, agent, [x = 0, y = 0, angle = 0]) => {
  expect(layoutOfSeed(seed)).toEqual({ agent, block: turnAboutCentre(x, y, angle) });
});

test("turning after placing gives the example in gym-pusht's documentation", () => {
  const { x, y, angle } = turnAboutCentre(20, 30, 1);
  expect(x).toBeCloseTo(57.866196, 5);
  expect(y).toBeCloseTo(50.686398, 5);
  expect(angle).toBe(1);
});

test("a seed out of range is refused", () => {
  expect(() => layoutOfSeed(-1)).toThrow(UsageError);
  expect(() => layoutOfSeed(2 ** 32)).toThrow("from 0 to 4294967295, got 4294967296");
  expect(() => layoutOfSeed(0.5)).toThrow("whole number");
});

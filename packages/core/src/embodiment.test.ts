import { expect, test } from "vitest";
import { namesOf, widthOf, type StatePart } from "./embodiment.ts";

const PARTS: StatePart[] = [
  { name: "arm", width: 3, unit: "rad" },
  { name: "gripper", width: 1, unit: "1" },
  { name: "base", width: 2, unit: "m", names: ["base.x", "base.y"] },
];

test("parts add up, and every number gets one name", () => {
  expect(widthOf(PARTS)).toBe(6);
  expect(namesOf(PARTS)).toEqual(["arm_0", "arm_1", "arm_2", "gripper", "base.x", "base.y"]);
  expect([widthOf([]), namesOf([])]).toEqual([0, []]);
});

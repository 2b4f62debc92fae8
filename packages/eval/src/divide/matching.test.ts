import { UsageError } from "@orrery/core";
import { expect, test } from "vitest";
import { assertMatched, compareTraining, type TrainingFacts } from "./matching.ts";

const facts: TrainingFacts = {
  run: "runs/a",
  seed: 0,
  given: ["abc", "def"],
  givenFrames: 1000,
  usedEpisodes: 40,
  usedFrames: 1000,
  parameters: 2_000_000,
  steps: 3000,
  seconds: 600,
  machine: "two cores",
};

test("equal terms pass, imitation's smaller share of the same recordings included", () => {
  const other = { ...facts, run: "runs/b", usedFrames: 400, parameters: 2_050_000, seconds: 660 };
  expect(() => assertMatched(facts, other, "Do it again.")).not.toThrow();
  expect(compareTraining(facts, other).find(({ what }) => what === "training seconds")).toMatchObject({
    first: 600,
    second: 660,
    gap: 60 / 660,
    isMatched: true,
  });
});

test.each([
  [{ parameters: 2_100_000 }, /parameters 2000000 and 2100000 differ by 4\.8 %, allowed 3\.0 %/],
  [{ steps: 2900 }, /optimiser steps 3000 and 2900 differ by 3\.3 %/],
  [{ seconds: 720 }, /training seconds 600 and 720 differ by 16\.7 %/],
  [{ given: ["abc"], givenFrames: 500 }, /recordings given differ \(1000 frames; 500 frames\)/],
  [{ machine: "sixteen cores" }, /machine differ/],
] as const)("%o is refused by name", (change, message) => {
  const other = { ...facts, run: "runs/b", ...change };
  expect(() => assertMatched(facts, other, "Do it again.")).toThrow(UsageError);
  expect(() => assertMatched(facts, other, "Do it again.")).toThrow(message);
  expect(() => assertMatched(facts, other, "Do it again.")).toThrow(/runs\/a and runs\/b.*Do it again\./);
});

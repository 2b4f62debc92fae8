import { ConfigError } from "@orrery/core";
import { expect, test } from "vitest";
import { warmupConstant, warmupStableDecay } from "./schedule.ts";

const phases = { warmupSteps: 4, totalSteps: 20, decaySteps: 8 } as const;

test("warmupStableDecay rises, holds, and falls by the chosen form", () => {
  const at = (decay: "linear" | "sqrt" | "cosine"): number[] => {
    const schedule = warmupStableDecay({ ...phases, decay });
    return [0, 3, 4, 11, 12, 14, 16, 20, 1000].map(schedule);
  };
  expect(at("linear")).toEqual([0.25, 1, 1, 1, 1, 0.75, 0.5, 0, 0]);
  expect(at("sqrt")).toEqual([0.25, 1, 1, 1, 1, 0.5, 1 - Math.SQRT1_2, 0, 0]);
  const cosine = at("cosine");
  expect(cosine[5]).toBeCloseTo((1 + Math.SQRT1_2) / 2, 12);
  expect(cosine[6]).toBeCloseTo(0.5, 12);
});

test("warmupStableDecay ends at the final factor", () => {
  expect(warmupStableDecay({ ...phases, finalFactor: 0.1 })(20)).toBeCloseTo(0.1, 12);
  expect(warmupStableDecay({ warmupSteps: 0, totalSteps: 5, decaySteps: 0, finalFactor: 1 })(7)).toBe(1);
});

test("warmupStableDecay names every problem at once", () => {
  const make = (): unknown =>
    warmupStableDecay({ warmupSteps: -1, totalSteps: 3, decaySteps: 8, finalFactor: 2 });
  expect(make).toThrow(ConfigError);
  expect(make).toThrow(/warmupSteps must be.*got -1; .*at most totalSteps 3, got 7; finalFactor .* got 2/);
});

test("warmupConstant stays at the peak", () => {
  expect([0, 1, 2, 3, 1e6].map(warmupConstant(4))).toEqual([0.25, 0.5, 0.75, 1, 1]);
});

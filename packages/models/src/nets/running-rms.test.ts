import { expect, test } from "vitest";
import { RunningRms } from "./running-rms.ts";

test("a loss of constant size is brought to 1 from its first step on", () => {
  const rms = new RunningRms(0.9);
  for (let i = 0; i < 5; i++) expect(4 * rms.factor("flow", 4)).toBeCloseTo(1, 12);
});

test("the average is the exponentially weighted root mean square, without a bias to 0", () => {
  const rms = new RunningRms(0.5);
  rms.factor("flow", 1);
  // Weights 1/4 and 1/2 of squares 1 and 9, over 3/4.
  expect(rms.factor("flow", 3)).toBeCloseTo(1 / Math.sqrt((0.25 * 1 + 0.5 * 9) / 0.75), 12);
});

test("losses do not mix, and a value that is not finite counts as nothing", () => {
  const rms = new RunningRms();
  rms.factor("flow", 2);
  expect(rms.factor("reward", 100)).toBeCloseTo(0.01, 12);
  expect(rms.factor("flow", Number.NaN)).toBe(0);
  expect(rms.factor("flow", Infinity)).toBe(0);
  expect(rms.factor("flow", 2)).toBeCloseTo(0.5, 12);
  expect(rms.factor("nothing", 0)).toBe(1e8); // and not infinite
});

test("put back, it goes on with the same factors", () => {
  const [a, b] = [new RunningRms(), new RunningRms()];
  for (const value of [3, 1, 4]) a.factor("flow", value);
  b.factor("old", 1);
  b.restore(JSON.parse(JSON.stringify(a.state)) as typeof a.state);
  expect(b.state).toEqual(a.state);
  expect(b.factor("flow", 5)).toBe(a.factor("flow", 5));
});

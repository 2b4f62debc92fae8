import type { TrialRecord } from "@orrery/eval/control";
import { expect, test } from "vitest";
import { judge, standingOf } from "./gate.ts";

/** Trials of one policy, "1" for a success. */
const trials = (outcomes: string, task = "reach"): TrialRecord[] =>
  Array.from(outcomes, (outcome, trial) => ({
    policy: "p",
    task,
    split: "seen",
    trial,
    seed: 1_000_000 + trial,
    success: outcome === "1",
    return: 0,
    steps: 10,
    secondsToSuccess: null,
    failure: null,
    decisionMs: [],
    msPerStep: 0,
    stops: 0,
    fingerprint: "",
  }));

test("the margin must be exceeded, not met", () => {
  const old = trials("00000000001111111111");
  // One more of twenty is 5 points.
  const one = judge(trials("10000000001111111111"), old, 0.05);
  expect([one.isPromoted, one.difference.success.value]).toEqual([false, 0.05]);
  const two = judge(trials("11000000001111111111"), old, 0.05);
  expect(two.isPromoted).toBe(true);
  expect(two.reason).toBe(
    "promoted: better by 10.0 points on 20 equal trials, more than the 5.0 that were asked for",
  );
  const worse = judge(trials("00000000000111111111"), old, 0);
  expect(worse.reason).toBe(
    "refused: worse by 5.0 points on 20 equal trials; to be promoted it must be better by more than 0.0",
  );
});

test("trials are paired by task and number; those that only one side has do not count", () => {
  const first = [...trials("11", "reach"), ...trials("01", "push")];
  const second = [...trials("10", "reach"), ...trials("1", "push")];
  // Pairs: 1-1, 1-0, 0-1.
  expect(judge(first, second, 0).difference).toMatchObject({ pairs: 3, success: { value: 0 }, p: 1 });
  const { success, ci95, tasks } = standingOf("r1", [...trials("000"), ...trials("1", "push")]);
  expect([success, tasks["reach"]?.success, tasks["push"]?.success]).toEqual([0.25, 0, 1]);
  // Wilson's interval of 1 in 4.
  expect(ci95[0]).toBeCloseTo(0.0456, 3);
  expect(ci95[1]).toBeCloseTo(0.6994, 3);
});

import { makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import type { TrialRecord } from "../control/trial-log.ts";
import { judge, latencyOf } from "./verdict.ts";

/** Trials of one training seed on one split, from a text of 1s and 0s. */
function trials(outcomes: string, split = "seen", more: Partial<TrialRecord> = {}): TrialRecord[] {
  return Array.from(outcomes).map((outcome, trial) => ({
    policy: "p",
    fingerprint: "",
    task: "reach",
    split,
    trial,
    seed: trial,
    success: outcome === "1",
    return: 0,
    steps: 10,
    secondsToSuccess: null,
    failure: null,
    decisionMs: [4, 6],
    msPerStep: 1,
    stops: 0,
    ...more,
  }));
}

const ten = (text: string): string => text.repeat(10);

test("a clear difference is a win, whoever it belongs to, with the seeds beside it", () => {
  const good = [trials(ten("111")), trials(ten("110"))];
  const bad = [trials(ten("000")), trials(ten("100"))];
  const [verdict] = judge(good, bad, makeRng(1));
  expect(verdict).toMatchObject({ task: "reach", split: "seen", winner: "world model" });
  expect(verdict?.scores[0].bySeed.map((x) => x.toFixed(2))).toEqual(["1.00", "0.67"]);
  expect(verdict?.scores[1].success).toBeCloseTo(1 / 6, 9);
  expect(verdict?.difference.value).toBeCloseTo(2 / 3, 9);
  expect(verdict?.difference.ci95[0]).toBeGreaterThan(0.4);
  expect(judge(bad, good, makeRng(1))[0]?.winner).toBe("VLA-style policy");
});

test("a small or a contradicted difference is undecided", () => {
  const small = judge(
    [trials(ten("110")), trials(ten("110"))],
    [trials(ten("101")), trials(ten("100"))],
    makeRng(1),
  );
  expect(small[0]?.winner).toBe("undecided");
  // Over both seeds the first is ahead, but the second seed says the opposite.
  const split = judge(
    [trials(ten("111")), trials(ten("000"))],
    [trials(ten("000")), trials(ten("100"))],
    makeRng(1),
  );
  expect(split[0]?.difference.value).toBeCloseTo(1 / 3, 9);
  expect(split[0]?.winner).toBe("undecided");
});

test("agreement in all pairs is no certainty, and scenes met twice are not twice as many", () => {
  const same = judge([trials(ten("1"))], [trials(ten("1"))], makeRng(1))[0];
  expect(same?.difference.value).toBe(0);
  // Newcombe, 10 pairs that all succeed: Wilson's lower end is 0.722, so the difference reaches 0.28 each way.
  expect(same?.difference.ci95[0]).toBeCloseTo(-0.278, 2);
  const once = judge([trials("1110000000")], [trials("0000000000")], makeRng(1))[0];
  const twice = judge(
    [trials("1110000000"), trials("1110000000")],
    [trials("0000000000"), trials("0000000000")],
    makeRng(1),
  )[0];
  const width = (ci?: readonly [number, number]): number => (ci?.[1] ?? 0) - (ci?.[0] ?? 0);
  expect(width(twice?.difference.ci95)).toBeGreaterThan(0.5); // resampling ten scenes: about 0 to 0.6
  expect(width(twice?.difference.ci95)).toBeLessThanOrEqual(width(once?.difference.ci95) + 1e-9);
});

test("splits are judged apart, and latency is over all", () => {
  const both = [...trials(ten("1")), ...trials(ten("0"), "novel-light")];
  const other = [...trials(ten("0")), ...trials(ten("1"), "novel-light")];
  const verdicts = judge([both, both], [other, other], makeRng(1));
  expect(verdicts.map(({ split, winner }) => [split, winner])).toEqual([
    ["seen", "world model"],
    ["novel-light", "VLA-style policy"],
  ]);
  const slow = trials("1", "seen", { steps: 30, msPerStep: 5, decisionMs: [10] });
  expect(latencyOf("world model", [[...slow, ...trials("1")]])).toEqual({
    side: "world model",
    medianMs: 6,
    p95Ms: 10,
    msPerControlStep: 4, // (30 x 5 + 10 x 1) / 40
  });
});

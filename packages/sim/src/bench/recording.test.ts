import { expect, test } from "vitest";
import { compareWithRaw } from "./recording.ts";

test("recording keeps the better part of raw MuJoCo's speed", async () => {
  const found = await compareWithRaw({ rounds: 1, episodes: 3, warm: 3 });
  expect(found.cores).toBeGreaterThanOrEqual(1);
  expect(found.recordingStepsPerSecond).toBeGreaterThan(0);
  expect(found.ratio).toBeCloseTo(found.recordingStepsPerSecond / found.rawStepsPerSecond, 9);
  // 0.6 once V8 has compiled everything (`orrery bench sim`); half warm, and beside other tests, 0.4 to 0.5 in
  // processor time. Twice the cost of a step would show.
  expect(found.cpuRatio).toBeGreaterThan(0.3);
});

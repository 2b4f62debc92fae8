import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { expect, test } from "vitest";
import { layoutOfSeed } from "./layout.ts";
import { replay, replayRecordings, type Recording } from "./replay.ts";
import { PushTSimulation } from "./simulation.ts";
import { rewardOf } from "./board.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const data = join(process.env["ORRERY_TEST_DATA"] ?? join(root, "../shared/data"), "pusht-lerobot30-tabular");

/** What a recorder would store of 30 steps on the board of a seed. */
function record(seed: number, index: number): Recording {
  const sim = new PushTSimulation(layoutOfSeed(seed));
  const state: number[] = [];
  const action: number[] = [];
  const reward: number[] = [];
  for (let t = 0; t < 30; t++) {
    state.push(...sim.agent);
    action.push(250 + 3 * t, 300 - 2 * t);
    sim.step(250 + 3 * t, 300 - 2 * t);
    reward.push(rewardOf(sim.coverage));
  }
  return {
    index,
    state: Float32Array.from(state),
    action: Float32Array.from(action),
    reward: Float32Array.from(reward),
  };
}

test("our own recordings replay within float32 rounding; a wrong index leaves the T unknown", () => {
  const report = replay([record(7, 7), record(8, 9)]);
  expect(report.openLoop.max).toBeLessThan(1e-4);
  expect([report.episodes, report.knownLayouts, report.rewardsMatched]).toEqual([2, 1, 1]);
  expect(report.reward.count).toBe(29);
});

test("a wrong position shows in full", () => {
  const recording = record(7, 7);
  recording.state[2 * 29] = (recording.state[2 * 29] as number) + 5;
  const report = replay([recording]);
  expect(report.openLoop.max).toBeCloseTo(5, 4);
  expect(report.openLoop.mean).toBeCloseTo(5 / 29, 4);
});

const why = existsSync(data) ? "" : ` (skipped: no recordings at ${data})`;
test.skipIf(why !== "")(`all 206 human recordings replay open loop, block included${why}`, async () => {
  const report = await replayRecordings(data);
  expect([report.episodes, report.rows, report.knownLayouts]).toEqual([206, 25650, 206]);
  // Float32 storage leaves 3e-5 at 512; the requirement is 2 % of the board, 10 units.
  expect(report.openLoop.max).toBeLessThan(5e-5);
  expect(report.oneStep.max).toBeLessThan(5e-5);
  // Every reward of 205 episodes of pushing; episode 50 begins with the agent inside the T, touching bar and stem at
  // once, where the order of solving decides.
  expect(report.rewardsDiffer).toEqual([50]);
  expect(report.rewardsMatched).toBe(205);
});

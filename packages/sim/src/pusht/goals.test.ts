import { makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import { goalDistance, imageGoal, sampleGoalTask } from "./goals.ts";
import { PushTWorld, type PushTWorldSnapshot } from "./world.ts";

async function record(seed: number, steps: number): Promise<PushTWorldSnapshot[]> {
  const world = new PushTWorld({ imageSizePx: 0 });
  await world.reset(seed);
  const rows = [world.snapshot()];
  for (let i = 0; i < steps; i++) {
    await world.step(new Float32Array([256, 100 + 10 * i]));
    rows.push(world.snapshot());
  }
  return rows;
}

test("a goal is the row k steps after its start, and following the actions reaches it", async () => {
  const trajectories = [await record(1, 5), await record(2, 20)];
  const rng = makeRng(0, "goals");
  for (let i = 0; i < 20; i++) {
    const task = sampleGoalTask(trajectories, 8, rng);
    // The first trajectory has 6 rows, too few for 8 steps.
    expect(task.trajectory).toBe(1);
    expect(task.goal).toEqual(trajectories[1]?.[task.startRow + 8]);
    const world = new PushTWorld({ imageSizePx: 64 });
    world.restore(task.start);
    const goal = imageGoal(world, task.goal, 64);
    let seen = world.restore(task.start);
    for (let t = task.startRow; t < task.startRow + 8; t++) {
      seen = (await world.step(new Float32Array([256, 100 + 10 * t]))).observation;
    }
    expect(seen.images["top"]).toEqual(goal.image);
    expect(goalDistance(world, task.goal)).toEqual({ agent: 0, block: 0, angleRad: 0 });
  }
});

test("too short trajectories are named", () => {
  expect(() => sampleGoalTask([[], []], 25, makeRng(0))).toThrow(
    "must have more than 25 rows, the longest of 2 has 0",
  );
});

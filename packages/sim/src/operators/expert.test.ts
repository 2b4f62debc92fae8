import { expect, test } from "vitest";
import { episodeSeed, runEpisode } from "../record/episode.ts";
import { TASKS } from "../tasks/registry.ts";
import { makeKitchenWorld } from "../world/kitchen-world.ts";

/** At least this share of the first 10 episodes. Stack, hand over and clear the table must reach 0.7, all others 0.9. */
const BARS = {
  reach: 0.95,
  push: 0.9,
  pick: 0.9,
  "put-in-bowl": 0.9,
  stack: 0.8,
  "open-drawer": 0.9,
  "close-drawer": 0.9,
  "put-on-shelf": 0.9,
  "take-from-shelf": 0.9, // 29 of the first 30
  "put-in-drawer": 0.9,
  "open-door": 0.9,
  wipe: 0.9,
  "hand-over": 0.7,
  "clear-table": 0.7,
} as const;

test.each(Object.entries(BARS))("the expert does %s in at least %d of its episodes", async (task, bar) => {
  const world = await makeKitchenWorld({ task, cameras: [], endless: true });
  const count = 10;
  let successes = 0;
  const failures: string[] = [];
  for (let i = 0; i < count; i++) {
    const outcome = await runEpisode(world, "expert", episodeSeed(0, i), () => {});
    if (outcome.success) successes++;
    else failures.push(`seed ${outcome.seed}: ${outcome.failure}`);
    expect(outcome.clipped).toBe(0);
  }
  await world.close();
  expect(successes / count, failures.join("; ")).toBeGreaterThanOrEqual(bar);
});

test("every task has a bar", () => {
  expect(TASKS.map((task) => task.name).toSorted()).toEqual(Object.keys(BARS).toSorted());
});

test.each(["joint-position", "joint-velocity"])(
  "the expert reaches in the %s space too",
  async (actionSpace) => {
    const world = await makeKitchenWorld({ task: "reach", cameras: [], endless: true, actionSpace });
    for (let i = 0; i < 4; i++) {
      const outcome = await runEpisode(world, "expert", episodeSeed(1, i), () => {});
      expect(outcome.success, `seed ${outcome.seed}`).toBe(true);
    }
    await world.close();
  },
);

test("play moves things and both hands, and only time ends it", async () => {
  const world = await makeKitchenWorld({ task: "push", cameras: [], endless: true, timeLimitSec: 40 });
  const arms = new Set<number>();
  const outcome = await runEpisode(world, "play", 3, ({ action }) => {
    for (const arm of [0, 1]) if (Math.abs(action![6 * arm]!) > 0.005) arms.add(arm);
  });
  expect(outcome.steps).toBe(400);
  expect(arms.size).toBe(2);
  const [target] = world.setting.scene.objects;
  const [x, y] = world.view.objectPos(target!.name);
  expect(Math.hypot(x - target!.pos[0], y - target!.pos[1])).toBeGreaterThan(0.01);
  await world.close();
});

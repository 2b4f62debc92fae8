import type { Step } from "@orrery/core";
import { expect, test } from "vitest";
import { episodeSeed, runEpisode } from "../record/episode.ts";
import { makeKitchenWorld } from "../world/kitchen-world.ts";

test("a trainee goes to where things are not until an expert takes over, who mends it", async () => {
  const world = await makeKitchenWorld({ task: "pick", body: "arm6", cameras: [], endless: true });
  const takeovers = new Set<number>();
  let successes = 0;
  for (let i = 0; i < 8; i++) {
    const rows: Step[] = [];
    const { success, takeoverRow } = await runEpisode(world, "trainee", episodeSeed(0, i), (step) =>
      rows.push({ ...step }),
    );
    if (success) successes++;
    if (takeoverRow === undefined) continue;
    takeovers.add(takeoverRow);
    expect(rows.slice(0, takeoverRow).some((row) => row.success === true)).toBe(false);
    expect(rows.length).toBeGreaterThan(takeoverRow);
  }
  await world.close();
  expect(successes).toBeGreaterThanOrEqual(6);
  // Whoever sees things in the wrong place is seldom done before.
  expect(takeovers.size).toBeGreaterThanOrEqual(5);
});

test("what was displaced is where it was again, even where looking failed", async () => {
  const world = await makeKitchenWorld({ task: "pick", cameras: [] });
  await world.reset(1);
  const { view } = world;
  const [object] = view.scene.objects;
  const at = view.objectPos(object!.name);
  const seen = view.displaced([0.05, 0, 0], () => view.objectPos(object!.name));
  expect(seen[0] - at[0]).toBeCloseTo(0.05, 9);
  expect(() =>
    view.displaced([1, 0, 0], () => {
      throw new Error("lost");
    }),
  ).toThrow("lost");
  expect(view.objectPos(object!.name)).toEqual(at);
  await world.close();
});

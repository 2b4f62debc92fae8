import { expect, test } from "vitest";
import { TASKS } from "../tasks/registry.ts";
import { soakEpisodes } from "./soak-memory.ts";
import { soakSteps } from "./soak-steps.ts";

test("random steps, wild numbers among them, over all tasks: no NaN", async () => {
  const steps = 20 * TASKS.length;
  let reported = 0;
  const soak = await soakSteps({ steps, stepsPerEpisode: 20, seed: 3 }, (done) => (reported = done));
  expect(soak.nonFinite).toBe(0);
  expect(soak.steps).toBe(steps);
  expect(soak.episodes).toBe(TASKS.length);
  expect(soak.clipped).toBeGreaterThan(0.1 * steps);
  expect(reported).toBe(soak.steps);
});

test("memory does not grow with episodes", async () => {
  const [early, late] = await soakEpisodes([28, 84], 3);
  expect(late!.wasmMb).toBe(early!.wasmMb);
  // A leak of one scene (4 MB of arena) per episode would be 220 MB.
  expect(late!.rssMb - early!.rssMb).toBeLessThan(100);
});

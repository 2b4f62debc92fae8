import { type Observation, OrreryError, ShapeError, UsageError, type World, makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import { type WorldRecipe, makeWorld } from "./recipe.ts";
import { makeWorldVector } from "./world-vector.ts";

const KITCHEN: WorldRecipe = {
  world: "kitchen",
  task: "push",
  cameras: [{ name: "head", width: 24, height: 24 }],
};

/** Everything seen and judged in some random steps. */
async function run(world: World, seed: number, steps: number): Promise<unknown[]> {
  const rng = makeRng(seed, "vector-test");
  const limits = world.embodiment.action.flatMap((part) => [...(part.limits ?? [])]);
  const first: Observation = await world.reset(seed);
  const seen: unknown[] = [first, world.instruction];
  for (let i = 0; i < steps; i++) {
    seen.push(await world.step(Float32Array.from(limits, ([low, high]) => rng.uniform(low, high))));
  }
  return seen;
}

test.each([["kitchen", KITCHEN] as const, ["pusht", { world: "pusht", imageSizePx: 24 }] as const])(
  "%s: worlds in threads give what one on the main thread gives, to the bit",
  async (_, recipe) => {
    const vector = await makeWorldVector(2, recipe);
    const together = await Promise.all(vector.worlds.map((world, i) => run(world, 5 + i, 8)));
    await vector.close();
    const alone = await makeWorld(recipe);
    for (const [i, seen] of together.entries()) expect(seen).toEqual(await run(alone, 5 + i, 8));
    await alone.close();
  },
  30_000,
);

test("a thread that dies is an error of its world only", async () => {
  const vector = await makeWorldVector(2, KITCHEN);
  const [healthy, doomed] = vector.worlds;
  await Promise.all(vector.worlds.map((world) => world.reset(1)));
  const action = new Float32Array(17);
  const underWay = doomed!.step(action);
  const failure = expect(underWay).rejects.toThrow(/^world 1: its thread ended.*other worlds go on/);
  await doomed!.thread.terminate();
  await failure;
  await expect(doomed!.reset(2)).rejects.toThrow(OrreryError);
  expect((await healthy!.step(action)).success).toBe(false);
  // What is wrong with a call is said as on the main thread, and the world goes on.
  await expect(healthy!.step(new Float32Array(4))).rejects.toThrow(ShapeError);
  await expect(healthy!.reset(-1)).rejects.toThrow(/seed must be a whole number/);
  await healthy!.reset(3);
  await vector.close();
  await expect(healthy!.step(action)).rejects.toThrow(/closed/);
});

test("wrong recipes and counts are refused", async () => {
  await expect(makeWorldVector(0, KITCHEN)).rejects.toThrow(UsageError);
  await expect(makeWorldVector(1, { ...KITCHEN, task: "juggle" })).rejects.toThrow(/"juggle"/);
});

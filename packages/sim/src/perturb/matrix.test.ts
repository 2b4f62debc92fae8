import { createHash } from "node:crypto";
import { makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import { TASKS } from "../tasks/registry.ts";
import { type KitchenWorld, makeKitchenWorld } from "../world/kitchen-world.ts";
import { SPLITS, TRAINING_SPLIT } from "./splits.ts";

const CAMERAS = [{ name: "head", width: 16, height: 16 }];
const SEED = 6;

/** Hash of what is seen and weighed at the start of the episode, its instruction included. */
async function begin(world: KitchenWorld): Promise<string> {
  const { images, state } = await world.reset(SEED);
  const { objects, table } = world.view.scene;
  const bodies = objects.map(({ kind, sizeM, massKg, friction, pos }) => [
    kind.name,
    sizeM,
    massKg,
    friction,
    pos,
  ]);
  return createHash("sha256")
    .update(images["head"]!.data)
    .update(state)
    .update(JSON.stringify([world.instruction, table.topM, bodies]))
    .digest("hex");
}

/** A drawer may stand on a table with no loose things on it, and a sponge has no colours that were held out. */
function isSeenToDiffer(split: string, numObjects: number): boolean {
  const isOfObjects = ["novel-objects", "novel-mass", "novel-friction"].includes(split);
  return split !== "novel-combination" && !(isOfObjects && numObjects === 0);
}

test.each(TASKS.map(({ name }) => name))("%s: every split begins, steps and is its own", async (task) => {
  const seen = await makeKitchenWorld({ task, cameras: CAMERAS });
  const plain = await begin(seen);
  await seen.close();
  for (const split of SPLITS.filter((name) => name !== TRAINING_SPLIT)) {
    const options = { task, cameras: CAMERAS, split } as const;
    if (split !== "novel-combination") {
      const none = await makeKitchenWorld({ ...options, strength: 0 });
      expect(await begin(none), `${split} at strength 0`).toBe(plain);
      await none.close();
    }
    const world = await makeKitchenWorld({ ...options, endless: true });
    const first = await begin(world);
    if (isSeenToDiffer(split, world.view.scene.objects.length)) expect(first, split).not.toBe(plain);
    const rng = makeRng(SEED, split);
    const limits = world.embodiment.action.flatMap((part) => [...(part.limits ?? [])]);
    for (let step = 0; step < 4; step++) {
      const action = Float32Array.from(limits, ([low, high]) => rng.uniform(low, high));
      const { observation, reward, info } = world.stepNow(action);
      const { distanceM } = info as { distanceM: number };
      for (const value of [...observation.state, reward, distanceM])
        expect(Number.isFinite(value)).toBe(true);
    }
    await world.close();
  }
});

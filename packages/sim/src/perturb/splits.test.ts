import { createHash } from "node:crypto";
import { UsageError } from "@orrery/core";
import { expect, test } from "vitest";
import { episodeSeed, runEpisode } from "../record/episode.ts";
import { isHeldOutPair } from "../scene/draw.ts";
import { type KitchenWorld, makeKitchenWorld } from "../world/kitchen-world.ts";
import { FAMILIES, SPLITS, perturbationOf } from "./splits.ts";

const CAMERAS = [{ name: "head", width: 32, height: 32 }];

/** What is seen first, as a hash, and what no picture shows. */
async function look(split: string, strength: number): Promise<{ seen: string; masses: string }> {
  const world: KitchenWorld = await makeKitchenWorld({ task: "push", cameras: CAMERAS, split, strength });
  const first = await world.reset(4);
  const { objects } = world.view.scene;
  const masses = JSON.stringify(objects.map(({ massKg, friction }) => [massKg, friction]));
  await world.close();
  const seen = createHash("sha256").update(first.images["head"]!.data).update(first.state).digest("hex");
  return { seen, masses };
}

test.each(FAMILIES.map(({ name }) => name))("%s: strength 0 changes nothing, 1 does", async (family) => {
  const plain = await look("seen", 1);
  expect(await look(`novel-${family}`, 0)).toEqual(plain);
  const changed = await look(`novel-${family}`, 1);
  expect(changed).not.toEqual(plain);
  // Repeatable like everything else.
  expect(await look(`novel-${family}`, 1)).toEqual(changed);
  // Mass and friction must not show before anything moves... but 1 gram heavier settles a micrometre lower.
  if (family === "mass" || family === "friction") expect(changed.masses).not.toBe(plain.masses);
});

test.each(SPLITS)("%s: the expert still manages most of it at full strength", async (split) => {
  const world = await makeKitchenWorld({ task: "pick", cameras: [], endless: true, split });
  let successes = 0;
  for (let i = 0; i < 6; i++) {
    if ((await runEpisode(world, "expert", episodeSeed(2, i), () => {})).success) successes++;
  }
  await world.close();
  expect(successes).toBeGreaterThanOrEqual(3);
});

test("kind and colour pairs of novel-combination never come up in seen", async () => {
  for (const [split, wanted] of [
    ["seen", false],
    ["novel-combination", true],
  ] as const) {
    const world = await makeKitchenWorld({ task: "reach", cameras: [], split });
    for (let seed = 0; seed < 25; seed++) {
      await world.reset(seed);
      const [target] = world.view.scene.objects;
      expect(isHeldOutPair(target!.kind, target!.colourName)).toBe(wanted);
    }
    await world.close();
  }
});

test("unknown splits and strengths out of range are named", () => {
  expect(() => perturbationOf("novel-gravity")).toThrow(/novel-light/);
  expect(() => perturbationOf("seen", 1.5)).toThrow(UsageError);
});

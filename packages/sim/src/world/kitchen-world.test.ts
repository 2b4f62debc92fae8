import { createHash } from "node:crypto";
import { ShapeError, UsageError, type Transition, makeRng, widthOf } from "@orrery/core";
import { expect, test } from "vitest";
import { TASKS } from "../tasks/registry.ts";
import { type KitchenWorld, makeKitchenWorld } from "./kitchen-world.ts";

const SMALL = [{ name: "head", width: 32, height: 32 }];

function randomAction(world: KitchenWorld, rng: ReturnType<typeof makeRng>): Float32Array {
  const limits = world.embodiment.action.flatMap((part) => [...(part.limits ?? [])]);
  return Float32Array.from(limits, ([low, high]) => rng.uniform(low, high));
}

/** Hash of everything seen in `steps` random steps. */
async function fingerprint(seed: number, steps: number): Promise<string> {
  const world = await makeKitchenWorld({ task: "push", cameras: SMALL });
  const rng = makeRng(seed, "test");
  const hash = createHash("sha256");
  const first = await world.reset(seed);
  hash.update(first.images["head"]!.data).update(first.state).update(world.instruction);
  for (let i = 0; i < steps; i++) {
    const { observation, reward } = await world.step(randomAction(world, rng));
    hash.update(observation.images["head"]!.data).update(observation.state).update(String(reward));
  }
  await world.close();
  return hash.digest("hex");
}

test("equal seeds give equal episodes to the bit, other seeds other ones", async () => {
  expect(await fingerprint(5, 20)).toBe(await fingerprint(5, 20));
  expect(await fingerprint(5, 2)).not.toBe(await fingerprint(6, 2));
});

test("an episode goes on from a snapshot to the bit, targets of the arms included", async () => {
  const world = await makeKitchenWorld({ task: "push", cameras: SMALL });
  await world.reset(7);
  const rng = makeRng(7);
  const actions = Array.from({ length: 30 }, () => randomAction(world, rng));
  for (const action of actions.slice(0, 15)) await world.step(action);
  const snapshot = world.snapshot();
  const run = (): Transition[] => actions.slice(15).map((action) => world.stepNow(action));
  const first = run();
  world.restore(snapshot);
  expect(run()).toEqual(first);
  await world.reset(8);
  expect(() => world.restore(snapshot)).toThrow(/seed 8/);
  await world.close();
});

test.each(TASKS.map((task) => task.name))(
  "%s: random full-range actions stay finite and in range",
  async (task) => {
    const world = await makeKitchenWorld({ task, cameras: [], endless: true, timeLimitSec: 8 });
    const rng = makeRng(1, task);
    for (let seed = 0; seed < 2; seed++) {
      const { state } = await world.reset(seed);
      expect(state.length).toBe(widthOf(world.embodiment.state));
      expect(world.instruction).not.toBe("");
      for (let truncated = false; !truncated;) {
        const step = world.stepNow(randomAction(world, rng));
        expect(step.observation.state.every(Number.isFinite)).toBe(true);
        expect(step.reward).toBeGreaterThanOrEqual(0);
        expect(step.reward).toBeLessThanOrEqual(1);
        ({ truncated } = step);
      }
    }
    await world.close();
  },
);

test("wrong use is refused with what was found, and leaves the episode alone", async () => {
  await expect(makeKitchenWorld({ task: "juggle" })).rejects.toThrow(/one of reach, push.*"juggle"/);
  await expect(makeKitchenWorld({ task: "reach", actionSpace: "torque" })).rejects.toThrow(UsageError);
  const tail = [{ name: "tail", width: 8, height: 8 }];
  await expect(makeKitchenWorld({ task: "reach", cameras: tail })).rejects.toThrow(
    /head, left_wrist, right_wrist/,
  );
  await expect(makeKitchenWorld({ task: "reach", body: "atlas" })).rejects.toThrow(/neo, arm6, got "atlas"/);
  const flat = [{ name: "head", width: 64, height: 0 }];
  await expect(makeKitchenWorld({ task: "reach", cameras: flat })).rejects.toThrow(/64 x 0.*"head"/);
  await expect(makeKitchenWorld({ task: "reach", cameras: [...SMALL, ...SMALL] })).rejects.toThrow(/twice/);
  await expect(makeKitchenWorld({ task: "reach", timeLimitSec: 0 })).rejects.toThrow(/timeLimitSec/);
  const lax = { task: "reach", badActions: "ignore" as "clip" }; // as from a caller without types
  await expect(makeKitchenWorld(lax)).rejects.toThrow(/"clip" or "refuse", got "ignore"/);
  const world = await makeKitchenWorld({ task: "reach", cameras: [] });
  await expect(world.step(new Float32Array(17))).rejects.toThrow(/reset\(seed\) first/);
  await expect(world.reset(-1)).rejects.toThrow(/seed/);
  for (const seed of [2 ** 33, 1.5, Number.NaN]) await expect(world.reset(seed)).rejects.toThrow(UsageError);
  await world.reset(0);
  await expect(world.step(new Float32Array(4))).rejects.toThrow(ShapeError);
  const { info } = await world.step(new Float32Array(17).fill(Number.NaN));
  expect(info["clipped"]).toBe(17);
  expect(world.badNumbers).toBe(17);
  await world.close();

  const strict = await makeKitchenWorld({ task: "reach", cameras: [], badActions: "refuse" });
  await strict.reset(0);
  const before = strict.snapshot();
  const tooFar = new Float32Array(17);
  tooFar[2] = 1; // a metre up in one step
  await expect(strict.step(tooFar)).rejects.toThrow(/"left_dz" must be a number from -0.06.* got 1\./);
  expect(strict.snapshot()).toEqual(before);
  await strict.close();
});

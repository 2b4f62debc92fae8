import { expect, test } from "vitest";
import { isOnShelf } from "../operators/places.ts";
import { type KitchenWorld, makeKitchenWorld } from "../world/kitchen-world.ts";
import { DOOR_HANDLE_M, hingeOf } from "./cabinet.ts";

async function worldOf(task: string, seed: number): Promise<KitchenWorld> {
  const world = await makeKitchenWorld({ task, cameras: [], endless: true });
  await world.reset(seed);
  return world;
}

const REST = new Float32Array(17);

test.each([1, 2, 3, 4])(
  "a door opened by a right angle has its handle beside the hinge (seed %d)",
  async (seed) => {
    const world = await worldOf("open-door", seed);
    const [cabinet] = world.view.scene.cabinets;
    const { physics } = world;
    physics.qpos[physics.constants.jntQposAdr[physics.id("joint", "cabinet")]!] = Math.PI / 2;
    physics.forward();
    const [hingeX, hingeY] = hingeOf(cabinet!);
    const [along, out] = DOOR_HANDLE_M;
    const [x, y] = world.view.handlePos("cabinet");
    // A millimetre of play between door and boards is built in.
    expect(Math.abs(x - (hingeX - along))).toBeLessThan(0.002);
    expect(Math.abs(y - (hingeY + cabinet!.hinge * out))).toBeLessThan(0.002);
    await world.close();
  },
);

test("a sponge takes the drops under it away, and a snapshot brings them back", async () => {
  const world = await worldOf("wipe", 5);
  const { physics, view } = world;
  const [spill] = view.scene.spills;
  const before = view.dropsLeft().length;
  expect(before).toBe(spill!.drops.length);
  const snapshot = world.snapshot();
  const at = physics.constants.jntQposAdr[physics.id("joint", "object_0")]!;
  physics.qpos.set(spill!.pos, at);
  world.stepNow(REST);

  const left = view.dropsLeft();
  const gone = before - left.length;
  const { sizeM } = view.scene.objects[0]!;
  // The sponge covers 2 s by 1.3 s, and drops lie 17 mm apart; its edge cuts some off.
  const covered = (2.6 * sizeM * sizeM) / 0.017 ** 2;
  expect(gone).toBeGreaterThan(Math.min(0.6 * covered, 0.5 * before));
  expect(gone).toBeLessThan(1.4 * covered);
  const shown = (): number =>
    spill!.drops.filter((_, i) => world.renderScene.visible[physics.id("geom", `spill_${i}`)] === 1).length;
  expect(shown()).toBe(left.length);

  world.restore(snapshot);
  expect(view.dropsLeft().length).toBe(before);
  expect(shown()).toBe(before);
  await world.close();
});

test("a sponge held above the table wipes nothing", async () => {
  const world = await worldOf("wipe", 5);
  const { physics, view } = world;
  const at = physics.constants.jntQposAdr[physics.id("joint", "object_0")]!;
  const [x, y] = view.scene.spills[0]!.pos;
  physics.qpos.set([x, y, view.tableTop + 0.3], at); // falls 5 cm in a control step
  world.stepNow(REST);
  expect(view.dropsLeft().length).toBe(view.scene.spills[0]!.drops.length);
  await world.close();
});

test("what begins on the shelf stays there until it is taken", async () => {
  for (let seed = 0; seed < 8; seed++) {
    const world = await worldOf("take-from-shelf", seed);
    for (let k = 0; k < 10; k++) world.stepNow(REST);
    const { objects, shelves } = world.view.scene;
    expect(isOnShelf(world.view, objects[0]!, shelves[0]!)).toBe(true);
    expect(world.setting.judge(world.view).success).toBe(false);
    await world.close();
  }
});

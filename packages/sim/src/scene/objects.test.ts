import { makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import { bodyNamed } from "../bodies/registry.ts";
import { Physics } from "../mujoco/physics.ts";
import { drawRoom } from "./draw.ts";
import { TIMESTEP_SEC, buildKitchen } from "./kitchen.ts";
import { NOVEL_KINDS } from "./novel-objects.ts";
import { OBJECT_KINDS, kindNamed } from "./objects.ts";
import type { PlacedObject } from "./scene-spec.ts";

const ALL = [...OBJECT_KINDS, ...NOVEL_KINDS];

function placed(name: string, change: Partial<PlacedObject> = {}): PlacedObject {
  const kind = kindNamed(name, ALL);
  return {
    name: "thing",
    kind,
    colourName: kind.colours[0]!,
    colour: [0.5, 0.5, 0.5],
    second: [0.4, 0.4, 0.4],
    sizeM: kind.sizeM[0],
    massKg: kind.massKg[0],
    friction: kind.friction[0],
    pos: [0.65, 0],
    yawRad: 0.3,
    ...change,
  };
}

/** The things on the table of some kitchen, and how high its top is. */
async function kitchenWith(...objects: PlacedObject[]): Promise<{ physics: Physics; topM: number }> {
  const body = bodyNamed("neo");
  const room = { ...drawRoom(makeRng(3), body.spec), dressing: [], objects };
  return { physics: await Physics.compile(buildKitchen(room, body).xml), topM: room.table.topM };
}

const run = (physics: Physics, seconds: number): void => {
  physics.step(Math.round(seconds / TIMESTEP_SEC));
  physics.poses();
};

test("training draws from at least twenty kinds, none of them new ones, all names different", () => {
  expect(OBJECT_KINDS.length).toBeGreaterThanOrEqual(20);
  expect(new Set(ALL.map(({ name }) => name)).size).toBe(OBJECT_KINDS.length + NOVEL_KINDS.length);
  for (const { sizeM, massKg, friction, colours } of ALL) {
    for (const [low, high] of [sizeM, massKg, friction]) expect(low).toBeLessThan(high);
    expect(colours.length).toBeGreaterThan(0);
  }
});

test.each(ALL.map(({ name }) => name))(
  "a %s lies still where it is put, as high as its shape says",
  async (name) => {
    for (const end of [0, 1] as const) {
      const kind = kindNamed(name, ALL);
      const thing = placed(name, { sizeM: kind.sizeM[end], massKg: kind.massKg[end] });
      const { physics, topM } = await kitchenWith(thing);
      run(physics, 1);
      const at = 3 * physics.id("body", "thing");
      const [x, y, z] = physics.bodyPos.subarray(at, at + 3);
      const { halfHeight } = kind.shape(thing.sizeM);
      // Ellipsoids rock and pears settle on their noses; nothing else moves by a millimetre.
      const slack = kind.traits.includes("rolls") || ["soap", "banana"].includes(name) ? 0.012 : 0.001;
      expect(Math.hypot(x! - 0.65, y!)).toBeLessThan(slack);
      expect(Math.abs(z! - topM - halfHeight)).toBeLessThan(name === "spoon" ? 0.002 : slack);
      physics.close();
    }
  },
);

test.each([0.25, 0.5, 0.9])("a book with friction %d slides as far as Coulomb says", async (friction) => {
  const { physics } = await kitchenWith(placed("book", { friction, yawRad: 0 }));
  run(physics, 0.3);
  const joint = physics.id("joint", "thing");
  const at = 3 * physics.id("body", "thing");
  const from = physics.bodyPos[at]!;
  const speed = 0.8;
  physics.qvel[physics.constants.jntDofAdr[joint]!] = speed;
  run(physics, 1.2);
  const slid = physics.bodyPos[at]! - from;
  // Soft contacts and steps of 4 ms give a few per cent; the table's own friction would give 15 to 70.
  expect(slid / (speed ** 2 / (2 * friction * 9.81))).toBeCloseTo(1, 1);
  physics.close();
});

test("a cloth dropped on a cube hangs down on all sides", async () => {
  const cube = placed("cube", { name: "cube", yawRad: 0 });
  const high = cube.sizeM * 2;
  const cloth = placed("cloth", { sizeM: 0.085, yawRad: 0, raisedM: high + 0.01 });
  const { physics, topM } = await kitchenWith(cube, cloth);
  run(physics, 2);
  const heightOf = (body: string): number => physics.bodyPos[3 * physics.id("body", body) + 2]! - topM;
  expect(heightOf("thing")).toBeGreaterThan(high);
  expect(heightOf("thing")).toBeLessThan(high + 0.01);
  for (const [row, column] of [
    [0, 0],
    [0, 4],
    [4, 0],
    [4, 4],
  ]) {
    expect(heightOf(`thing_panel_${row}_${column}`)).toBeLessThan(high - 0.02);
  }
  physics.close();
});

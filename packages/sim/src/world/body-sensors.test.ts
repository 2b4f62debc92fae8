import { type Observation, makeRng, namesOf, widthOf } from "@orrery/core";
import { expect, test } from "vitest";
import { rotate, fromMatrix, vec3At } from "../control/vec.ts";
import { OperatorRun } from "../operators/operator.ts";
import { type KitchenWorld, makeKitchenWorld } from "./kitchen-world.ts";

const G = 9.81;
/** Palm and three fingers, which hang on the wrist of every body (parts.ts). */
const HAND_KG = 0.35 + 3 * 0.05;

/** Force at a wrist (N) in the world's axes. */
function wristForce(world: KitchenWorld, { sensors }: Observation, arm: number): readonly number[] {
  const { physics, spec } = world;
  const site = physics.id("site", spec.arms[arm]!.wrist);
  return rotate(fromMatrix(physics.siteMat, 9 * site), vec3At(sensors!["wrist_force"]!, arm));
}

function still(world: KitchenWorld, steps: number): Observation {
  const action = new Float32Array(widthOf(world.embodiment.action));
  // Grippers as they are commanded now; everything else holds still at zero.
  world.command.grippers.forEach((closed, a) => (action[6 * world.spec.arms.length + a] = closed));
  let seen!: Observation;
  for (let i = 0; i < steps; i++) seen = world.stepNow(action).observation;
  return seen;
}

test.each([
  ["neo", 0],
  ["arm6", 0.3], // and the flange
])("%s at rest: each wrist carries its hand, nothing is touched", async (body, flangeKg) => {
  const world = await makeKitchenWorld({ task: "pick", body, cameras: [], endless: true });
  await world.reset(2);
  const seen = still(world, 12);
  world.spec.arms.forEach((_, arm) => {
    const [x, y, z] = wristForce(world, seen, arm);
    // What is left of the motion of the first steps: millinewtons.
    expect(z).toBeCloseTo((HAND_KG + flangeKg) * G, 1);
    expect(x).toBeCloseTo(0, 1);
    expect(y).toBeCloseTo(0, 1);
  });
  expect([...seen.sensors!["fingertip_touch"]!].every((newton) => newton === 0)).toBe(true);
  const parts = world.embodiment.sensors!;
  expect(parts.map(({ name, width }) => seen.sensors![name]!.length === width)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(new Set(namesOf(parts)).size).toBe(widthOf(parts));
  await world.close();
});

test("a thing held in the air weighs m g at the wrist, and the thumb bears what both fingers press", async () => {
  const world = await makeKitchenWorld({ task: "pick", cameras: [], endless: true });
  await world.reset(3);
  const operator = new OperatorRun("expert", world.setting, world.view, makeRng(3, "operator"));
  let seen!: Observation;
  for (let i = 0; i < 150; i++) {
    const step = world.stepNow(operator.next());
    seen = step.observation;
    if (step.success) break;
  }
  seen = still(world, 15);
  const arm = world.command.grippers.findIndex((closed) => closed > 0);
  const [object] = world.setting.scene.objects;
  const carried = wristForce(world, seen, arm)[2]! / G - HAND_KG;
  // A few grams: the hand still trembles a little under the grip.
  expect(carried).toBeCloseTo(object!.massKg, 2);
  const [thumb = 0, a = 0, b = 0] = seen.sensors!["fingertip_touch"]!.subarray(3 * arm, 3 * arm + 3);
  expect(thumb).toBeGreaterThan(1);
  expect(Math.abs(thumb - (a + b)) / thumb).toBeLessThan(0.1);
  await world.close();
});

test("a joint bears the moment of everything beyond it", async () => {
  const world = await makeKitchenWorld({
    task: "reach",
    body: "arm6",
    cameras: [],
    actionSpace: "joint-position",
    endless: true,
  });
  await world.reset(1);
  const upright = new Float32Array(7); // all joints at zero: upper arm up, forearm forward, tool down
  let seen!: Observation;
  for (let i = 0; i < 40; i++) seen = world.stepNow(upright).observation;
  // Masses and places of arm6.ts: forearm tube, then all that hangs on the wrist 0.37 m out.
  const moment = 2 * ((0.04 + 0.32) / 2) + (1 + 0.8 + 0.3 + HAND_KG) * 0.37;
  const torque = seen.sensors!["joint_torque"]!;
  expect(Math.abs(torque[1]!)).toBeCloseTo(moment * G, 1);
  expect(torque[2]).toBeCloseTo(torque[1]!, 1); // the upper arm stands on its joint and adds nothing
  expect(torque[0]).toBeCloseTo(0, 1); // a vertical axis
  await world.close();
});

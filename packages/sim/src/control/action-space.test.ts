import { ShapeError, UsageError } from "@orrery/core";
import { expect, test } from "vitest";
import { neo } from "../bodies/neo.ts";
import { Physics } from "../mujoco/physics.ts";
import { buildGhost } from "../scene/kitchen.ts";
import { ACTION_SPACES, checkActionSpace, sanitizeAction } from "./action-space.ts";
import { driveBase, homeCommand } from "./command.ts";
import { EeDelta, baseVelocityBetween, eeDeltaParts } from "./ee-delta.ts";
import { InverseKinematics } from "./ik.ts";
import { makeActionSpace } from "./make-action-space.ts";
import { distance } from "./vec.ts";

test("bad numbers are clipped and counted, or refused", () => {
  const parts = eeDeltaParts(neo.spec);
  const out = new Float32Array(17);
  const action = new Float32Array(17);
  action[0] = 5; // metres in one step
  action[3] = Number.NaN;
  action[12] = Infinity; // gripper
  expect(sanitizeAction(action, parts, "clip", out)).toBe(3);
  expect(out[0]).toBeCloseTo(neo.spec.maxToolStepM, 6);
  expect(out[3]).toBe(0);
  expect(out[12]).toBe(1);
  expect(() => sanitizeAction(action, parts, "refuse", out)).toThrow(/left_dx/);
  expect(() => sanitizeAction(new Float32Array(5), parts, "clip", out)).toThrow(ShapeError);
  action.fill(0);
  action[0] = neo.spec.maxToolStepM; // exactly at the limit is fine
  expect(sanitizeAction(action, parts, "refuse", out)).toBe(0);
});

test("unknown action spaces are named with the known ones", () => {
  expect(() => checkActionSpace("torque")).toThrow(UsageError);
  expect(() => checkActionSpace("torque")).toThrow(/ee-delta, joint-position, joint-velocity/);
});

test("the base goes where its velocity says, and the velocity can be read back", () => {
  const from = homeCommand(neo.spec);
  from.base.set([1, 2, Math.PI / 2]);
  const to = homeCommand(neo.spec);
  to.base.set(from.base);
  driveBase(to.base, [0.3, 0, 0], 0.1); // forward, facing +y
  expect(to.base[0]).toBeCloseTo(1, 12);
  expect(to.base[1]).toBeCloseTo(2.03, 12);
  driveBase(to.base, [0.1, -0.2, 0.5], 0.1);
  const middle = homeCommand(neo.spec);
  middle.base.set([1, 2.03, Math.PI / 2]);
  baseVelocityBetween(middle, to, neo.spec).forEach((v, i) =>
    expect(v).toBeCloseTo([0.1, -0.2, 0.5][i]!, 10),
  );
});

test("small tool steps add up to the whole way", async () => {
  const ghost = await Physics.compile(buildGhost(neo));
  const ik = new InverseKinematics(neo.spec, ghost);
  const space = new EeDelta({ spec: neo.spec, ik });
  let command = homeCommand(neo.spec);
  space.reset(command);
  const [start] = ik.forward(command.joints);
  const action = new Float32Array(17);
  action[2] = 0.01; // left hand up, ten times
  for (let i = 0; i < 10; i++) command = space.apply(action, command);
  const [end] = ik.forward(command.joints);
  expect(distance(end!.pos, [start!.pos[0], start!.pos[1], start!.pos[2] + 0.1])).toBeLessThan(0.003);
  ghost.close();
});

test("every space can say what leads from one command to the next", async () => {
  const ghost = await Physics.compile(buildGhost(neo));
  const ik = new InverseKinematics(neo.spec, ghost);
  for (const name of ACTION_SPACES) {
    const space = makeActionSpace(name, { spec: neo.spec, ik });
    const from = homeCommand(neo.spec);
    space.reset(from);
    const to = homeCommand(neo.spec);
    const elbow = neo.spec.joints.findIndex((joint) => joint.name === "l_elbow");
    to.joints[elbow]! += 0.03;
    to.grippers[1] = 0.5;
    driveBase(to.base, [0.1, 0.2, -0.1], 0.1);
    const reached = space.apply(space.between(from, to), from);
    expect(reached.grippers[1]).toBe(0.5);
    expect(reached.base[1]).toBeCloseTo(to.base[1]!, 6);
    // ee-delta keeps the tool and may choose other joints; the joint spaces keep every joint to 32 bits.
    const wanted = ik.forward(to.joints)[0]!.pos;
    expect(distance(ik.forward(reached.joints)[0]!.pos, wanted)).toBeLessThan(0.002);
    if (name !== "ee-delta") expect(reached.joints[elbow]).toBeCloseTo(to.joints[elbow]!, 6);
  }
  ghost.close();
});

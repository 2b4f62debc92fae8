import { UsageError } from "@orrery/core";
import { expect, test } from "vitest";
import { MjcfError, Physics } from "./physics.ts";

const PENDULUM = `<mujoco><option timestep="0.002"/><worldbody>
  <geom name="floor" type="plane" size="2 2 .1"/>
  <body name="bob" pos="0 0 1"><joint name="swing" axis="0 1 0"/>
    <geom name="rod" type="capsule" size=".01" fromto="0 0 0 .5 0 0" mass="1"/></body>
  <body name="ball" pos="1 0 .3"><freejoint name="ball"/><geom name="ball" type="sphere" size=".05" mass="1"/></body>
</worldbody></mujoco>`;

test("a snapshot continues to the bit, contacts included", async () => {
  const physics = await Physics.compile(PENDULUM);
  physics.step(140); // the ball has landed
  const snapshot = physics.snapshot();
  physics.step(200);
  const first = [...physics.qpos, ...physics.qvel];
  physics.restore(snapshot);
  physics.step(200);
  expect([...physics.qpos, ...physics.qvel]).toEqual(first);
  let contacts = 0;
  physics.forEachContact(() => contacts++);
  expect(contacts).toBeGreaterThan(0);
  physics.close();
});

test("a falling ball obeys gravity", async () => {
  const physics = await Physics.compile(PENDULUM);
  physics.step(50); // 0.1 s
  // Semi-implicit Euler falls g t (t + dt) / 2; MuJoCo's default integrator is that one.
  expect(physics.bodyPos[3 * physics.id("body", "ball") + 2]).toBeCloseTo(0.3 - (9.81 * 0.1 * 0.098) / 2, 5);
  physics.close();
});

test("state is read anew after the heap has grown under it", async () => {
  const physics = await Physics.compile(PENDULUM);
  const others = [];
  // Each of these takes a 15 MB arena, so the heap of 16.8 MB must move.
  for (let i = 0; i < 4; i++) others.push(await Physics.compile(PENDULUM));
  physics.step(1);
  expect(physics.qpos.length).toBe(8);
  expect(physics.isFinite()).toBe(true);
  for (const other of [physics, ...others]) other.close();
});

test("broken MJCF and unknown names say what is wrong", async () => {
  await expect(
    Physics.compile("<mujoco><worldbody><geom type='blob'/></worldbody></mujoco>"),
  ).rejects.toThrow(MjcfError);
  const physics = await Physics.compile(PENDULUM);
  expect(() => physics.id("joint", "elbow")).toThrow(/joint named "elbow"/);
  expect(() => physics.restore(new Float64Array(3))).toThrow(UsageError);
  physics.close();
});

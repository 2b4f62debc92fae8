import { ConfigError, ShapeError, UsageError, widthOf } from "@orrery/core";
import { expect, test } from "vitest";
import { PushTWorld } from "./world.ts";

const goalPose = [50, 50, 256, 256, Math.PI / 4];

test("an episode has the declared shapes and repeats to the bit", async () => {
  const world = new PushTWorld({ state: "full", imageSizePx: 64 });
  const run = async () => {
    const seen = [await world.reset(3)];
    for (let i = 0; i < 10; i++) seen.push((await world.step(new Float32Array([40 * i, 200]))).observation);
    return seen;
  };
  const first = await run();
  expect(await run()).toEqual(first);
  expect(first[0]?.state.length).toBe(widthOf(world.embodiment.state));
  expect(first[0]?.images["top"]?.data.length).toBe(64 * 64 * 3);
});

test("a T in the goal ends the episode in success", async () => {
  const world = new PushTWorld({ imageSizePx: 0 });
  await world.reset(0, { state: goalPose });
  const { reward, terminated, truncated, success, info } = await world.step(new Float32Array([50, 50]));
  expect({ reward, terminated, truncated, success }).toEqual({
    reward: 1,
    terminated: true,
    truncated: false,
    success: true,
  });
  expect(info["coverage"]).toBeCloseTo(1, 9);
});

test("time runs out after the published 300 steps", async () => {
  const world = new PushTWorld({ imageSizePx: 0 });
  await world.reset(0);
  const rest = new Float32Array([222, 97]);
  for (let i = 1; i < 300; i++) expect((await world.step(rest)).truncated).toBe(false);
  expect((await world.step(rest)).truncated).toBe(true);
});

test("snapshots bring a world back, step count included", async () => {
  const world = new PushTWorld({ imageSizePx: 64, maxSteps: 8 });
  await world.reset(5);
  const act = (i: number) => world.step(new Float32Array([300 + 9 * i, 250]));
  for (let i = 0; i < 4; i++) await act(i);
  const saved = JSON.stringify(world.snapshot());
  const rest = [await act(4), await act(5), await act(6), await act(7)];
  expect(rest.at(-1)?.truncated).toBe(true);
  const other = new PushTWorld({ imageSizePx: 64, maxSteps: 8 });
  other.restore(JSON.parse(saved));
  for (const [k, expected] of rest.entries()) {
    expect(await other.step(new Float32Array([300 + 9 * (4 + k), 250]))).toEqual(expected);
  }
});

test("bad actions are clipped and counted, or refused", async () => {
  const world = new PushTWorld({ imageSizePx: 0 });
  await world.reset(0);
  expect((await world.step(new Float32Array([600, -3]))).info["clippedActions"]).toBe(1);
  await expect(world.step(new Float32Array([1]))).rejects.toThrow(ShapeError);
  const [x] = world.simulation.agent;
  expect(world.safe(new Float32Array([Number.NaN, Infinity]))).toEqual(Float32Array.of(x, 512));
  expect((await world.step(new Float32Array([Number.NaN, 3]))).info["clippedActions"]).toBe(3);
  const strict = new PushTWorld({ imageSizePx: 0, outOfLimits: "refuse" });
  await strict.reset(0);
  await expect(strict.step(new Float32Array([600, 3]))).rejects.toThrow("must lie in [0, 512], got [600, 3]");
  await expect(strict.step(new Float32Array([Number.NaN, 3]))).rejects.toThrow("got [NaN, 3]");
});

test("a move is the way to a target", async () => {
  const byTarget = new PushTWorld({ imageSizePx: 0 });
  const byMove = new PushTWorld({ imageSizePx: 0, actions: "delta" });
  await byTarget.reset(3);
  await byMove.reset(3);
  for (let i = 0; i < 20; i++) {
    const [x, y] = byTarget.simulation.agent;
    const target = new Float32Array([x + 8, y - 4]);
    await byTarget.step(target);
    const move = byMove.safe(byMove.actionFor(target));
    expect(move[0]).toBeCloseTo(8, 3);
    await byMove.step(move);
  }
  // Targets are rounded to 32 bits on one side only.
  expect(byMove.simulation.agent[0]).toBeCloseTo(byTarget.simulation.agent[0], 3);
  expect(byMove.simulation.agent[1]).toBeCloseTo(byTarget.simulation.agent[1], 3);
  expect(byMove.embodiment.action[0]).toMatchObject({ name: "move", mode: "delta" });
});

test("wrong use says what is wrong", async () => {
  const world = new PushTWorld({ imageSizePx: 0 });
  await expect(world.step(new Float32Array(2))).rejects.toThrow("call reset first");
  await expect(world.reset(-1)).rejects.toThrow(UsageError);
  await expect(world.reset(0, { stat: goalPose })).rejects.toThrow('unknown option "stat", known: state');
  await expect(world.reset(0, { state: [1, 2] })).rejects.toThrow("five finite numbers");
  expect(() => new PushTWorld({ imageSizePx: -1, maxSteps: 0 })).toThrow(ConfigError);
});

import { makeRng } from "@orrery/core";
import { goalDistance, pushTEmbodiment, PushTHuman, PushTWorld, sampleGoalTask } from "@orrery/sim";
import { expect, test } from "vitest";
import { openArena } from "./arena.ts";
import { PushTGoalWorld, STEP_BUDGET, STEPS_AHEAD } from "./pusht-goal.ts";

test("the goal of a seed is always the same, and going straight to the agent's place wins where the T stays", async () => {
  const world = new PushTGoalWorld({ imageSizePx: 64, actions: "delta" });
  const first = await world.reset(1_000_003);
  const goal = world.goal(64).image;
  expect(await new PushTGoalWorld({ imageSizePx: 64, actions: "delta" }).reset(1_000_003)).toEqual(first);
  await world.reset(1_000_004);
  expect(world.goal(64).image).not.toEqual(goal);
  await world.reset(1_000_003);
  expect(world.goal(64).image).toEqual(goal);
});

test("replaying the operator's own actions reaches the goal within the published distance", async () => {
  const seed = 1_000_007;
  const board = new PushTWorld({ imageSizePx: 0 });
  const operator = new PushTHuman(board);
  await board.reset(seed);
  await operator.reset(seed);
  const rows = [board.snapshot()];
  const actions: Float32Array[] = [];
  for (let done = false; !done;) {
    const action = (await operator.act()).actions[0] ?? new Float32Array(2);
    actions.push(action);
    const { terminated, truncated } = await board.step(action);
    rows.push(board.snapshot());
    done = terminated || truncated;
  }
  const task = sampleGoalTask([rows], STEPS_AHEAD, makeRng(seed, "pusht-goal"));
  const world = new PushTGoalWorld({ imageSizePx: 0 });
  await world.reset(seed);
  expect(goalDistance(world.board, task.start)).toEqual({ agent: 0, block: 0, angleRad: 0 });
  let success = false;
  for (const action of actions.slice(task.startRow, task.startRow + STEPS_AHEAD)) {
    const transition = await world.step(action);
    success ||= transition.success;
  }
  expect(success).toBe(true);
  expect(goalDistance(world.board, task.goal)).toEqual({ agent: 0, block: 0, angleRad: 0 });
});

test("the budget ends a trial, and the reason tells T and agent apart", async () => {
  const arena = await openArena({
    task: "pusht-goal",
    split: "seen",
    embodiment: null,
    strength: 1,
    filmSizePx: 32,
  });
  const { goal } = await arena.begin(1_000_001);
  expect(goal.kind).toBe("image");
  const infos = [];
  for (let t = 1; t <= STEP_BUDGET; t++) {
    const { truncated, info } = await arena.world.step(new Float32Array(2));
    infos.push(info);
    expect(truncated).toBe(t === STEP_BUDGET);
  }
  expect(arena.failureOf(infos)).toMatch(/never touched the T|the T is there, the agent is not/);
  expect(arena.failureOf([{ agent: 50, block: 1, angleRad: 0, contacts: 2 }])).toMatch(/the agent is not/);
  expect(arena.failureOf([{ agent: 5, block: 60, angleRad: 0, contacts: 2 }])).toMatch(/the T is elsewhere/);
});

test("a policy of another body is refused", async () => {
  const embodiment = { ...pushTEmbodiment(), name: "neo" };
  const options = { task: "pusht", split: "seen", strength: 1, filmSizePx: 32 };
  await expect(openArena({ ...options, embodiment })).rejects.toThrow(
    /PushT is for policies trained on PushT, this one was trained for the body "neo"/,
  );
  const arena = await openArena({ ...options, embodiment: pushTEmbodiment("full", 64, "delta") });
  expect(arena.world.embodiment).toEqual(pushTEmbodiment("full", 64, "delta"));
});

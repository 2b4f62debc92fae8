import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Embodiment, Goal } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { loadConfig, WorldModel, type ModelConfig } from "@orrery/models";
import { makeKitchenWorld, pushTEmbodiment, PushTWorld } from "@orrery/sim";
import { Generator, liveTensorCount, saveTensors } from "@orrery/torch";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkFits, describePolicy, openPolicyFor, parsePolicySpec } from "./index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "policies-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NO_GOAL: Goal = { kind: "reward" };

test("a policy is a name or a folder, with options", () => {
  expect(parsePolicySpec("random")).toEqual({ name: "random", options: {} });
  expect(parsePolicySpec("runs/j:search=mppi:samples=64")).toEqual({
    name: "runs/j",
    options: { search: "mppi", samples: "64" },
  });
  expect(() => parsePolicySpec(":samples=1")).toThrow(/a name or run folder must come first/);
  expect(() => parsePolicySpec("runs/j:fast")).toThrow(/options are written as key=value, got "fast"/);
});

test("random stays within limits and follows its seed; hold does nothing", async () => {
  const world = new PushTWorld({ imageSizePx: 0, actions: "delta" });
  const random = await openPolicyFor("random", world);
  const observation = await world.reset(1);
  const draw = async (seed: number) => {
    await random.reset(seed, NO_GOAL);
    const actions = [];
    for (let i = 0; i < 50; i++) actions.push(...((await random.act(observation)).actions[0] ?? []));
    return actions;
  };
  const first = await draw(3);
  expect(await draw(3)).toEqual(first);
  expect(await draw(4)).not.toEqual(first);
  expect(Math.max(...first)).toBeLessThanOrEqual(100);
  expect(Math.min(...first)).toBeGreaterThanOrEqual(-100);
  expect(Math.max(...first)).toBeGreaterThan(80);
  const hold = await openPolicyFor("hold", world);
  expect([...((await hold.act(observation)).actions[0] ?? [])]).toEqual([0, 0]);
});

test("the expert solves PushT by moves, and reaches in the kitchen in every action space", async () => {
  const board = new PushTWorld({ imageSizePx: 0, actions: "delta" });
  const expert = await openPolicyFor("expert", board);
  let seen = await board.reset(3);
  await expert.reset(3, NO_GOAL);
  let success = false;
  for (let done = false; !done;) {
    const transition = await board.step((await expert.act(seen)).actions[0] ?? new Float32Array(2));
    ({ success, observation: seen } = transition);
    done = transition.terminated || transition.truncated;
  }
  expect(success).toBe(true);

  const kitchen = await makeKitchenWorld({ task: "reach", cameras: [], actionSpace: "joint-position" });
  const reacher = await openPolicyFor("expert", kitchen);
  let at = await kitchen.reset(1_000_000);
  await reacher.reset(1_000_000, NO_GOAL);
  let reached = false;
  for (let t = 0; t < kitchen.maxSteps && !reached; t++) {
    const transition = await kitchen.step((await reacher.act(at)).actions[0] ?? new Float32Array());
    ({ success: reached, observation: at } = transition);
  }
  expect(reached).toBe(true);
  await kitchen.close();
});

/** An untrained model of a body, as `orrery train` would leave it. */
function writeRun(embodiment: Embodiment, config: ModelConfig): string {
  const stream = {
    cameras: embodiment.cameras.map(({ name }) => name),
    actionWidth: 2,
    stateWidth: 2,
    controlRateHz: embodiment.controlRateHz,
  };
  const model = new WorldModel(config, { ...stream, embodiment }, new Generator(0));
  writeJsonAtomic(join(folder, "embodiment.json"), embodiment);
  writeJsonAtomic(join(folder, "config.json"), { format: 1, kind: "world-model", model: config, stream });
  saveTensors(folder, model.stateDict());
  model.free();
  return folder;
}

test("a run becomes a planner for its own body, and gives everything back", async () => {
  const config = loadConfig("debug");
  const { width } = config.tokenizer;
  const run = writeRun(pushTEmbodiment("agent", width), config);
  const world = new PushTWorld({ imageSizePx: width });
  const observation = await world.reset(0);
  const image = observation.images["top"];
  const act = async () => {
    const policy = await openPolicyFor(`${run}:samples=2:horizon=2:hold=1:replanEvery=1`, world);
    await policy.reset(0, image ? { kind: "image", image } : NO_GOAL);
    const { actions, belief } = await policy.act(observation);
    await policy.close();
    return { action: [...(actions[0] ?? [])], belief };
  };
  const first = await act();
  expect(first.action.length).toBe(2);
  expect(first.belief["evaluations"]).toBe(2);
  const before = liveTensorCount();
  expect(await act()).toEqual(first);
  expect(liveTensorCount()).toBeLessThanOrEqual(before);

  const { embodiment, fingerprint } = describePolicy(run);
  expect(embodiment).toEqual(pushTEmbodiment("agent", width));
  expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
  expect(describePolicy("random")).toEqual({ embodiment: null, fingerprint: "" });
  // Heads that never saw a reward judge nothing.
  const planner = await openPolicyFor(run, world);
  await expect(planner.reset(0, { kind: "text", text: world.instruction })).rejects.toThrow(
    /needs a model that has learnt rewards/,
  );
  await planner.close();
  await expect(openPolicyFor(`${run}:sampels=3`, world)).rejects.toThrow(/unknown option "sampels"/);
  await expect(openPolicyFor(`${run}:samples=many`, world)).rejects.toThrow(
    /samples must be a number, got "many"/,
  );
  await expect(openPolicyFor(`${run}:search=luck`, world)).rejects.toThrow(/one of cem, .*got "luck"/);
  const smaller = new PushTWorld({ imageSizePx: width + 8 });
  await expect(openPolicyFor(run, smaller)).rejects.toThrow(/camera "top" must be/);
});

test("what is no policy, or one of another body, is refused with all that differs", () => {
  expect(() => describePolicy("experrt")).toThrow(/"experrt" must be random, hold, expert, or a run folder/);
  expect(() => describePolicy("random:seed=3")).toThrow(/random: it takes no options, got seed/);
  writeFileSync(join(folder, "config.json"), "{}");
  expect(() => describePolicy(folder)).toThrow(/cannot be used/);
  const board = pushTEmbodiment("agent", 64, "delta");
  const other = { ...pushTEmbodiment("full", 32), controlRateHz: 5 };
  expect(() => checkFits("p", board, other)).toThrow(
    /actions are move \(2\), the body takes target \(2\); its state is agent \(2\), the body has agent \(2\), block \(3\); it acts at 10 Hz, the body at 5 Hz; camera "top" must be 64x64, it is 32x32/,
  );
  expect(() => checkFits("p", board, board)).not.toThrow();
});

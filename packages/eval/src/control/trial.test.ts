import {
  NoDecisionError,
  UsageError,
  type Decision,
  type Observation,
  type Policy,
  type Transition,
  type World,
} from "@orrery/core";
import { pushTEmbodiment } from "@orrery/sim";
import { expect, test } from "vitest";
import type { Arena } from "./arena.ts";
import { runTrial } from "./trial.ts";

const SEEN: Observation = { images: {}, state: new Float32Array(2) };

/** Counts its steps and is done after `until` of them; every step is worth 0.5. */
function countingArena(until: number, maxSteps = 10): Arena & { readonly taken: number[] } {
  const taken: number[] = [];
  const world: World = {
    embodiment: pushTEmbodiment(),
    instruction: "count",
    reset: async () => SEEN,
    async step(action): Promise<Transition> {
      taken.push(action[0] ?? Number.NaN);
      const success = taken.length === until;
      return {
        observation: SEEN,
        reward: 0.5,
        terminated: success,
        truncated: false,
        success,
        info: { n: taken.length },
      };
    },
    close: async () => {},
  };
  return {
    world,
    taken,
    maxSteps,
    begin: async () => ({ observation: SEEN, goal: { kind: "reward" } }),
    picture: () => ({ width: 1, height: 1, data: new Uint8Array(3) }),
    failureOf: (infos) => `after ${infos.length}`,
  };
}

const policy = (act: (call: number) => Decision): Policy => {
  let calls = 0;
  return { name: "toy", reset: async () => {}, act: async () => act(calls++), close: async () => {} };
};
const action = (value: number): Float32Array => new Float32Array([value, 0]);

test("all actions of a decision are carried out, up to the end of the trial", async () => {
  const arena = countingArena(5);
  const chunks = policy((call) => ({ actions: [0, 1, 2].map((i) => action(10 * call + i)), belief: {} }));
  const { outcome, film } = await runTrial(arena, chunks, 1, true);
  expect(arena.taken).toEqual([0, 1, 2, 10, 11]);
  expect(film.length).toBe(6);
  expect(outcome).toMatchObject({
    seed: 1,
    success: true,
    return: 2.5,
    steps: 5,
    secondsToSuccess: 0.5,
    failure: null,
  });
  expect(outcome.decisionMs.length).toBe(2);
});

test("handing out more of an earlier plan is no decision", async () => {
  const slow = policy((call) => ({ actions: [action(0)], belief: call % 4 === 0 ? {} : { continues: 1 } }));
  const { outcome } = await runTrial(countingArena(99, 8), slow, 1, false);
  expect(outcome).toMatchObject({ success: false, steps: 8, failure: "after 8", secondsToSuccess: null });
  expect(outcome.decisionMs.length).toBe(2);
});

test("a body that held still by its own choice is told apart from one that failed", async () => {
  const shy = policy((call) => ({ actions: [action(0)], belief: call > 2 ? { stop: "surprised" } : {} }));
  const { outcome } = await runTrial(countingArena(99), shy, 1, false);
  expect(outcome).toMatchObject({ stops: 7, failure: "held still by its own stop sign" });
});

test("a policy that finds no action fails the trial with its reason; any other error of it ends the run", async () => {
  const lost = (at: number): Policy =>
    policy((call) => {
      if (call === at) throw new NoDecisionError("its costs are NaN");
      return { actions: [action(0)], belief: {} };
    });
  const late = await runTrial(countingArena(9), lost(3), 1, false);
  expect(late.outcome).toMatchObject({
    success: false,
    failure: "the policy found no action",
    noDecision: "its costs are NaN",
    steps: 3,
    return: 1.5,
  });
  const atOnce = await runTrial(countingArena(9), lost(0), 1, true);
  expect(atOnce.outcome).toMatchObject({ steps: 0, failure: "the policy found no action", msPerStep: 0 });
  expect(atOnce.film.length).toBe(1);
  const mad = policy((call) => ({ actions: [action(call === 2 ? Number.NaN : 0)], belief: {} }));
  const { outcome } = await runTrial(countingArena(9), mad, 1, false);
  expect(outcome).toMatchObject({
    steps: 2,
    failure: "the policy found no action",
    noDecision: "toy: every action must be of finite numbers, action 0 is [NaN, 0].",
  });
  const broken = policy(() => {
    throw new UsageError("it was trained for another body");
  });
  await expect(runTrial(countingArena(9), broken, 1, false)).rejects.toThrow(/another body/);
});

test("a decision without actions is an error that names the policy", async () => {
  const idle = policy(() => ({ actions: [], belief: {} }));
  await expect(runTrial(countingArena(3), idle, 4, false)).rejects.toThrow(
    "runTrial: toy must decide on at least one action, got none (seed 4).",
  );
});

import type { Observation, Policy, Step, World } from "@orrery/core";
import type { Arena } from "@orrery/eval/control";
import { expect, test } from "vitest";
import { liveThrough } from "./episode.ts";

const embodiment: World["embodiment"] = {
  name: "dot",
  controlRateHz: 10,
  state: [{ name: "count", width: 1, unit: "1" }],
  action: [{ name: "move", width: 1, unit: "1", kind: "continuous", mode: "delta" }],
  cameras: [],
};

/** A world that counts its steps, succeeds at one of them and goes on. */
function counting(succeedsAt: number): Arena {
  let count = 0;
  const seen = (): Observation => ({ images: {}, state: Float32Array.of(count) }) as Observation;
  const world = {
    embodiment,
    step: async () => {
      count++;
      return {
        observation: seen(),
        reward: 1,
        success: count === succeedsAt,
        terminated: false,
        truncated: false,
        info: {},
      };
    },
  } as unknown as World;
  return {
    world,
    maxSteps: 12,
    begin: async () => ((count = 0), { observation: seen(), goal: { kind: "text", text: "count" } }),
    picture: () => ({ width: 1, height: 1, data: new Uint8Array(3) }),
    failureOf: () => "time ran out",
  };
}

/** Tells half the number of steps it has seen as its surprise. */
const policy: Policy = {
  name: "steady",
  reset: async () => {},
  act: async ({ state }) => ({
    actions: [Float32Array.of(1)],
    belief: { surprise: (state[0] ?? 0) / 2 },
  }),
  close: async () => {},
};

const live = async (succeedsAt: number, minRows: number): Promise<[Step[], unknown]> => {
  const rows: Step[] = [];
  const lived = await liveThrough(counting(succeedsAt), policy, 7, minRows, (step) => void rows.push(step));
  return [rows, lived];
};

test("a success that comes early is recorded on to the rows that a clip needs, a later one ends its episode", async () => {
  const [early, lived] = await live(2, 5);
  expect(early.map(({ success, done }) => [success, done])).toEqual([
    [false, false],
    [true, false],
    [false, false],
    [false, false],
    [false, true],
  ]);
  // Nothing can surprise before the first step: the mean of 0.5, 1, 1.5 and 2.
  expect(lived).toEqual({
    task: "count",
    outcome: { steps: 5, success: true, return: 5, failure: null, surprise: 1.25 },
  });
  expect((await live(8, 5))[0].length).toBe(8);
});

test("without success the clock ends it, and the arena says how it failed", async () => {
  const [rows, lived] = await live(99, 5);
  expect(rows.length).toBe(12);
  expect(lived).toMatchObject({ outcome: { success: false, failure: "time ran out" } });
});

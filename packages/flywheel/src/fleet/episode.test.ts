import { NoDecisionError, type Observation, type Policy, type Step, type World } from "@orrery/core";
import type { Arena } from "@orrery/eval/control";
import { expect, test } from "vitest";
import { liveThrough, type Life } from "./episode.ts";

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

const live = async (
  succeedsAt: number,
  minRows: number,
  more: Partial<Life> = {},
): Promise<[Step[], unknown]> => {
  const rows: Step[] = [];
  const lived = await liveThrough({
    arena: counting(succeedsAt),
    policy,
    helper: null,
    seed: 7,
    minRows,
    sink: (step) => void rows.push(step),
    ...more,
  });
  return [rows, lived];
};

test("after a success six more rows are recorded, and more where a clip needs them and there is time", async () => {
  const [rows, lived] = await live(2, 5);
  expect(rows.map(({ success, done }) => [success, done])).toEqual([
    [false, false],
    [true, false],
    ...Array.from({ length: 5 }, () => [false, false]),
    [false, true],
  ]);
  // Nothing can surprise before the first step: the mean of 0.5 to 3.5 in steps of a half.
  expect(lived).toEqual({
    task: "count",
    outcome: { steps: 8, success: true, return: 8, failure: null, surprise: 2 },
  });
  expect((await live(2, 10))[0].length).toBe(10);
  expect((await live(8, 5))[0].length).toBe(12);
});

test("without success the clock ends it, and the arena says how it failed", async () => {
  const [rows, lived] = await live(99, 5);
  expect(rows.length).toBe(12);
  expect(lived).toMatchObject({ outcome: { success: false, failure: "time ran out" } });
});

/** Moves by 2, so that its rows can be told from the policy's. */
const helper = {
  policy: { ...policy, name: "helper", act: async () => ({ actions: [Float32Array.of(2)], belief: {} }) },
  steps: 4,
};
const whoActed = (rows: readonly Step[]): string => rows.map(({ action }) => action?.[0]).join("");

test("who has not succeeded in time is taken over from, and success then is the helper's", async () => {
  const [rows, lived] = await live(10, 5, { helper });
  expect(whoActed(rows)).toBe("111111112222");
  expect(lived).toMatchObject({
    // The helper tells no surprise: the mean of 0.5 to 3.5 in steps of a half.
    outcome: {
      steps: 12,
      success: false,
      failure: "time ran out",
      takeover: { row: 8, success: true },
      surprise: 2,
    },
  });
  expect((await live(99, 5, { helper }))[1]).toMatchObject({
    outcome: { steps: 12, success: false, takeover: { row: 8, success: false } },
  });
  // Chunks are cut off where the time is up.
  const chunk = {
    ...policy,
    act: async () => ({ actions: [1, 1, 1].map((x) => Float32Array.of(x)), belief: {} }),
  };
  expect(whoActed((await live(10, 5, { helper, policy: chunk }))[0])).toBe("111111112222");
});

test("a success in time is the policy's own, and nobody takes over while it is held", async () => {
  const [rows, lived] = await live(7, 12, { helper });
  expect(whoActed(rows)).toBe("111111111111");
  expect(lived).toMatchObject({ outcome: { steps: 12, success: true, failure: null } });
  expect(JSON.stringify(lived)).not.toContain("takeover");
});

test("a policy that finds no action is taken over from at once", async () => {
  let decisions = 0;
  const lost: Policy = {
    ...policy,
    act: async (seen) => {
      if (decisions++ === 2) throw new NoDecisionError("all costs are NaN");
      return policy.act(seen);
    },
  };
  const [rows, lived] = await live(5, 3, { helper, policy: lost });
  expect(whoActed(rows)).toBe("11222222222");
  expect(lived).toMatchObject({
    outcome: { success: false, noDecision: "all costs are NaN", takeover: { row: 2, success: true } },
  });
});

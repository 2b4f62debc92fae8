import { join } from "node:path";
import { makeRng } from "@orrery/core";
import { episodeFrames, type DatasetReader } from "@orrery/data";
import { Generator, scope } from "@orrery/torch";
import { afterAll, beforeAll, expect, test } from "vitest";
import { STATE_LIMIT } from "../nets/normalizer.ts";
import { debugConfig, distance, recordSquare, scramble, squareFacts, temporaryFolder } from "../testing.ts";
import { WorldModel } from "../world-model.ts";
import { LatentStore } from "./latent-store.ts";

const [B, T] = [64, 4];
let dataset: DatasetReader;
let model: WorldModel;
let store: LatentStore;
/** Recorded rows of each episode: state, action, reward. */
const episodes: { state: number[][]; action: number[][]; reward: number[] }[] = [];

beforeAll(async () => {
  const folder = join(temporaryFolder("store"), "data");
  dataset = await recordSquare(folder, { episodes: 3, length: 7 });
  model = new WorldModel(debugConfig(), squareFacts, new Generator(0));
  scramble(model.tokenizer, 1);
  store = await LatentStore.build(model, { sources: [{ dataset }], usesBfloat16: false });
  for await (const { columns, length } of episodeFrames({
    dataset,
    size: { width: 32, height: 32 },
  })) {
    const pairs = (values: Float32Array | null): number[][] =>
      Array.from({ length }, (_, row) => Array.from(values?.subarray(2 * row, 2 * row + 2) ?? []));
    episodes.push({
      state: pairs(columns.state),
      action: pairs(columns.action),
      reward: Array.from(columns.reward ?? []),
    });
  }
});
afterAll(() => store.free());

test("latents have the configured deviation, however often they are encoded", async () => {
  const batch = scope(() => store.draw(200, T, makeRng(0)).latents.std().item());
  expect(Math.abs(batch / model.config.dynamics.latentStd - 1)).toBeLessThan(0.1);
  const gain = model.latentGain.item();
  const again = await LatentStore.build(model, { sources: [{ dataset }], usesBfloat16: false });
  expect(model.latentGain.item()).toBe(gain);
  scope(() => {
    const [a, b] = [store.draw(B, T, makeRng(1)), again.draw(B, T, makeRng(1))];
    expect(distance(a.latents, b.latents)).toBe(0);
  });
  again.free();
});

test("frame t comes with the action, state and reward of row t - 1, and windows stay inside episodes", () => {
  scope(() => {
    const { condition, targets } = store.draw(B, T, makeRng(2));
    const at = (values: Float64Array, b: number, t: number, width: number): number[] =>
      Array.from(values.subarray((b * T + t) * width, (b * T + t + 1) * width));
    const action = condition.action.toFloat64();
    const hasAction = condition.hasAction.toFloat64();
    const state = condition.state.toFloat64();
    const hasState = condition.hasState.toFloat64();
    const delta = targets.stateDelta.toFloat64();
    const hasDelta = targets.hasStateDelta.toFloat64();
    const reward = targets.reward.toFloat64();
    const hasReward = targets.hasReward.toFloat64();

    const starts = new Set<string>();
    for (let b = 0; b < B; b++) {
      // Nothing led to the first frame of a window.
      expect([at(hasAction, b, 0, 1), at(hasState, b, 0, 1), at(hasReward, b, 0, 1)]).toEqual([
        [0],
        [0],
        [0],
      ]);
      const [episode, start] = findWindow(Array.from({ length: T - 1 }, (_, t) => at(action, b, t + 1, 2)));
      starts.add(`${episode} ${start}`);
      for (let t = 1; t < T; t++) {
        const rows = episodes[episode] as (typeof episodes)[number];
        const [before, now] = [felt(rows.state[start + t - 1]), felt(rows.state[start + t])];
        expect(at(hasAction, b, t, 1)).toEqual([1]);
        expect(at(hasReward, b, t, 1)).toEqual([1]);
        expect(at(reward, b, t, 1)).toEqual([rows.reward[start + t - 1]]);
        expect(at(hasState, b, t, 1)).toEqual([1]);
        expect(at(state, b, t, 2)).toEqual(before);
        expect(at(hasDelta, b, t, 1)).toEqual([1]);
        expect(at(delta, b, t, 2)).toEqual(now.map((x, i) => x - (before[i] as number)));
      }
    }
    expect(starts.size).toBe(12); // 64 draws meet all 3 x (7 - 4 + 1) windows
  });
});

/** A recorded state as the model takes it: the scale is at 0 and 1, so that most of the picture lies beyond the limit. */
function felt(state: readonly number[] = []): number[] {
  return state.map((x) => Math.min(STATE_LIMIT, x));
}

/** Episode and first row of the window whose actions these are; scales are at 0 and 1, so they are as recorded. */
function findWindow(actions: readonly number[][]): [episode: number, start: number] {
  for (const [episode, { action }] of episodes.entries()) {
    for (let start = 0; start + T <= action.length; start++) {
      if (actions.every((a, t) => a.join() === action[start + t]?.join())) return [episode, start];
    }
  }
  throw new Error(`no window has the actions ${JSON.stringify(actions)}`);
}

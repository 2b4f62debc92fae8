import { ShapeError, UsageError } from "@orrery/core";
import {
  cat,
  full,
  Generator,
  liveTensorCount,
  noGrad,
  rand,
  stack,
  tensor,
  zeros,
  type Tensor,
} from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import { debugConfig, distance, scramble, squareFacts } from "./testing.ts";
import { Dreamer, type DreamState } from "./dreamer.ts";
import { WorldModel, type Context } from "./world-model.ts";

const facts = { ...squareFacts, cameras: ["top", "side"] };
const base = debugConfig();
/** Layers over time in the tokenizer too, so that its caches take part. */
const config = {
  ...base,
  tokenizer: {
    ...base.tokenizer,
    encoder: { ...base.tokenizer.encoder, depth: 2, timeEvery: 2 },
    decoder: { ...base.tokenizer.decoder, depth: 2, timeEvery: 2 },
  },
};
const B = 2;
let model: WorldModel;
beforeAll(() => {
  model = new WorldModel(config, facts, new Generator(0));
  scramble(model.tokenizer, 1);
  scramble(model.dynamics, 2);
  noGrad(() => model.latentGain.fill_(0.8));
  model.actionScale.set({ mean: [1, -1], std: [2, 4] });
  model.stateScale.set({ mean: [10, 20], std: [3, 5] });
  model.deltaScale.set({ mean: [0.1, 0], std: [0.2, 0.3] });
  model.rewardScale.set({ mean: [-5], std: [2] });
});

const T = 3;

function makeContext(frames = T): Context {
  const [H, W, V] = [32, 32, facts.cameras.length];
  const pixels = rand([B, frames, V, H, W, 3], { generator: new Generator(6) }).mul(256);
  return {
    B,
    T: frames,
    V,
    H,
    W,
    A: 2,
    P: 2,
    frames: pixels.to("uint8").toTyped() as Uint8Array,
    action: Float32Array.from({ length: B * frames * 2 }, (_, i) => Math.sin(i)),
    actionMask: new Uint8Array(B * frames).fill(1),
    state: Float32Array.from({ length: B * frames * 2 }, (_, i) => 10 + i),
    stateMask: new Uint8Array(B * frames).fill(1),
  };
}

const actions = [0, 1, 2, 3].map((t) =>
  tensor([
    [t, -t],
    [1 - t, t],
  ]),
);

/** Pictures of a dream over all actions, [4, B, V, H, W, 3], and the last feeling's numbers. */
function dreamAll(seed: number, context = makeContext()): { pictures: Tensor; state: Float64Array } {
  const dreamer = new Dreamer(model, seed);
  const dream = dreamer.begin(context);
  const pictures = actions.map((action) => dreamer.look(dreamer.step(dream, action)).clone().unsqueeze(0));
  const { state } = dreamer.feel(dream);
  dream.free();
  return { pictures: cat(pictures, 0), state: state.toFloat64() };
}

test("the same seed dreams the same, another seed something else", () => {
  const [a, b, c] = [dreamAll(1), dreamAll(1), dreamAll(2)];
  expect(distance(a.pictures.float(), b.pictures.float())).toBe(0);
  expect(a.state).toEqual(b.state);
  expect(distance(a.pictures.float(), c.pictures.float())).toBeGreaterThan(1);
});

test("the action changes what is dreamt, and no action is not the action zero", () => {
  const dreamed = (action: Tensor | null): Tensor => {
    const dreamer = new Dreamer(model, 3);
    const dream = dreamer.begin(makeContext());
    const picture = dreamer.look(dreamer.step(dream, action)).float();
    dream.free();
    return picture;
  };
  const [zero, right, none] = [dreamed(zeros([B, 2])), dreamed(full([B, 2], 5)), dreamed(null)];
  expect(distance(zero, right)).toBeGreaterThan(1);
  expect(distance(zero, none)).toBeGreaterThan(1);
});

test("begin leaves the stream at the last frame, in the units of the data", () => {
  const dreamer = new Dreamer(model, 0);
  const context = makeContext();
  const dream = dreamer.begin(context);
  const picture = dreamer.look(dream);
  expect(picture.shape).toEqual([B, 2, 32, 32, 3]);
  const perFrame = 2 * 32 * 32 * 3;
  const last = context.frames.subarray((T - 1) * perFrame, T * perFrame);
  expect(Buffer.from(picture.select(0, 0).contiguous().toTyped().buffer).equals(Buffer.from(last))).toBe(
    true,
  );
  const { state, surprise, success } = dreamer.feel(dream);
  const expected = [4, 5, 10, 11].map((i) => 10 + i); // last rows of both streams
  state.toFloat64().forEach((x, i) => expect(x).toBeCloseTo(expected[i] as number, 4));
  expect(surprise.toFloat64()).toEqual(new Float64Array(B));
  for (const p of success.toFloat64()) expect(p > 0 && p < 1).toBe(true);
  dream.free();
});

/** A model whose heads say the same of every frame: the change of state 1 deviation, the reward 2 deviations. */
test("feel adds the predicted change to the state and scales the reward back", () => {
  const sure = new WorldModel(config, facts, new Generator(0)); // fresh heads give zeros
  sure.stateScale.set({ mean: [10, 20], std: [3, 5] });
  sure.deltaScale.set({ mean: [0.5, -1], std: [0.25, 0.5] });
  sure.rewardScale.set({ mean: [-5], std: [2] });
  noGrad(() => {
    sure.dynamics.stateOut?.bias?.copy_(tensor([1, 0]));
    sure.dynamics.outcomeOut.bias?.copy_(tensor([2, 0]));
  });
  const dreamer = new Dreamer(sure, 0);
  const dream = dreamer.step(dreamer.begin(makeContext()), actions[0] as Tensor);
  const { state, reward, success } = dreamer.feel(dream);
  // (1 x 0.25 + 0.5) x 3 on the first number, (0 x 0.5 - 1) x 5 on the second; row 2 held [14, 15] and [20, 21].
  [16.25, 10, 22.25, 16].forEach((x, i) => expect(state.toFloat64()[i]).toBeCloseTo(x, 4));
  for (const r of reward.toFloat64()) expect(r).toBeCloseTo(-1, 5);
  for (const p of success.toFloat64()) expect(p).toBeCloseTo(0.5, 6);
  dream.free();
  sure.free();
});

test("observing a recording frame by frame ends where beginning with all of it ends", () => {
  const whole = makeContext(4);
  const first = cutContext(whole, 0, 1);
  const dreamer = new Dreamer(model, 0);
  const dream = dreamer.begin(first);
  for (let t = 1; t < 4; t++) {
    const row = cutContext(whole, t, 1);
    const action = tensor(cutContext(whole, t - 1, 1).action).view([B, 2]);
    const frames = tensor(row.frames).view([B, 2, 32, 32, 3]);
    dreamer.observe(dream, action, frames, tensor(row.state).view([B, 2]));
  }
  const direct = dreamer.begin(whole);
  for (const part of ["latents", "state", "reward", "success"] as const) {
    // Tolerance: other sizes of products add up in another order.
    expect(distance(dream[part], direct[part])).toBeLessThan(1e-4);
  }
  expect(distance(dream.picture.float(), direct.picture.float())).toBe(0);
  const next = (state: DreamState): Tensor => new Dreamer(model, 8).step(state, actions[1] as Tensor).latents;
  expect(distance(next(dream), next(direct))).toBeLessThan(1e-3);
  dream.free();
  direct.free();
});

test("what was observed surprises more the further it lies from the guess", () => {
  const still = makeContext();
  const frames = tensor(cutContext(still, T - 1, 1).frames).view([B, 2, 32, 32, 3]);
  const surpriseOf = (picture: Tensor): Float64Array => {
    const dreamer = new Dreamer(new WorldModel(config, facts, new Generator(0)), 0); // guesses zeros for latents
    noGrad(() => scramble(dreamer.model.tokenizer, 1));
    const dream = dreamer.observe(dreamer.begin(still), actions[0] as Tensor, picture, null);
    const { surprise } = dreamer.feel(dream);
    const values = surprise.toFloat64();
    const { latentStd } = config.dynamics;
    const size = dream.latents.square().mean([1, 2, 3]).sqrt().div(latentStd).toFloat64();
    values.forEach((x, i) => expect(x).toBeCloseTo(size[i] as number, 4));
    dream.free();
    return values;
  };
  expect(surpriseOf(frames)).not.toEqual(surpriseOf(frames.mul(0)));
});

test("300 frames of dream stay finite, at constant memory", () => {
  const dreamer = new Dreamer(model, 4);
  const dream = dreamer.begin(makeContext());
  const counts: number[] = [];
  for (let t = 0; t < 300; t++) {
    dreamer.step(dream, t % 3 === 0 ? null : (actions[t % 4] as Tensor));
    if (t >= 100 && t % 50 === 0) counts.push(liveTensorCount());
  }
  expect(new Set(counts).size).toBe(1);
  const { state, reward, surprise } = dreamer.feel(dream);
  for (const part of [state, reward, surprise, dream.latents]) expect(part.isfinite().all().item()).toBe(1);
  const before = liveTensorCount();
  dream.free();
  expect(liveTensorCount()).toBeLessThan(before);
});

test("a context or action of another embodiment is refused with both widths", () => {
  const dreamer = new Dreamer(model, 0);
  const context = makeContext();
  expect(() => dreamer.begin({ ...context, V: 1 })).toThrow(ShapeError);
  expect(() => dreamer.begin({ ...context, V: 1 })).toThrow(/2 cameras \(top, side\), got \[1\]/);
  expect(() => dreamer.begin({ ...context, A: 7 })).toThrow(/action must have shape \[B, T, 2\], got \[7\]/);
  expect(() => dreamer.begin({ ...context, P: 1 })).toThrow(ShapeError);
  expect(() => dreamer.begin({ ...context, T: 0 })).toThrow(UsageError);
  const dream = dreamer.begin(context);
  expect(() => dreamer.step(dream, zeros([B, 3]))).toThrow(ShapeError);
  expect(() => dreamer.step(dream, zeros([1, 2]))).toThrow(/\[2, 2\], got \[1, 2\]/);
  dreamer.step(dream, zeros([B, 2])); // the failed steps left the stream alone
  dream.free();
  expect(() => new Dreamer(model, 0, { sampleSteps: 3 })).toThrow(UsageError);
  expect(() => new Dreamer(model, 0, { sampleSteps: 16 })).toThrow(/at most 8, got 16/);
});

/** Rows `from` to `from + length` of a context. */
function cutContext(context: Context, from: number, length: number): Context {
  const cut = <A extends Uint8Array | Float32Array>(values: A): A => {
    const perRow = values.length / (context.B * context.T);
    const out = values.slice(0, context.B * length * perRow) as A;
    for (let b = 0; b < context.B; b++) {
      const start = (b * context.T + from) * perRow;
      out.set(values.subarray(start, start + length * perRow), b * length * perRow);
    }
    return out;
  };
  const { frames, action, actionMask, state, stateMask } = context;
  return {
    ...context,
    T: length,
    frames: cut(frames),
    action: cut(action),
    actionMask: cut(actionMask),
    state: cut(state),
    stateMask: cut(stateMask),
  };
}

test("a forked stream goes on as the stream it came from, which stays where it was", () => {
  const [own, other] = [new Dreamer(model, 4), new Dreamer(model, 4)];
  const straight = own.begin(makeContext());
  const trunk = other.begin(makeContext());
  const branch = other.fork(trunk, 1);
  const before = other.embed(trunk);
  for (const action of actions) {
    own.step(straight, action);
    other.step(branch, action);
  }
  expect(distance(own.embed(straight), other.embed(branch))).toBe(0);
  expect(distance(own.look(straight).float(), other.look(branch).float())).toBe(0);
  expect(distance(other.embed(trunk), before)).toBe(0);

  const pairs = other.fork(trunk, 3); // rows 0 0 0 1 1 1
  expect(pairs.streams).toBe(6);
  const embedded = other.embed(pairs);
  expect(distance(embedded.narrow(0, 3, 3), before.narrow(0, 1, 1).expand([3, before.size(1)]))).toBe(0);
  for (const state of [straight, trunk, branch, pairs]) state.free();
});

test("a rollout is what stepping along it would be, and a block is its control steps", () => {
  const [own, other] = [new Dreamer(model, 5), new Dreamer(model, 5)];
  const stepped = own.begin(makeContext());
  const trunk = other.begin(makeContext());
  const blocks = stack(actions.slice(0, 2), 1).unsqueeze(1); // [B, 1, 2, A]
  const before = liveTensorCount();
  const futures = other.rollout(trunk, blocks);
  expect(liveTensorCount()).toBeLessThanOrEqual(before + Object.keys(futures).length);
  own.step(stepped, actions[0] as Tensor);
  own.step(stepped, actions[1] as Tensor);
  expect(futures.embedding.shape).toEqual([B, 1, own.embed(stepped).size(1)]);
  expect(distance(futures.embedding.select(1, 0), own.embed(stepped))).toBe(0);
  expect(distance(futures.state.select(1, 0), own.feel(stepped).state)).toBe(0);
  stepped.free();
  trunk.free();
});

test("a model that was never shown a reward says that it knows none", () => {
  const fresh = new WorldModel(config, facts, new Generator(0));
  expect(new Dreamer(fresh, 0).abilities.reward).toBe(false);
  expect(new Dreamer(model, 0).abilities.reward).toBe(true);
  fresh.free();
});

test("a model that was never shown a state goes by pictures alone, whatever it is told", () => {
  const blind = new WorldModel(config, facts, new Generator(0));
  scramble(blind.tokenizer, 1);
  scramble(blind.dynamics, 2);
  const context = makeContext();
  const told = (state: Float32Array, stateMask: Uint8Array): [number[], boolean] => {
    const dreamer = new Dreamer(blind, 3);
    const dream = dreamer.begin({ ...context, state, stateMask });
    dreamer.step(dream, null);
    const felt: [number[], boolean] = [
      Array.from(dream.latents.toFloat64()),
      dream.hasState.toArray().flat().some(Boolean),
    ];
    dream.free();
    return felt;
  };
  const nothing = told(new Float32Array(context.state.length), new Uint8Array(context.stateMask.length));
  expect(told(context.state, context.stateMask)).toEqual(nothing);
  expect(nothing[1]).toBe(false);
  blind.free();
});

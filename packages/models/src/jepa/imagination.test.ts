import { ShapeError, UsageError } from "@orrery/core";
import {
  cat,
  Generator,
  liveTensorCount,
  noGrad,
  rand,
  randn,
  scope,
  tensor,
  zeros,
  type Tensor,
} from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { asWorld } from "../as-world.ts";
import type { Context } from "../world-model.ts";
import { distance, scramble, squareFacts } from "../testing.ts";
import { JepaImagination } from "./imagination.ts";
import { JepaModel } from "./model.ts";

const base = loadConfig("jepa-debug");
const config = { ...base, net: { ...base.net, height: 32, width: 32, patch: 8 } };
const facts = { ...squareFacts, cameras: ["top", "side"], vocabulary: ["blue", "red"] };
const B = 2;
const T = 3;
let model: JepaModel;
let world: JepaImagination;
beforeAll(() => {
  model = new JepaModel(config, facts, new Generator(0));
  scramble(model.nets, 1);
  if (model.decoder !== null) scramble(model.decoder, 2);
  setScales(model.setTrainable(false));
  world = new JepaImagination(model);
});

/** As if it had been trained. */
function setScales(model: JepaModel): void {
  noGrad(() => {
    model.actionScale.set({ mean: [1, -1], std: [2, 4] });
    model.stateScale.set({ mean: [10, 20], std: [3, 5] });
    model.rewardScale.set({ mean: [-5], std: [2] });
    model.goalScale.set({ mean: [12, 18], std: [1, 2] });
    model.moveScale.set({ mean: [0, 0], std: [0.5, 2] });
    model.knowsReward.fill_(1);
    model.hasDecoder.fill_(1);
  });
}

function makeContext(streams = B, seed = 6): Context {
  const [H, W, V] = [32, 32, facts.cameras.length];
  const pixels = rand([streams, T, V, H, W, 3], { generator: new Generator(seed) }).mul(256);
  return {
    B: streams,
    T,
    V,
    H,
    W,
    A: 2,
    P: 2,
    frames: pixels.to("uint8").toTyped() as Uint8Array,
    action: Float32Array.from({ length: streams * T * 2 }, (_, i) => Math.sin(i)),
    actionMask: new Uint8Array(streams * T).fill(1),
    state: Float32Array.from({ length: streams * T * 2 }, (_, i) => 10 + i),
    stateMask: new Uint8Array(streams * T).fill(1),
  };
}

/** Stream `b` of a context by itself. */
function streamOf(context: Context, b: number): Context {
  const cut = <A extends Uint8Array | Float32Array>(x: A): A =>
    x.slice((b * x.length) / context.B, ((b + 1) * x.length) / context.B) as A;
  const { frames, action, actionMask, state, stateMask } = context;
  return {
    ...context,
    B: 1,
    frames: cut(frames),
    action: cut(action),
    actionMask: cut(actionMask),
    state: cut(state),
    stateMask: cut(stateMask),
  };
}

const noise = (shape: readonly number[], seed: number): Tensor =>
  randn(shape, { generator: new Generator(seed) });

test("streams forked and stepped together are what each is when stepped alone", () => {
  const context = makeContext();
  const trunk = world.begin(context, { task: ["red", "blue"] });
  const futures = world.fork(trunk, 3);
  const actions = [noise([6, 2, 2], 1), noise([6, 2], 2)];
  for (const action of actions) world.step(futures, action);
  const together = {
    ...world.feel(futures),
    embedding: world.embed(futures),
    picture: world.look(futures).float(),
  };
  for (const b of [0, 1]) {
    for (const copy of [0, 2]) {
      const row = b * 3 + copy;
      const alone = world.begin(streamOf(context, b), { task: b === 0 ? "red" : "blue" });
      for (const action of actions) world.step(alone, action.narrow(0, row, 1));
      const felt = {
        ...world.feel(alone),
        embedding: world.embed(alone),
        picture: world.look(alone).float(),
      };
      for (const [name, value] of Object.entries(felt)) {
        // Other sizes sum in another order; pictures are rounded to whole grey levels.
        const tolerance = name === "picture" ? 1 : 1e-4;
        expect(
          distance(value, together[name as keyof typeof felt].narrow(0, row, 1)),
          name,
        ).toBeLessThanOrEqual(tolerance);
      }
      alone.free();
    }
  }
  trunk.free();
  futures.free();
});

test("a rollout is what stepping gives, and leaves the stream where it was", () => {
  const trunk = world.begin(makeContext(), { task: "red" });
  const before = world.embed(trunk);
  const actions = noise([4, 3, 2, 2], 3); // two futures of each stream, three blocks of two
  const live = liveTensorCount();
  const rolled = world.rollout(trunk, actions);
  expect(liveTensorCount()).toBeLessThanOrEqual(live + Object.keys(rolled).length);
  expect(distance(world.embed(trunk), before)).toBe(0);
  const futures = world.fork(trunk, 2);
  for (let h = 0; h < 3; h++) {
    world.step(futures, actions.select(1, h));
    const felt = { ...world.feel(futures), embedding: world.embed(futures) };
    for (const [name, value] of Object.entries(rolled))
      expect(distance(felt[name as keyof typeof rolled], value.select(1, h)), name).toBeLessThan(1e-4);
  }
  trunk.free();
  futures.free();
});

test("a longer block is made up of those that the model knows", () => {
  const own = world.begin(makeContext());
  const other = world.begin(makeContext());
  const actions = noise([B, 5, 2], 4); // the longest block is 2
  world.step(own, actions);
  for (const [from, length] of [
    [0, 2],
    [2, 2],
    [4, 1],
  ] as const)
    world.step(other, actions.narrow(1, from, length));
  expect(distance(world.embed(own), world.embed(other))).toBe(0);
  own.free();
  other.free();
});

test("gradients of a rollout are those of finite differences", () => {
  const trunk = world.begin(makeContext(1), { task: "blue" });
  const actions = noise([1, 2, 2, 2], 5);
  const returnOf = (x: Tensor): Tensor => world.rollout(trunk, x).reward.sum();
  actions.requiresGrad = true;
  returnOf(actions).backward();
  const slope = (actions.grad as Tensor).flatten().toFloat64();
  const at = actions.detach().flatten().toFloat64();
  for (const i of [0, 3, 6]) {
    const moved = (by: number): number =>
      returnOf(tensor(Array.from(at, (x, j) => (j === i ? x + by : x))).view([1, 2, 2, 2])).item();
    // Float32 differences of a sum of two: three digits.
    expect(slope[i]).toBeCloseTo((moved(1e-2) - moved(-1e-2)) / 2e-2, 2);
  }
  trunk.free();
});

test("observing says how wrong the prediction was, in embedding's units, and takes the picture over", () => {
  const trunk = world.begin(makeContext());
  const guess = world.fork(trunk, 1);
  const action = noise([B, 2], 7);
  world.step(guess, action);
  const frames = rand([B, 2, 32, 32, 3], { generator: new Generator(8) })
    .mul(256)
    .to("uint8");
  const state = tensor([
    [11, 19],
    [9, 22],
  ]);
  world.observe(trunk, action, frames, state);
  const wrong = world.embed(trunk).sub(world.embed(guess)).square().mean(1).sqrt();
  expect(distance(world.feel(trunk).surprise, wrong)).toBeLessThan(1e-5);
  expect(distance(world.look(trunk).float(), frames.float())).toBe(0);
  expect(distance(world.embed(trunk), world.embedImage(frames, state))).toBeLessThan(1e-5);
  expect(distance(world.embed(trunk), world.embedImage(frames))).toBeGreaterThan(1e-3);
  trunk.free();
  guess.free();
});

test("the task changes reward and success, and nothing else", () => {
  const trunk = world.begin(makeContext(), { task: "red" });
  const before = world.feel(trunk);
  world.setTask(trunk, "blue");
  const after = world.feel(trunk);
  expect(distance(before.reward, after.reward)).toBeGreaterThan(1e-5);
  expect(distance(before.state, after.state)).toBe(0);
  world.setTask(trunk, ["red", "blue"]);
  expect(distance(world.feel(trunk).reward.narrow(0, 0, 1), before.reward.narrow(0, 0, 1))).toBeLessThan(
    1e-5,
  );
  expect(() => world.setTask(trunk, ["red"])).toThrow(/one for each of 2 streams, got 1/);
  trunk.free();
});

test("what is felt is what was felt, and is moved on from there", () => {
  const context = makeContext();
  const felt = [3, 4, -1, 2];
  context.state.set(felt.slice(0, 2), (T - 1) * 2);
  context.state.set(felt.slice(2), (2 * T - 1) * 2);
  const { moveHead } = model.nets;
  const before = world.begin(context);
  const start = world.feel(before);
  expect([...start.state.toFloat64()].map((each) => Number(each.toFixed(4)))).toEqual(felt);
  const action = tensor([1, 0, 0, 1]).view([B, 2]);
  const expected = noGrad(() =>
    scope(() => {
      const { code } = model.nets.predictor.blockCode(model.blockOf(action.unsqueeze(1), B));
      const state = model.stateScale.normalize(start.state);
      const change = moveHead?.forward(before.moment.embedding, state, code) ?? zeros([B, 2]);
      // On the scale of changes, 0.5 and 2 in the units of the data.
      return [...start.state.add(change.mul(tensor([0.5, 2]))).toFloat64()];
    }),
  );
  const after = world.feel(world.step(before, action));
  for (const [i, each] of [...after.state.toFloat64()].entries())
    expect(each).toBeCloseTo(expected[i] ?? 0, 4);
  expect(distance(after.state, start.state)).toBeGreaterThan(0.01);
  before.free();
});

test("a goal can count in some parts of the state alone, which must be there", () => {
  const context = makeContext();
  const [part] = facts.embodiment.state;
  const all = world.begin(context, { task: "blue", goalParts: [part?.name ?? ""] });
  const plain = world.begin(context, { task: "blue" });
  const distances = (state: typeof all): number[] => [...world.feel(state).goalDistance.toFloat64()];
  expect(distances(all)).toEqual(distances(plain)); // it has that part alone
  for (const told of world.feel(plain).toldDistance.toFloat64()) expect(told).toBeGreaterThan(0);
  const none = world.begin(context, { task: "blue", goalParts: [] });
  expect(distances(none)).toEqual([0, 0]);
  expect(() => world.begin(context, { task: "blue", goalParts: ["wheels"] })).toThrow(
    /parts of the state of the body "square", got wheels/,
  );
  for (const state of [all, plain, none]) state.free();
});

test("what recordings would do is proposed block by block, and only where that was learnt", () => {
  const { prior } = model.nets;
  const { maxBlock: K } = config.net;
  const plain = world.begin(makeContext(), { task: "blue" });
  const options = { copies: 3, horizon: 2, block: K };
  expect(world.abilities.prior).toBe(false);
  expect(() => world.propose(plain, options, new Generator(0))).toThrow(/has learnt no policy prior/);
  plain.free();
  noGrad(() => prior?.isTrained.fill_(1));
  const able = new JepaImagination(model);
  expect(able.abilities.prior).toBe(true);
  const stream = able.begin(makeContext(), { task: "blue" });
  const live = liveTensorCount();
  const ways = able.propose(stream, options, new Generator(0));
  expect(ways.shape).toEqual([3 * B, 2, K, 2]);
  expect(liveTensorCount()).toBeLessThanOrEqual(live + 1);
  scope(() =>
    noGrad(() => {
      const way = (i: number) => ways.select(0, i);
      // The first of each stream is what is expected, whatever is drawn; the others differ.
      const again = able.propose(stream, { ...options, copies: 1 }, new Generator(9));
      for (const b of [0, 1]) expect(distance(way(3 * b), again.select(0, b))).toBeLessThan(1e-5);
      expect(distance(way(0), way(1))).toBeGreaterThan(0.01);
      // Who is stuck with what is expected gets a draw in its place.
      const stuck = able.propose(stream, { ...options, isStuck: true }, new Generator(0));
      expect(distance(stuck.select(0, 0), way(0))).toBeGreaterThan(0.01);
      // The second block is what would be done from where the first one leads.
      const first = again.select(1, 0);
      able.step(stream, first);
      const then = able.propose(stream, { ...options, copies: 1, horizon: 1 }, new Generator(1));
      expect(distance(then.select(1, 0), again.select(1, 1))).toBeLessThan(1e-4);
    }),
  );
  expect(() => able.propose(stream, { ...options, block: K + 1 }, new Generator(0))).toThrow(/at most 2/);
  ways.free();
  stream.free();
  noGrad(() => prior?.isTrained.fill_(0));
});

test("of several ways the likeliest is expected and others are drawn; what is felt tells what is next", () => {
  const { task } = config.net;
  const net = {
    ...config.net,
    task: { ...task, goals: "rests" as const, modes: 3 },
    prior: { width: 16, modes: 4 },
  };
  const several = new JepaModel({ ...config, net }, facts, new Generator(0));
  scramble(several.nets, 1);
  setScales(several.setTrainable(false));
  noGrad(() => {
    several.nets.prior?.isTrained.fill_(1);
    // Sure of every way, so that what differs is which one.
    several.nets.prior?.deviation.layers.at(-1)?.bias?.fill_(-100);
  });
  const able = new JepaImagination(several);
  expect([world.abilities.stages, able.abilities.stages]).toEqual([false, true]);
  const stream = able.begin(makeContext(), { task: "blue" });
  scope(() => {
    const firstsOf = (seed: number, copies: number) =>
      able.propose(stream, { copies, horizon: 1, block: 1 }, new Generator(seed)).narrow(0, 0, copies);
    const ways = firstsOf(0, 60);
    expect(distance(ways.select(0, 0), firstsOf(9, 2).select(0, 0))).toBeLessThan(1e-5);
    const spread = ways.sub(ways.select(0, 0)).abs().amax([1, 2, 3]).toFloat64();
    expect(spread.filter((each) => each < 0.5).length).toBeGreaterThan(3);
    expect(spread.filter((each) => each > 0.5).length).toBeGreaterThan(3);
    const next = [...stream.moment.goal.mean.toFloat64()];
    able.step(stream, tensor([40, -40]).expand([B, 2]));
    expect([...stream.moment.goal.mean.toFloat64()]).toEqual(next); // until it is asked again
    able.setTask(stream, "blue");
    expect([...stream.moment.goal.mean.toFloat64()]).not.toEqual(next);
  });
  stream.free();
  several.free();
});

test("the prior is told the parts that the task names; where it names none, those that the plan counts in", () => {
  const [part] = facts.embodiment.state;
  const told = (named: readonly string[], goalParts: readonly string[] | undefined): number[] => {
    const task = { ...config.net.task, parts: [...named] };
    const other = new JepaModel({ ...config, net: { ...config.net, task } }, facts, new Generator(0));
    setScales(other.setTrainable(false));
    const state = new JepaImagination(other).begin(makeContext(), {
      task: "blue",
      ...(goalParts && { goalParts }),
    });
    const flags = [...state.moment.goal.isTold.toFloat64()];
    state.free();
    other.free();
    return flags;
  };
  const all = told([], undefined);
  expect(Math.max(...all)).toBe(1);
  expect(told([], [])).toEqual(all.map(() => 0));
  expect(told([part?.name ?? ""], [])).toEqual(all);
});

test("another goal is drawn as near to what words tell as they are sure, and only in parts that count", () => {
  const draw = (goalParts: readonly string[]): number => {
    const state = world.begin(makeContext(), { task: "blue", goalParts });
    const { mean, precision } = state.moment.goal;
    const live = liveTensorCount();
    let sum = 0;
    for (let i = 0; i < 300; i++) {
      world.drawGoal(state, new Generator(i));
      // In the deviations that are told: a precision is what is known beyond a deviation of 1.
      sum += scope(() => state.moment.goal.aim.sub(mean).square().mul(precision.add(1)).mean().item());
    }
    expect(liveTensorCount()).toBeLessThanOrEqual(live);
    state.free();
    return sum / 300;
  };
  const named = facts.embodiment.state.map(({ name }) => name);
  const told = noGrad(() =>
    scope(() => {
      const state = world.begin(makeContext(), { task: "blue" });
      const share = state.moment.goal.precision.gt(0).float().mean().item();
      state.free();
      return share;
    }),
  );
  expect(told).toBeGreaterThan(0);
  expect(Math.abs(draw(named) - told)).toBeLessThan(0.25); // a mean of 300 squares of each number
  expect(draw([])).toBe(0);
});

test("no action is not the action zero, and 200 steps stay finite at constant memory", () => {
  const [one, other] = [world.begin(makeContext()), world.begin(makeContext())];
  world.step(one, null);
  world.step(other, zeros([B, 2]));
  expect(distance(world.embed(one), world.embed(other))).toBeGreaterThan(1e-4);
  other.free();
  const counts: number[] = [];
  const still = zeros([B, 2]);
  for (let t = 0; t < 200; t++) {
    world.step(one, still);
    world.look(one);
    if (t >= 100 && t % 25 === 0) counts.push(liveTensorCount());
  }
  expect(new Set(counts).size).toBe(1);
  expect(world.embed(one).isfinite().all().item()).toBe(1);
  one.free();
});

test("a context or action of another embodiment is refused with both widths", () => {
  const context = makeContext();
  expect(() => world.begin({ ...context, V: 1 })).toThrow(/2 cameras \(top, side\), got \[1\]/);
  expect(() => world.begin({ ...context, A: 7 })).toThrow(ShapeError);
  expect(() => world.begin({ ...context, H: 64 })).toThrow(/\[32, 32\] pixels, got \[64, 32\]/);
  expect(() => world.begin({ ...context, T: 0 })).toThrow(UsageError);
  const trunk = world.begin(context);
  expect(() => world.step(trunk, zeros([B, 3]))).toThrow(ShapeError);
  expect(() => world.rollout(trunk, zeros([B, 1, 3, 2]))).toThrow(/at most 2/);
  trunk.free();
});

test("half precision runs the same model, a little less exactly", () => {
  const half = new JepaImagination(model, { usesBfloat16: true });
  const actions = noise([B, 2, 2, 2], 9);
  const [a, b] = [world, half].map((each) => {
    const trunk = each.begin(makeContext(), { task: "red" });
    const rolled = each.rollout(trunk, actions);
    trunk.free();
    return cat([rolled.embedding.flatten(), rolled.reward.flatten()]).float();
  }) as [Tensor, Tensor];
  const scale = a.square().mean().sqrt().item();
  expect(distance(a, b)).toBeGreaterThan(0);
  expect(a.sub(b).square().mean().sqrt().item()).toBeLessThan(0.05 * scale); // 8 bits, a few layers deep
});

test("a run is a world: pictures, state, reward and success for its task, the same for the same actions", async () => {
  const start = streamOf(makeContext(), 0);
  const dream = asWorld(model, { starts: [start], instruction: "red", maxSteps: 2, successThreshold: 1 });
  const observation = await dream.reset(0);
  const first = observation.images["top"];
  expect([first?.width, first?.height, first?.data.length]).toEqual([32, 32, 32 * 32 * 3]);
  expect(first?.data).toEqual(start.frames.slice((T - 1) * 2 * 3072, ((T - 1) * 2 + 1) * 3072)); // as recorded
  const action = Float32Array.of(3, -2);
  const [one, two] = [await dream.step(action), await dream.step(action)];
  expect([one.truncated, two.truncated]).toEqual([false, true]);
  await dream.reset(0);
  expect(await dream.step(action)).toEqual(one);

  const stream = world.begin(start, { task: "red" });
  world.step(stream, tensor([[3, -2]]));
  const felt = world.feel(stream);
  expect(one.reward).toBeCloseTo(felt.reward.item(), 4);
  expect(one.info["surprise"]).toBeCloseTo(felt.surprise.item(), 4);
  for (const [i, x] of felt.state.toFloat64().entries()) expect(one.observation.state[i]).toBeCloseTo(x, 3);
  stream.free();
  await dream.close();
});

test("a model that was never shown a state sees a goal picture and the present alike, whatever the body feels", () => {
  const { training } = config;
  const blind = { ...config, training: { ...training, jepa: { ...training.jepa, stateDropShare: 1 } } };
  const byPictures = new JepaModel(blind, facts, new Generator(0));
  noGrad(() => byPictures.loadStateDict(model.stateDict()));
  const context = makeContext(1);
  const last = noGrad(() =>
    tensor(Array.from(context.frames.subarray(-2 * 32 * 32 * 3)))
      .view([1, 2, 32, 32, 3])
      .to("uint8"),
  );
  const gapOf = (of: JepaImagination): number => {
    const state = of.begin(context);
    const gap = distance(of.embed(state), of.embedImage(last));
    state.free();
    return gap;
  };
  expect(gapOf(new JepaImagination(byPictures))).toBe(0);
  expect(gapOf(world)).toBeGreaterThan(0.1);
  byPictures.free();
});

import { cat, full, Generator, noGrad, ones, randn, zeros, type Tensor } from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import { allKnown, debugConfig, distance, randomInput, scramble } from "../testing.ts";
import { Dynamics, type DynamicsInput, type DynamicsOutput } from "./dynamics.ts";

const { dynamics: config } = debugConfig();
const shape = { numTokens: 4, channels: 8, actionWidth: 2, stateWidth: 2 };
const [B, T] = [2, 6];
let dynamics: Dynamics;
beforeAll(() => {
  dynamics = scramble(new Dynamics(config, shape, T, new Generator(0)), 1);
});

function run(input: DynamicsInput): DynamicsOutput {
  return noGrad(() => dynamics.forward(input));
}

const input = randomInput([B, T, shape.numTokens, shape.channels]);

/** Largest change of any output at each frame. */
function changes(a: DynamicsOutput, b: DynamicsOutput): number[] {
  return Array.from({ length: T }, (_, t) =>
    Math.max(
      ...(["latents", "stateDelta", "reward", "successLogit"] as const).map((name) =>
        distance(a[name].select(1, t), b[name].select(1, t)),
      ),
    ),
  );
}

/** x [B, T, ..] with other values at frame t. */
function changedAt(x: Tensor, t: number): Tensor {
  const other = randn([B, 1, ...x.shape.slice(2)], { generator: new Generator(99) }).to(x.dtype);
  return cat([x.narrow(1, 0, t), other, x.narrow(1, t + 1, T - t - 1)], 1);
}

test.each(["latents", "action", "state"] as const)(
  "what changes in the %s of a frame shows there and later, never earlier",
  (name) => {
    const known = allKnown(input);
    const found = changes(run(known), run({ ...known, [name]: changedAt(known[name], 3) }));
    expect(found.slice(0, 3)).toEqual([0, 0, 0]);
    for (const change of found.slice(3)) expect(change).toBeGreaterThan(1e-3);
  },
);

test.each(["level", "stepLog"] as const)("the %s of a frame is seen there and later only", (name) => {
  const other = input[name].clone();
  other.select(1, 2).add_(other.select(1, 2).eq(0).long().mul(2).sub(1)); // 0 becomes 1, others one less
  const found = changes(run(input), run({ ...input, [name]: other }));
  expect(found.slice(0, 2)).toEqual([0, 0]);
  for (const change of found.slice(2)) expect(change).toBeGreaterThan(1e-3);
});

test("an action that is not known has no influence; the learned vector stands for it", () => {
  const unknown = allKnown(input, false);
  const other = { ...unknown, action: changedAt(unknown.action, 1), state: changedAt(unknown.state, 2) };
  expect(changes(run(unknown), run(other))).toEqual([0, 0, 0, 0, 0, 0]);

  const before = run(unknown);
  const kept = dynamics.noAction.detach().clone();
  noGrad(() => dynamics.noAction.neg_());
  const after = run(unknown);
  const knowing = run(allKnown(input));
  noGrad(() => dynamics.noAction.copy_(kept));
  expect(Math.min(...changes(before, after))).toBeGreaterThan(1e-3);
  expect(changes(knowing, run(allKnown(input)))).toEqual([0, 0, 0, 0, 0, 0]);
});

test("frames after a given history are what a dream would make of them, one by one through the cache", () => {
  const other = randomInput([B, T, shape.numTokens, shape.channels], { seed: 7 });
  const history = { latents: other.latents, level: full([B, T], config.maxSteps - 1, { dtype: "int64" }) };
  const { latents, ...settled } = noGrad(() => dynamics.forwardAfter(history, input));
  const cache = dynamics.stack.makeCache(T);
  const finest = full([B, 1], Math.log2(config.maxSteps), { dtype: "int64" });
  noGrad(() => {
    for (let t = 0; t < T; t++) {
      const at = (x: Tensor): Tensor => x.narrow(1, t, 1);
      const condition = {
        before: t === 0 ? zeros([B, 1, 4, 8]) : history.latents.narrow(1, t - 1, 1),
        levelBefore: t === 0 ? zeros([B, 1], { dtype: "int64" }) : at(history.level),
        action: at(input.action),
        hasAction: at(input.hasAction),
        state: at(input.state),
        hasState: at(input.hasState),
      };
      const asked = { latents: at(input.latents), level: at(input.level), stepLog: at(input.stepLog) };
      const dreamt = dynamics.forward({ ...asked, ...condition }, cache);
      cache.rewind(1);
      expect(distance(dreamt.latents, at(latents))).toBeLessThan(1e-4); // another order of sums
      const entered = { latents: at(history.latents), level: at(history.level), stepLog: finest };
      const felt = dynamics.forward({ ...entered, ...condition }, cache);
      for (const name of ["stateDelta", "reward", "successLogit"] as const) {
        expect(distance(felt[name], at(settled[name]))).toBeLessThan(1e-4);
      }
    }
  });
  cache.free();
});

test("a stream frame by frame through the cache gives what the whole clip gives", () => {
  const whole = run(input);
  const cache = dynamics.stack.makeCache(T);
  noGrad(() => {
    for (let t = 0; t < T; t++) {
      const at = (x: Tensor): Tensor => x.narrow(1, t, 1);
      const frame = {
        latents: at(input.latents),
        before: t === 0 ? zeros([B, 1, 4, 8]) : input.latents.narrow(1, t - 1, 1),
        levelBefore: t === 0 ? zeros([B, 1], { dtype: "int64" }) : input.level.narrow(1, t - 1, 1),
        level: at(input.level),
        stepLog: at(input.stepLog),
        action: at(input.action),
        hasAction: at(input.hasAction),
        state: at(input.state),
        hasState: at(input.hasState),
      };
      // A sampler's tries leave no trace.
      dynamics.forward({ ...frame, latents: frame.latents.mul(-2) }, cache);
      cache.rewind(1);
      const output = dynamics.forward(frame, cache);
      // Tolerance: other sizes of products add up in another order.
      expect(distance(output.latents, at(whole.latents))).toBeLessThan(1e-4);
      expect(distance(output.stateDelta, at(whole.stateDelta))).toBeLessThan(1e-4);
      expect(distance(output.reward, at(whole.reward))).toBeLessThan(1e-4);
    }
  });
  cache.free();
});

test("a stream longer than the window goes on and sees the window only", () => {
  const window = 3;
  const outputs = (first: Tensor): Tensor => {
    const cache = dynamics.stack.makeCache(window);
    const latents = cat([first, input.latents.narrow(1, 1, T - 1)], 1);
    const last = noGrad(() => {
      let output: Tensor | undefined;
      for (let t = 0; t < T; t++) {
        const at = (x: Tensor): Tensor => x.narrow(1, t, 1);
        const frame = { ...input, latents: at(latents), level: at(input.level), stepLog: at(input.stepLog) };
        output = dynamics.forward(
          {
            ...frame,
            before: latents.narrow(1, Math.max(0, t - 1), 1),
            action: at(input.action),
            hasAction: at(input.hasAction),
            state: at(input.state),
            hasState: at(input.hasState),
          },
          cache,
        ).latents;
      }
      return output as Tensor;
    });
    cache.free();
    return last;
  };
  // One layer over time: frame 5 sees 3 to 5, and 2 as the predecessor of 3; frame 0 is out of sight.
  const [a, b] = [outputs(input.latents.narrow(1, 0, 1)), outputs(randn([B, 1, 4, 8]))];
  expect(distance(a, b)).toBe(0);
});

test("gradients reach every parameter", () => {
  const output = dynamics.forward({ ...input, stepLog: input.stepLog.add(1) }); // 0..2 drawn, so 1..3 as well
  const again = dynamics.forward(input);
  const total = [output, again]
    .flatMap(({ latents, stateDelta, reward, successLogit }) => [latents, stateDelta, reward, successLogit])
    .map((x) => x.square().mean())
    .reduce((a, b) => a.add(b));
  total.backward();
  const without = dynamics
    .namedParameters()
    .filter(([, p]) => p.grad === null || p.grad.abs().max().item() === 0)
    .map(([name]) => name);
  dynamics.zeroGrad();
  expect(without).toEqual([]);
});

test("a model of data without actions and states has no such layers and runs", () => {
  const bare = new Dynamics(config, { ...shape, actionWidth: 0, stateWidth: 0 }, T, new Generator(0));
  expect(bare.actionIn).toBeNull();
  const output = noGrad(() => bare.forward({ ...input, action: zeros([B, T, 0]), state: zeros([B, T, 0]) }));
  expect(output.stateDelta.shape).toEqual([B, T, 0]);
});

test("what pictures say counts where no action is known, through weights that recorded actions never meet", () => {
  const hinted = scramble(new Dynamics(config, { ...shape, hintWidth: 2 }, T, new Generator(0)), 4);
  const yes = ones([B, T, 1]).bool();
  const on = (over: Partial<DynamicsInput>): Tensor =>
    noGrad(() => hinted.forward({ ...input, hint: input.action, hasHint: yes, ...over }).latents);
  const no = yes.logicalNot();
  // Known actions: hints change nothing, to the bit.
  expect(distance(on({ hasAction: yes }), on({ hasAction: yes, hasHint: no }))).toBe(0);
  // No action: the hint is heard, and the same numbers as an action say something else.
  const told = on({ hasAction: no });
  expect(distance(told, on({ hasAction: no, hasHint: no }))).toBeGreaterThan(1e-3);
  expect(distance(told, on({ hasAction: yes }))).toBeGreaterThan(1e-3);
  // The gradient of a clip of video reaches the way in for hints, and not the one for actions.
  hinted
    .forward({ ...input, hasAction: no, hint: input.action, hasHint: yes })
    .latents.square()
    .mean()
    .backward();
  expect(hinted.hintIn?.weight.grad?.abs().max().item()).toBeGreaterThan(0);
  expect(hinted.actionIn?.weight.grad?.abs().max().item() ?? 0).toBe(0);
  hinted.zeroGrad();
  // Without the input, a network of this shape knows no hints.
  expect(new Dynamics(config, shape, T, new Generator(0)).hintIn).toBeNull();
});

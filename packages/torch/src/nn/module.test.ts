import { UsageError } from "@orrery/core";
import { expect, test } from "vitest";
import { ones, tensor, zeros } from "../create.ts";
import { Generator } from "../generator.ts";
import { liveTensorCount, scope } from "../memory.ts";
import type { Tensor } from "../tensor.ts";
import { Linear } from "./linear.ts";
import { buffer, Module, table } from "./module.ts";

class Model extends Module {
  readonly blocks: readonly Linear[];
  readonly heads: { readonly reward: Linear };
  readonly tied: Linear;
  readonly mean = buffer(zeros([2]));
  readonly angles = table(ones([2]));
  readonly scratch = ones([5]); // unmarked: belongs to nobody

  constructor(generator: Generator) {
    super();
    this.blocks = [new Linear(2, 2, generator), new Linear(2, 2, generator, { bias: false })];
    this.heads = { reward: new Linear(2, 1, generator) };
    this.tied = this.blocks[0] as Linear;
  }
}

const make = (): Model => new Model(new Generator(3));

test("Module names parameters and buffers by their path, once each, and leaves tables and others out", () => {
  const model = make();
  expect([...model.stateDict().keys()].sort()).toEqual([
    "blocks.0.bias",
    "blocks.0.weight",
    "blocks.1.weight",
    "heads.reward.bias",
    "heads.reward.weight",
    "mean",
  ]);
  expect(model.numParameters()).toBe(4 + 2 + 4 + 2 + 1);
  expect(model.namedBuffers().map(([name]) => name)).toEqual(["mean"]);
  expect(model.modules()).toHaveLength(4);
});

test("loadStateDict copies values, converting their dtype", () => {
  const model = make();
  const state = new Map([...make().stateDict()].map(([name, t]) => [name, t.detach().mul(2).double()]));
  model.loadStateDict(state);
  expect(
    model
      .stateDict()
      .get("blocks.1.weight")
      ?.allclose((state.get("blocks.1.weight") as Tensor).float()),
  ).toBe(true);
});

test("loadStateDict counts what is missing, unknown and misshapen, and changes nothing", () => {
  const model = make();
  const before = model.mean.clone();
  const state = new Map<string, Tensor>(make().stateDict());
  state.set("mean", tensor([5, 6]));
  state.delete("blocks.0.bias");
  state.delete("blocks.1.weight");
  state.set("old", zeros([1]));
  state.set("heads.reward.weight", zeros([1, 3]));
  const load = (): void => model.loadStateDict(state);
  expect(load).toThrow(UsageError);
  expect(load).toThrow(
    'loadStateDict: 2 of 6 tensors are missing, first "blocks.0.bias"; 1 are unknown, first "old"; 1 have another ' +
      'shape, first "heads.reward.weight" with [1, 3] where [1, 2] is needed. Was it saved with another configuration?',
  );
  expect(model.mean.equal(before)).toBe(true);
});

test("to converts in place, so that whoever holds a parameter sees the new one", () => {
  const model = make();
  const held = model.heads.reward.weight;
  model.to({ dtype: "float64" });
  expect([held.dtype, model.mean.dtype, model.angles.dtype]).toEqual(["float64", "float64", "float64"]);
  expect(held.requiresGrad && held.isLeaf).toBe(true);
});

test("train, setTrainable and zeroGrad reach every module", () => {
  const model = make();
  model.eval();
  expect(model.modules().some((module) => module.isTraining)).toBe(false);
  const { reward } = model.heads;
  reward
    .forward(ones([1, 2]))
    .sum()
    .backward();
  expect(reward.weight.grad?.toArray()).toEqual([[1, 1]]);
  model.zeroGrad();
  expect(reward.weight.grad).toBeNull();
  model.setTrainable(false);
  expect(reward.forward(ones([1, 2])).requiresGrad).toBe(false);
});

test("a module made inside a scope outlives it, and free gives all of it back", () => {
  const before = liveTensorCount();
  const linear = scope(() => {
    const layer = new Linear(3, 3, new Generator(1));
    layer.forward(ones([1, 3]));
    return layer;
  });
  expect(liveTensorCount()).toBeLessThanOrEqual(before + 2);
  linear.free();
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
});

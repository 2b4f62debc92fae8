import { Generator, noGrad, scope, tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { squareFacts } from "../testing.ts";
import type { JepaConfig } from "./config.ts";
import { goalOf } from "./goal.ts";
import { JepaModel } from "./model.ts";

const config = loadConfig("jepa-debug") as JepaConfig;

/** The first number of the goal of a model that tells two, whatever it sees: 1, which is likelier, and -1. */
function aimFrom(felt: number, goals: "end" | "rests"): number {
  const task = { ...config.net.task, goals, modes: 2 };
  const model = new JepaModel({ ...config, net: { ...config.net, task } }, squareFacts, new Generator(0));
  const scales = { mean: [0, 0], std: [1, 1] };
  const head = model.nets.goalHead!;
  noGrad(() => {
    model.stateScale.set(scales);
    model.goalScale.set(scales);
    for (const [mlp, bias] of [
      [head.mean, [1, 1, -1, -1]],
      [head.choice!, [2, 0]],
    ] as const) {
      const last = mlp.layers.at(-1)!;
      last.weight.fill_(0);
      scope(() => last.bias!.copy_(tensor(bias)));
    }
  });
  const aim = scope(() => {
    const found = tensor(Array.from({ length: task.width }, () => 0)).view([1, -1]);
    return goalOf(model, head, found, tensor([felt, felt]).view([1, 2]), undefined)
      .aim.select(1, 0)
      .item();
  });
  model.free();
  return aim;
}

test("of goals on the way the likeliest is gone for where the body is not already", () => {
  expect(aimFrom(0, "rests")).toBeCloseTo(1, 5);
  expect(aimFrom(0.8, "rests")).toBeCloseTo(1, 5); // 0.2 away
  expect(aimFrom(0.9, "rests")).toBeCloseTo(-1, 5);
  expect(aimFrom(-1, "rests")).toBeCloseTo(1, 5);
  // The end may be where it is.
  expect(aimFrom(1, "end")).toBeCloseTo(1, 5);
});

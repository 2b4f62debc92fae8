import { AdamW, Generator, noGrad, randn, scope, tensor, zeros } from "@orrery/torch";
import { expect, test } from "vitest";
import { loadConfig, type JepaConfig } from "../config.ts";
import { goalDistance, GoalHead, goalPrecision, LOG_VARIANCE } from "./heads.ts";
import { guessError, modesError } from "./modes.ts";

const numbers = (x: { toFloat64(): Float64Array }): number[] => [...x.toFloat64()];

test("distance to a goal counts only what the goal speaks of, and a sure number more than a vague one", () => {
  scope(() => {
    const mean = tensor([1, -1, 0]);
    // Deviations 0.1, 1 (all that recordings tell anyhow) and 0.5: precisions 99, 0 and 3.
    const logVariance = tensor([0.1, 1, 0.5]).log().mul(2);
    const precision = goalPrecision({ mean, logVariance });
    expect(numbers(precision)[0]).toBeCloseTo(99, 3);
    expect(numbers(precision).slice(1)).toEqual([0, expect.closeTo(3, 5)]);
    const states = tensor([1, 5, 0, 2, -1, 0, 1, -1, 2]).view([3, 3]);
    const [free, sure, vague] = numbers(goalDistance(states, mean, precision));
    expect(free).toBeCloseTo(0, 6); // the second number may be anything
    expect(sure).toBeCloseTo(99 / 102, 5);
    expect(vague).toBeCloseTo((3 * 4) / 102, 5);
  });
});

test("a goal of which nothing is known is as near as any", () => {
  scope(() => {
    const nothing = goalPrecision({ mean: tensor([0, 0]), logVariance: tensor([0, 0.5]) });
    expect(numbers(goalDistance(tensor([3, 4]), tensor([0, 0]), nothing))).toEqual([0]);
  });
});

test("the least error has the mean and the deviation of what was felt", () => {
  scope(() => {
    const felt = randn([4000, 1], { generator: new Generator(5) })
      .mul(0.3)
      .add(2);
    const least = (mean: number, std: number): number =>
      guessError({ mean: tensor([mean]), logVariance: tensor([2 * Math.log(std)]) }, felt)
        .mean()
        .item();
    const best = least(2, 0.3);
    for (const [mean, std] of [
      [2.1, 0.3],
      [1.9, 0.3],
      [2, 0.25],
      [2, 0.36],
    ] as const) {
      expect(least(mean, std)).toBeGreaterThan(best);
    }
  });
});

test("of two places that may be next the likelier one is told, and not the middle", () => {
  const base = loadConfig("jepa-debug") as JepaConfig;
  const guessOf = (modes: number): number => {
    const net = { ...base.net, task: { ...base.net.task, goals: "rests" as const, modes } };
    const head = new GoalHead(net, 2, new Generator(1));
    const optimizer = new AdamW(head.namedParameters(), { lr: 0.03 });
    const B = 32;
    const found = zeros([B, net.task.width]);
    const state = zeros([B, 2]);
    // Three times in four at 1, else at -1; the second number does not count, and is noise.
    const felt = randn([B, 2], { generator: new Generator(2) });
    felt.select(1, 0).fill_(1);
    felt
      .narrow(0, 0, B / 4)
      .select(1, 0)
      .fill_(-1);
    for (let step = 0; step < 100; step++) {
      scope(() => {
        optimizer.zeroGrad();
        modesError(head.modes(found, state), felt, {
          counts: tensor([1, 0]),
          limits: LOG_VARIANCE,
        }).backward();
        optimizer.step();
      });
    }
    return noGrad(() =>
      scope(() => head.likeliest(head.modes(found, state)).mean.select(1, 0).mean().item()),
    );
  };
  expect(guessOf(1)).toBeCloseTo(0.5, 1);
  expect(guessOf(3)).toBeCloseTo(1, 1);
});

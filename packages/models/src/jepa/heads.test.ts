import { Generator, randn, scope, tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { goalDistance, goalError, goalPrecision } from "./heads.ts";

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
      goalError({ mean: tensor([mean]), logVariance: tensor([2 * Math.log(std)]) }, felt)
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

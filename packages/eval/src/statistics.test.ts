import { makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import { bootstrap, mean, psnr, wilson } from "./statistics.ts";

test.each([
  // Newcombe 1998, table I, method 3 (score, no continuity correction).
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])("the Wilson interval of %i in %i is the published one", (successes, trials, low, high) => {
  const [l, h] = wilson(successes, trials);
  // Published to four digits.
  expect(l).toBeCloseTo(low, 4);
  expect(h).toBeCloseTo(high, 4);
});

test("Wilson's interval stays within 0 and 1 and knows nothing without trials", () => {
  expect(wilson(0, 0)).toEqual([0, 1]);
  expect(wilson(5, 5)[1]).toBe(1);
  expect(wilson(0, 5)[0]).toBe(0);
});

test("the interval of a mean is that of the normal distribution where every cluster is one number", () => {
  const rng = makeRng(4, "sample");
  const clusters = Array.from({ length: 400 }, () => [rng.normal(10, 2)]);
  const [low, high] = bootstrap(clusters, mean, makeRng(5, "bootstrap"));
  const centre = mean(clusters.flat());
  const half = (1.96 * 2) / Math.sqrt(400); // 0.196
  // The percentiles of 1000 rounds and the sample's own deviation are each good to about a tenth.
  expect(Math.abs(centre - low - half)).toBeLessThan(0.2 * half);
  expect(Math.abs(high - centre - half)).toBeLessThan(0.2 * half);
});

test("copies of an item within its cluster do not narrow the interval", () => {
  const clusters = [[1], [2], [3], [4], [9]];
  const copied = clusters.map(([value = 0]) => Array.from({ length: 50 }, () => value));
  const once = bootstrap(clusters, mean, makeRng(1, "b"));
  const often = bootstrap(copied, mean, makeRng(1, "b"));
  expect(often[0]).toBeCloseTo(once[0], 9);
  expect(often[1]).toBeCloseTo(once[1], 9);
  expect(once[1] - once[0]).toBeGreaterThan(3);
});

test("one cluster tells nothing of how clusters differ", () => {
  expect(bootstrap([[1, 2, 3]], mean, makeRng(1, "b"))).toEqual([Number.NaN, Number.NaN]);
});

test("the same seed gives the same interval", () => {
  const clusters = [[1, 2], [3], [5, 8, 13]];
  const interval = (seed: number): readonly number[] => bootstrap(clusters, mean, makeRng(seed, "b"));
  expect(interval(7)).toEqual(interval(7));
});

test("PSNR is 20 dB per factor of ten of the error, and has a ceiling where there is none", () => {
  expect(psnr(1)).toBeCloseTo(0, 12);
  expect(psnr(0.1 ** 2)).toBeCloseTo(20, 12);
  expect(psnr(1 / 255 ** 2)).toBeCloseTo(48.1308, 4); // off by one grey level everywhere
  expect(psnr(0)).toBe(100);
});

import { expect, test } from "vitest";
import {
  dropout,
  Generator,
  getRngState,
  manualSeed,
  normal,
  ones,
  rand,
  randint,
  randn,
  randperm,
  setRngState,
} from "./index.ts";

test("the same seed gives the same numbers, and these are torch's own", () => {
  manualSeed(0);
  const first = randn([3]).toArray();
  manualSeed(0);
  expect(randn([3]).toArray()).toEqual(first);
  // torch.manual_seed(0); torch.randn(3) in Python prints 1.5410, -0.2934, -2.1788
  expect(first.map((v) => Number(Number(v).toFixed(4)))).toEqual([1.541, -0.2934, -2.1788]);
});

test("generators do not disturb each other or the global stream", () => {
  manualSeed(1);
  const undisturbed = rand([4]).toArray();
  manualSeed(1);
  const own = new Generator(5);
  const drawn = normal(0, 1, [4], { generator: own }).toArray();
  expect(rand([4]).toArray()).toEqual(undisturbed);
  own.seed = 5;
  expect(normal(0, 1, [4], { generator: own }).toArray()).toEqual(drawn);
  expect(own.seed).toBe(5);
});

test("a state put back continues with the same numbers", () => {
  const generator = new Generator(3);
  rand([7], { generator });
  const state = generator.getState();
  const next = randint(0, 1000, [5], { generator }).toArray();
  const other = new Generator(99);
  other.setState(state);
  expect(randint(0, 1000, [5], { generator: other }).toArray()).toEqual(next);

  const global = getRngState();
  const a = randperm(10).toArray();
  setRngState(global);
  expect(randperm(10).toArray()).toEqual(a);
  expect(() => generator.setState(new Uint8Array(3))).toThrow(/RNG state/);
});

test("dropout follows its generator and keeps the mean", () => {
  const draw = () => dropout(ones([1000]), 0.25, true, new Generator(2));
  const t = draw();
  expect(t.equal(draw())).toBe(true);
  const kept = t.gt(0).float().mean().item();
  expect(Math.abs(kept - 0.75)).toBeLessThan(0.05); // 3.6 standard deviations of a mean of 1000 draws
  expect(t.max().item()).toBeCloseTo(4 / 3, 6);
  expect(dropout(t, 0.25, false)).toBe(t);
});

test("seeds must be whole and not negative", () => {
  expect(() => new Generator(-1)).toThrow(/whole number from 0/);
  expect(() => manualSeed(0.5)).toThrow(/whole number from 0/);
});

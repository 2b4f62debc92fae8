import { UsageError } from "@orrery/core";
import { expect, test } from "vitest";
import { noGrad } from "../autograd.ts";
import { randn, tensor } from "../create.ts";
import { cat } from "../functional.ts";
import { Generator } from "../generator.ts";
import { liveTensorCount, scope } from "../memory.ts";
import { Attention, windowMask } from "./attention.ts";
import { KvCache } from "./kv-cache.ts";
import { linePositions, Rotary } from "./rotary.ts";
import { maxDifference } from "./testdata/reference.ts";

const T = 13;
const config = { width: 12, numHeads: 4, numKvHeads: 2, headWidth: 6, normalizesQueryKey: true };
const attention = new Attention(config, new Generator(5));
const rotary = new Rotary(6, linePositions(40));
const x = randn([2, T, 12], { generator: new Generator(6) });

test.each([
  { window: 20, chunks: [13] },
  { window: 20, chunks: Array.from({ length: 13 }, () => 1) },
  { window: 20, chunks: [4, 1, 1, 7] },
  { window: 3, chunks: Array.from({ length: 13 }, () => 1) },
  { window: 4, chunks: [5, 1, 2, 1, 1, 3] },
  { window: 1, chunks: [1, 2, 10] },
])("streaming $chunks through a window of $window equals full windowed attention", ({ window, chunks }) => {
  noGrad(() => {
    const full = attention.forward(x, { mask: windowMask(T, 0, window), rotary });
    const cache = new KvCache(window);
    let start = 0;
    const parts = chunks.map((size) => {
      const part = attention.forward(x.narrow(1, start, size), { rotary, cache });
      start += size;
      return part;
    });
    // Tolerance: positions are counted from the window's start, so the angles, and their rounding, differ.
    expect(maxDifference(cat(parts, 1), full)).toBeLessThan(2e-6);
  });
});

test("a window as long as the sequence is plain causal attention", () => {
  const causal = attention.forward(x, { isCausal: true, rotary });
  expect(maxDifference(attention.forward(x, { mask: windowMask(T, 0, T), rotary }), causal)).toBeLessThan(
    1e-6,
  );
  const keepsAll = attention.forward(x, { isCausal: true, mask: windowMask(T, 0, T), rotary });
  expect(maxDifference(keepsAll, causal)).toBeLessThan(1e-6);
});

test("later tokens do not reach earlier ones", () => {
  const changed = cat([x.narrow(1, 0, 8), x.narrow(1, 8, 5).mul(-3)], 1);
  const head = (input: typeof x): typeof x =>
    attention.forward(input, { isCausal: true, rotary }).narrow(1, 0, 8);
  expect(head(x).equal(head(changed))).toBe(true);
});

test("a rewound token leaves no trace, and selected rows go on as their own streams", () => {
  noGrad(() => {
    const cache = new KvCache(4);
    const step = (t: number, into: KvCache, from = x): typeof x =>
      attention.forward(from.narrow(1, t, 1), { rotary, cache: into });
    for (let t = 0; t < 7; t++) {
      step(12 - t, cache); // a first try with other content
      cache.rewind(1);
      step(t, cache);
    }
    const branches = cache.select(tensor([1n, 0n, 1n]));
    const both = step(7, branches, x.indexSelect(0, tensor([1n, 0n, 0n])));
    const full = attention.forward(x, { mask: windowMask(T, 0, 4), rotary });
    expect(maxDifference(step(7, cache), full.narrow(1, 7, 1))).toBeLessThan(2e-6);
    expect(maxDifference(both.select(0, 0), full.select(0, 1).narrow(0, 7, 1))).toBeLessThan(2e-6);
    expect(maxDifference(both.select(0, 1), full.select(0, 0).narrow(0, 7, 1))).toBeLessThan(2e-6);
  });
});

test("a long stream runs at constant memory", () => {
  noGrad(() => {
    const cache = new KvCache(5);
    const step = (): void => scope(() => void attention.forward(x.narrow(1, 0, 1), { rotary, cache }));
    step();
    const before = liveTensorCount();
    for (let i = 0; i < 300; i++) step();
    expect(liveTensorCount()).toBeLessThanOrEqual(before);
    cache.free();
    expect(liveTensorCount()).toBeLessThanOrEqual(before - 1);
  });
});

test("wrong use is refused with what was found", () => {
  expect(() => new Attention({ width: 12, numHeads: 5 }, new Generator(1))).toThrow(/got 5/);
  expect(() => new KvCache(0)).toThrow(/window must be a whole number of at least 1, got 0/);
  const cache = new KvCache(4);
  attention.forward(x, { cache });
  expect(() => attention.forward(x, { cache, mask: windowMask(T, 0, T) })).toThrow(UsageError);
  expect(() => attention.forward(x.narrow(0, 0, 1), { cache })).toThrow(
    /key must have shape \[2, 2, S, 6\] as before/,
  );
  expect(() => cache.rewind(99)).toThrow(/at most 13 tokens can be forgotten, got 99/);
});

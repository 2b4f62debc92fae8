import { settleGarbage } from "@orrery/core/node";
import { expect, test } from "vitest";
import {
  fromTyped,
  keep,
  liveTensorBytes,
  liveTensorCount,
  noGrad,
  randn,
  scope,
  tensor,
  zeros,
  type Tensor,
} from "./index.ts";

test("scope frees what was made inside, except what it returns", () => {
  const before = liveTensorCount();
  const result = scope(() => {
    const a = zeros([4]);
    const inMap = new Map([["sum", a.sum()]]);
    return { list: [a.add(1)], inMap, text: "kept" };
  });
  expect(liveTensorCount()).toBe(before + 2);
  expect(result.list[0]?.toArray()).toEqual([1, 1, 1, 1]);
  expect(result.inMap.get("sum")?.item()).toBe(0);
  result.list[0]?.free();
  result.inMap.get("sum")?.free();
  expect(liveTensorCount()).toBe(before);
});

test("a nested scope hands its result to the enclosing one", () => {
  const before = liveTensorCount();
  scope(() => {
    const inner = scope(() => zeros([2]).add(3));
    expect(liveTensorCount()).toBe(before + 1);
    expect(inner.toArray()).toEqual([3, 3]);
  });
  expect(liveTensorCount()).toBe(before);
});

test("kept tensors survive all scopes", () => {
  const before = liveTensorCount();
  const kept: Tensor[] = [];
  scope(() => scope(() => void kept.push(keep(zeros([2]).add(1)))));
  expect(liveTensorCount()).toBe(before + 1);
  expect(kept[0]?.toArray()).toEqual([1, 1]);
  kept[0]?.free();
  expect(liveTensorCount()).toBe(before);
});

test("scope frees when its function throws", () => {
  const before = liveTensorCount();
  const failing = (): void => {
    zeros([3]).add(1);
    throw new Error("stop");
  };
  expect(() => scope(failing)).toThrow("stop");
  expect(liveTensorCount()).toBe(before);
});

test("scope refuses promises, and still frees", () => {
  const before = liveTensorCount();
  expect(() =>
    scope(async () => {
      zeros([1]);
      return Promise.resolve();
    }),
  ).toThrow("scope: fn must not be async");
  expect(liveTensorCount()).toBe(before);
});

test("using a freed tensor is an error that names the argument", () => {
  const t = zeros([2]);
  t.free();
  t.free(); // harmless
  expect(t.isFreed).toBe(true);
  expect(() => t.add(1)).toThrow(/add\.Scalar: argument "self" was freed already/);
  expect(() => t.shape).toThrow(/freed already/);
  expect(t.toString()).toBe("tensor(<freed>)");
  const lost = scope(() => ({ hidden: () => zeros([1]) })).hidden;
  expect(lost().isFreed).toBe(false); // made after the scope ended
});

test("in-place operations return the same object", () => {
  const t = zeros([2]);
  expect(t.add_(1).mul_(3)).toBe(t);
  expect(t.toArray()).toEqual([3, 3]);
});

test("thousands of training steps keep the number of tensors and the memory constant", () => {
  const weight = keep(randn([64, 64], { requiresGrad: true }));
  const step = (): number =>
    scope(() => {
      const loss = randn([32, 64]).matmul(weight).tanh().square().mean();
      loss.backward();
      noGrad(() => weight.sub_(weight.grad ?? zeros([64, 64]), 0.01));
      weight.grad = null;
      return loss.item();
    });
  for (let i = 0; i < 500; i++) step(); // allocator and JIT reach their working size
  const [count, bytes, rss] = [liveTensorCount(), liveTensorBytes(), process.memoryUsage().rss];
  for (let i = 0; i < 4000; i++) step();
  expect(liveTensorCount()).toBe(count);
  expect(liveTensorBytes()).toBe(bytes);
  // One leaked [64, 64] matrix a step would be 65 MB; the JS heap itself moves by a few.
  expect((process.memoryUsage().rss - rss) / 1e6).toBeLessThan(30);
});

test("memory shared with a typed array lives as long as either side, and no longer", () => {
  const before = liveTensorBytes();
  for (let i = 0; i < 200; i++) {
    const shared = fromTyped(new Float32Array(1 << 18), [1 << 18], { share: true }); // 1 MB
    expect(shared.numel).toBe(1 << 18);
    shared.free();
  }
  expect(liveTensorBytes()).toBe(before);
  const array = Float32Array.of(1, 2, 3);
  const t = fromTyped(array, [3], { share: true });
  array[1] = 20;
  t.mul_(2);
  expect([...array]).toEqual([2, 40, 6]);
});

test("the garbage collector frees what no scope owns", async () => {
  const before = liveTensorCount();
  for (let i = 0; i < 100; i++) tensor([i]);
  await settleGarbage();
  expect(liveTensorCount()).toBeLessThan(before + 10);
});

import { expect, test } from "vitest";
import {
  autocast,
  enableGrad,
  grads,
  gradsOrNull,
  isGradEnabled,
  layerNorm,
  liveTensorCount,
  noGrad,
  randn,
  scaledDotProductAttention,
  scope,
  tensor,
  Generator,
} from "./index.ts";
import { gradcheck } from "./testing.ts";

test("backward adds to grad, on scalars and with a gradient", () => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  x.square().sum().backward();
  expect(x.grad?.toArray()).toEqual([2, 4, 6]);
  x.mul(2).backward(tensor([1, 10, 100]));
  expect(x.grad?.toArray()).toEqual([4, 24, 206]);
  x.grad = null;
  expect(x.grad).toBeNull();
  expect(() => x.mul(2).backward()).toThrow(/grad can be implicitly created only for scalar outputs/);
});

test("leaves, detach and noGrad", () => {
  const x = tensor([2], { requiresGrad: true });
  const y = x.mul(3);
  expect([x.isLeaf, y.isLeaf, y.requiresGrad, y.detach().requiresGrad]).toEqual([true, false, true, false]);
  expect(noGrad(() => x.mul(3)).requiresGrad).toBe(false);
  expect(noGrad(() => enableGrad(() => x.mul(3))).requiresGrad).toBe(true);
  expect(() => noGrad(() => x.reshape([2]))).toThrow(/shape '\[2\]' is invalid/);
  expect(isGradEnabled()).toBe(true); // put back although the function threw
  expect(() => x.add_(1)).toThrow(/leaf Variable that requires grad/);
});

test("grads leaves grad alone and gives null only where asked", () => {
  const x = tensor([3], { requiresGrad: true });
  const unused = tensor([1], { requiresGrad: true });
  const y = x.pow(3).sum();
  const [first] = grads([y], [x], { createGraph: true });
  expect(first?.item()).toBe(27);
  const [second] = grads([first?.sum() ?? y], [x]);
  expect(second?.item()).toBe(18); // d2/dx2 of x^3 at 3
  expect(x.grad).toBeNull();
  expect(() => grads([x.pow(2).sum()], [unused])).toThrow(/not have been used in the graph/);
  expect(gradsOrNull([x.pow(2).sum()], [unused])).toEqual([null]);
});

const random = (shape: number[], seed: number) =>
  randn(shape, { dtype: "float64", generator: new Generator(seed) });

test("gradcheck agrees with autograd and catches a wrong gradient", () => {
  expect(gradcheck((x) => x.tanh().mul(x), [random([2, 3], 1)])).toBeLessThan(1e-8);
  gradcheck(
    (q, k, v) => scaledDotProductAttention(q, k, v, { isCausal: true }),
    [random([3, 4], 2), random([3, 4], 3), random([3, 4], 4)],
  );
  gradcheck((x, w, b) => layerNorm(x, [4], w, b), [random([2, 4], 5), random([4], 6), random([4], 7)]);
  // detach hides half of the product from autograd
  expect(() => gradcheck((x) => x.mul(x.detach()), [random([3], 8)])).toThrow(/input 0 at element 0 must be/);
});

test("autocast computes products in bfloat16, keeps gradients float32, and forgets its cast weights", () => {
  scope(() => {
    const weight = randn([8, 8], { requiresGrad: true });
    const x = randn([4, 8]);
    const run = () => autocast({ dtype: "bfloat16" }, () => x.matmul(weight));
    const y = run();
    expect(y.dtype).toBe("bfloat16");
    expect(autocast({ enabled: false }, () => x.matmul(weight)).dtype).toBe("float32");
    expect(x.matmul(weight).dtype).toBe("float32");
    y.float().sum().backward();
    expect(weight.grad?.dtype).toBe("float32");
    const exact = x.matmul(weight);
    // bfloat16 has 8 bits of mantissa: 0.4 % per factor, over sums of 8 terms of size about 1.
    expect(y.sub(exact).abs().max().item()).toBeLessThan(0.1);

    noGrad(() => weight.zero_());
    expect(run().abs().max().item()).toBe(0); // a stale cast would still hold the old weight
  });
});

test("a graph is released with its last tensor", () => {
  const before = liveTensorCount();
  scope(() => {
    const x = randn([4], { requiresGrad: true });
    for (let i = 0; i < 10; i++) x.mul(i).sum().backward();
  });
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
});

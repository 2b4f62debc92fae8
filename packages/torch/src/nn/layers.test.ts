import { describe, expect, test } from "vitest";
import { autocast, grads } from "../autograd.ts";
import { randn, tensor, zeros } from "../create.ts";
import { Generator } from "../generator.ts";
import type { Tensor } from "../tensor.ts";
import { Attention } from "./attention.ts";
import { Conv2d, ConvTranspose2d } from "./conv.ts";
import { truncatedNormal } from "./init.ts";
import { Embedding, Linear } from "./linear.ts";
import { MLP, Sequential, SwiGLU } from "./mlp.ts";
import type { Layer, Module } from "./module.ts";
import { GroupNorm, LayerNorm, RMSNorm } from "./norm.ts";
import { gridPositions, linePositions, Rotary } from "./rotary.ts";
import { gradcheckModule } from "./testing.ts";
import { maxDifference, reference, stored } from "./testdata/reference.ts";

const gen = (): Generator => new Generator(11);
const attentionConfig = { width: 10, numHeads: 4, numKvHeads: 2, headWidth: 8, normalizesQueryKey: true };

interface Case {
  readonly layer: Module & Layer;
  /** Shape of a small input. */
  readonly input: readonly number[];
}

/** Every layer, as it stands in the stored reference. */
const cases: Readonly<Record<string, () => Case>> = {
  rmsNorm: () => ({ layer: new RMSNorm(8), input: [3, 8] }),
  layerNorm: () => ({ layer: new LayerNorm(8), input: [3, 8] }),
  groupNorm: () => ({ layer: new GroupNorm(3, 6), input: [2, 6, 3, 2] }),
  linear: () => ({ layer: new Linear(5, 4, gen()), input: [2, 5] }),
  swiglu: () => ({ layer: new SwiGLU(4, 6, gen()), input: [3, 4] }),
  conv2d: () => ({
    layer: new Conv2d({ numInputs: 2, numOutputs: 3, kernel: 3, stride: 2, padding: 1 }, gen()),
    input: [1, 2, 5, 5],
  }),
  convTranspose2d: () => ({
    layer: new ConvTranspose2d({ numInputs: 3, numOutputs: 2, kernel: 4, stride: 2, padding: 1 }, gen()),
    input: [1, 3, 2, 3],
  }),
  attentionCausal: () => ({
    layer: withOptions(new Attention(attentionConfig, gen()), new Rotary(8, linePositions(6)), true),
    input: [2, 6, 10],
  }),
  attentionGridCapped: () => ({
    layer: withOptions(
      new Attention({ ...attentionConfig, softCap: 3 }, gen()),
      new Rotary(8, gridPositions(2, 3)),
      false,
    ),
    input: [2, 6, 10],
  }),
};

function withOptions(attention: Attention, rotary: Rotary, isCausal: boolean): Attention {
  const forward = attention.forward.bind(attention);
  attention.forward = (x) => forward(x, { rotary, isCausal });
  return attention;
}

describe.each(Object.entries(cases))("%s", (name, make) => {
  test("gives PyTorch's output and gradients", () => {
    const { layer } = make();
    const expected = reference.layers[name];
    if (expected === undefined) throw new Error(`reference.json lacks "${name}". Run make_reference.py.`);
    const { x: storedX, ...weights } = expected.in;
    if (storedX === undefined) throw new Error(`reference.json: "${name}" lacks x.`);
    layer.loadStateDict(new Map(Object.entries(weights).map(([key, value]) => [key, stored(value)])));
    const x = stored(storedX).requiresGrad_();

    const y = layer.forward(x);
    // Tolerances: float32 sums in another order, over at most a few hundred terms of order one.
    expect(maxDifference(y, expected.out)).toBeLessThan(5e-6);
    const leaves = new Map([["x", x], ...layer.namedParameters()]);
    const found = grads([y], [...leaves.values()], { gradients: [stored(expected.g)] });
    for (const [i, key] of [...leaves.keys()].entries()) {
      const gradient = expected.grad[key];
      if (gradient === undefined) throw new Error(`reference.json: "${name}" lacks the gradient of ${key}.`);
      expect(maxDifference(found[i] as Tensor, gradient), key).toBeLessThan(3e-5);
    }
  });

  test("has the gradients that finite differences give", () => {
    const { layer, input } = make();
    layer.to({ dtype: "float64" });
    const x = randn(input, { generator: gen(), dtype: "float64" });
    gradcheckModule(layer, [x], (input) => layer.forward(input));
  });

  test("stays close to itself in bfloat16", () => {
    const { layer, input } = make();
    const x = randn(input, { generator: gen() });
    const exact = layer.forward(x);
    const rough = autocast({}, () => layer.forward(x));
    // Eight bits of mantissa: 1/256 per product, over a handful of products in a row, on values of order one to three.
    expect(maxDifference(rough, exact)).toBeLessThan(0.06);
  });
});

test("MLP, Sequential and Embedding have the gradients that finite differences give", () => {
  const row = new Sequential(new MLP([3, 5, 4, 2], gen()), (x) => x.tanh(), new Linear(2, 3, gen()));
  expect(row.namedParameters().at(-1)?.[0]).toBe("layers.2.bias");
  row.to({ dtype: "float64" });
  gradcheckModule(row, [randn([2, 3], { generator: gen(), dtype: "float64" })], (x) => row.forward(x));

  const table = new Embedding(4, 3, gen()).to({ dtype: "float64" });
  const ids = tensor([1n, 3n, 1n]);
  expect(table.forward(ids).select(0, 1).equal(table.weight.select(0, 3))).toBe(true);
  gradcheckModule(table, [], () => table.forward(ids));
});

test("RMSNorm follows its definition for rows of zeros and tiny rows, where eps decides", () => {
  const norm = new RMSNorm(4, { eps: 1e-4, hasGain: false });
  const x = tensor([
    [0, 0, 0, 0],
    [0.01, -0.01, 0.01, 0.01],
    [300, 0, 0, -400],
  ]).requiresGrad_();
  const y = norm.forward(x);
  const tiny = Math.SQRT1_2; // 0.01 / sqrt(1e-4 + 1e-4)
  const expected = { shape: [3, 4], values: [0, 0, 0, 0, tiny, -tiny, tiny, tiny, 1.2, 0, 0, -1.6] };
  expect(maxDifference(y, expected)).toBeLessThan(1e-6);
  y.sum().backward();
  // d(sum)/dx at zero is 1 / sqrt(eps) for each element.
  expect(
    maxDifference((x.grad as Tensor).select(0, 0), { shape: [4], values: [100, 100, 100, 100] }),
  ).toBeLessThan(1e-3);
});

test("norms stay in float32 under autocast", () => {
  const x = randn([2, 3, 4], { generator: gen() }).to("bfloat16");
  autocast({}, () => {
    for (const norm of [new RMSNorm(4), new LayerNorm(4)]) expect(norm.forward(x).dtype).toBe("float32");
  });
});

test("Rotary keeps lengths, and products depend on the distance alone", () => {
  const rotary = new Rotary(8, linePositions(20));
  const q = randn([8], { generator: gen() });
  const k = randn([8], { generator: new Generator(12) });
  const turned = (x: Tensor): Tensor => rotary.rotate(x.expand([20, 8]));
  const products = turned(q).matmul(turned(k).t()); // [20, 20]
  for (const [i, j] of [
    [7, 2],
    [15, 10],
    [19, 14],
  ] as const) {
    // Tolerance: eight float32 products of order one.
    expect(products.select(0, i).select(0, j).item()).toBeCloseTo(
      products.select(0, 5).select(0, 0).item(),
      5,
    );
  }
  expect(maxDifference(turned(q).norm(2, -1), q.norm().expand([20]))).toBeLessThan(1e-6);
  expect(() => rotary.rotate(zeros([5, 8]), 16)).toThrow(/tokens 16 to 21 must lie in the table of 20/);
  expect(() => new Rotary(6, gridPositions(2, 2))).toThrow(/multiple of 2 x 2 axes.*got headWidth 6/);
});

test("truncatedNormal has the asked spread, stays within two widths, and follows its seed", () => {
  const w = truncatedNormal([200, 200], 0.5, gen());
  // 40,000 draws: the standard error of the spread is 0.5 / sqrt(80,000), of the mean 0.5 / 200.
  expect(w.std().item()).toBeCloseTo(0.5, 2);
  expect(Math.abs(w.mean().item())).toBeLessThan(0.01);
  expect(w.abs().amax().item()).toBeLessThan((2 * 0.5) / 0.8796 + 1e-4);
  expect(w.equal(truncatedNormal([200, 200], 0.5, gen()))).toBe(true);
});

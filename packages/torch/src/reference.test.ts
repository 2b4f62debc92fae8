/**
 * Results and gradients against references that Python's torch computed (scripts/make-references.py). Golden file: remake it only when a case
 * is added, never to make a failing case pass.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  avgPool2d,
  bceWithLogits,
  cat,
  conv2d,
  convTranspose2d,
  crossEntropy,
  einsum,
  embedding,
  fromTyped,
  grads,
  groupNorm,
  huberLoss,
  layerNorm,
  linear,
  mseLoss,
  pixelShuffle,
  plainAttention,
  resize2d,
  scaledDotProductAttention,
  scope,
  stack,
  tensor,
  where,
  type Tensor,
} from "./index.ts";

interface Stored {
  readonly shape: number[];
  readonly values: number[];
}

const path = new URL("./testdata/reference.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(path, "utf8")) as {
  cases: Record<string, { inputs: Stored[]; output: Stored; grads: Stored[] }>;
};

const ids = tensor(
  [
    [2, 0, 1],
    [1, 1, 2],
  ],
  { dtype: "int64" },
);
const classes = tensor([3, 0, 2], { dtype: "int64" });
const seen = fromTyped(
  Uint8Array.from({ length: 35 }, (_, i) => (i % 3 === 1 ? 0 : 1)),
  [5, 7],
  { dtype: "bool" },
);

type Case = (a: Tensor, b: Tensor, c: Tensor) => Tensor;

const functions: Record<string, Case> = {
  add: (a, b) => a.add(b),
  subScalar: (a) => a.sub(1.5),
  rsub: (a) => a.rsub(2),
  mulBroadcast: (a, b) => a.mul(b),
  div: (a, b) => a.div(b),
  pow: (a) => a.pow(1.7),
  lerp: (a, b) => a.lerp(b, 0.3),
  exp: (a) => a.exp(),
  log: (a) => a.log(),
  rsqrt: (a) => a.rsqrt(),
  tanh: (a) => a.tanh(),
  sigmoid: (a) => a.sigmoid(),
  relu: (a) => a.relu(),
  gelu: (a) => a.gelu(),
  geluTanh: (a) => a.gelu("tanh"),
  silu: (a) => a.silu(),
  softplus: (a) => a.softplus(),
  clamp: (a) => a.clamp(-0.5, 0.7),
  maskedFill: (a) => a.maskedFill(a.gt(0.2), 9),
  where: (a, b) => where(a.gt(b), a, b.mul(2)),
  sumDim: (a) => a.sum(1),
  meanKeepdim: (a) => a.mean(0, true),
  std: (a) => a.std(-1),
  varBiased: (a) => a.var(-1, false, 0),
  maxDim: (a) => a.max(1).values,
  norm: (a) => a.norm(),
  logsumexp: (a) => a.logsumexp(1),
  softmax: (a) => a.softmax(-1),
  logSoftmax: (a) => a.logSoftmax(0),
  cumsum: (a) => a.cumsum(1),
  sortDescending: (a) => a.sort(1, true).values,
  topkSmallest: (a) => a.topk(2, 1, false).values,
  matmul: (a, b) => a.matmul(b),
  einsum: (a, b) => einsum("bhqd,bhkd->bhqk", a, b),
  permuteReshape: (a) => a.permute([1, 3, 0, 2]).reshape([4, -1]),
  sliceStep: (a) => a.slice(1, 1, null, 2),
  gather: (a) => a.gather(0, ids),
  take: (a) => a.take(ids, 1),
  flipRoll: (a) => a.flip([1]).roll(1, 0),
  repeatInterleave: (a) => a.repeatInterleave(2, 1),
  pad: (a) => a.pad([1, 2], "constant", 0.5),
  cat: (a, b) => cat([a, b], 1),
  stack: (a, b) => stack([a, b], -1),
  tril: (a) => a.tril(),
  layerNorm: (a, w, b) => layerNorm(a, [4], w, b),
  groupNorm: (a, w, b) => groupNorm(a, 2, w, b),
  linear: (a, w, b) => linear(a, w, b),
  embedding: (a) => embedding(a, ids),
  conv2d: (a, w, b) => conv2d(a, w, b, { stride: 2, padding: 1 }),
  convTranspose2d: (a, w) => convTranspose2d(a, w, null, { stride: 2, padding: 1 }),
  avgPool2d: (a) => avgPool2d(a, 2),
  bilinear: (a) => resize2d(a, [9, 7], "bilinear"),
  pixelShuffle: (a) => pixelShuffle(a, 2),
  attention: (q, k, v) => scaledDotProductAttention(q, k, v),
  attentionMasked: (q, k, v) => scaledDotProductAttention(q, k, v, { mask: seen }),
  attentionCausal: (q, k, v) => scaledDotProductAttention(q, k, v, { isCausal: true }),
  crossEntropy: (a) => crossEntropy(a, classes, { labelSmoothing: 0.1 }),
  mseLoss: (a, b) => mseLoss(a, b),
  huberLoss: (a, b) => huberLoss(a, b, 0.7),
  bceWithLogits: (a, b) => bceWithLogits(a, b),
};

// float32 carries 7 digits; sums of a few dozen terms in another order lose one or two of them.
const TOLERANCE = 2e-5;

function expectClose(found: Tensor, expected: Stored): void {
  expect(found.shape).toEqual(expected.shape);
  const values = found.toFloat32();
  const worst = expected.values.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (values[i] ?? NaN))),
    0,
  );
  expect(worst).toBeLessThan(TOLERANCE);
}

test("the table and the stored references name the same cases", () => {
  expect(Object.keys(functions)).toEqual(Object.keys(cases));
});

test.each(Object.keys(functions))("%s and its gradients agree with Python's torch", (name) => {
  scope(() => {
    const stored = cases[name];
    const fn = functions[name];
    if (stored === undefined || fn === undefined) throw new Error(`no case ${name}`);
    const inputs = stored.inputs.map(({ shape, values }) =>
      fromTyped(Float32Array.from(values), shape, { requiresGrad: true }),
    );
    const output = (fn as (...inputs: Tensor[]) => Tensor)(...inputs);
    expectClose(output, stored.output);
    const weights = Float32Array.from({ length: output.numel }, (_, i) => Math.cos(i));
    const found = grads([output.mul(fromTyped(weights, output.shape)).sum()], inputs);
    for (const [i, expected] of stored.grads.entries()) expectClose(found[i] as Tensor, expected);
  });
});

test("the plain attention agrees with the one that libtorch offers, with a scale and an added mask", () => {
  const stored = cases.attention;
  if (stored === undefined) throw new Error("no case attention");
  const [q, k, v] = stored.inputs.map(({ shape, values }) => fromTyped(Float32Array.from(values), shape));
  if (!q || !k || !v) throw new Error("attention takes three inputs");
  const mask = q.matmul(k.transpose(-2, -1)).sin(); // any numbers will do
  const options = { mask, scale: 0.2 };
  const difference = plainAttention(q, k, v, options).sub(scaledDotProductAttention(q, k, v, options));
  expect(difference.abs().max().item()).toBeLessThan(TOLERANCE);
});

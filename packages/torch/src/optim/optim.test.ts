import { describe, expect, test } from "vitest";
import { noGrad } from "../autograd.ts";
import { fromTyped, randn, tensor, zeros } from "../create.ts";
import { Generator } from "../generator.ts";
import { liveTensorBytes, liveTensorCount, scope } from "../memory.ts";
import { parameter } from "../nn/module.ts";
import { MLP } from "../nn/mlp.ts";
import { maxDifference, reference, stored, type Stored } from "../nn/testdata/reference.ts";
import type { Tensor } from "../tensor.ts";
import { AdamW } from "./adamw.ts";
import { clipGradNorm } from "./clip.ts";
import { Ema } from "./ema.ts";
import { Muon, MuonWithAdamW, orthogonalize } from "./muon.ts";
import type { NamedParameters, Optimizer } from "./optimizer.ts";

/** The loss of make_reference.py's `gradients_at`. */
function backwardAt(parameters: readonly Tensor[], targets: readonly Tensor[], step: number): void {
  scope(() => {
    for (const [i, p] of parameters.entries()) {
      const away = p.sub(targets[i] as Tensor);
      away
        .square()
        .mul(1 + i)
        .add(p.mul(Math.sin(step + i)))
        .sum()
        .backward();
    }
  });
}

const named = (tensors: readonly Tensor[]): NamedParameters => tensors.map((t, i) => [`p${i}`, t] as const);

describe("against PyTorch", () => {
  test("AdamW with two groups follows the same path", () => {
    const { start, targets, path, steps } = reference.adamw;
    const parameters = start.map((s) => parameter(stored(s)));
    const all = named(parameters);
    const optimizer = new AdamW(
      [
        { parameters: all.slice(0, 1), weightDecay: 0.1 },
        { parameters: all.slice(1), weightDecay: 0, lr: 0.003 },
      ],
      { lr: 0.01, betas: [0.9, 0.95] },
    );
    const goals = targets.map((t) => stored(t));
    for (let step = 0; step < 20; step++) {
      optimizer.zeroGrad();
      backwardAt(parameters, goals, step);
      optimizer.step();
      const at = steps.indexOf(step);
      if (at < 0) continue;
      for (const [i, p] of parameters.entries()) {
        // Float32 on both sides, the bias corrections multiplied in another order.
        expect(maxDifference(p, path[at]?.[i] as Stored)).toBeLessThan(1e-6);
      }
    }
  });

  test("Muon follows the same path", () => {
    const { start, targets, end, steps } = reference.muon;
    const parameters = start.map((s) => parameter(stored(s, "float64")));
    const optimizer = new Muon(named(parameters), { lr: 0.02, weightDecay: 0.1, productDtype: "float64" });
    const goals = targets.map((t) => stored(t, "float64"));
    for (let step = 0; step < steps; step++) {
      optimizer.zeroGrad();
      backwardAt(parameters, goals, step);
      optimizer.step();
    }
    // The reference has nine digits; float64 itself would agree to 1e-14.
    for (const [i, p] of parameters.entries()) expect(maxDifference(p, end[i] as Stored)).toBeLessThan(1e-8);
  });
});

// The quintic maps into about [0.68, 1.13], here squared. A CPU without bfloat16 rounds every sum on its way to a
// product, where others round the product: 0.34 was measured.
test.each([
  ["float32", 0.4, 1.4],
  ["bfloat16", 0.25, 1.6],
] as const)("orthogonalize in %s brings all singular values near 1", (dtype, low, high) => {
  for (const [m, n] of [
    [48, 32],
    [20, 64],
  ] as const) {
    const x = orthogonalize(randn([m, n], { generator: new Generator(4) }), dtype).float();
    const square = m > n ? x.t().mm(x) : x.mm(x.t());
    const { values } = eigenvalues(square);
    expect(Math.min(...values)).toBeGreaterThan(low);
    expect(Math.max(...values)).toBeLessThan(high);
  }
});

/** Of a symmetric matrix, by plain Jacobi rotations: independent of what is tested. */
function eigenvalues(matrix: Tensor): { values: number[] } {
  const a = (matrix.double().toArray() as number[][]).map((row) => Float64Array.from(row));
  const n = a.length;
  const at = (i: number, j: number): number => (a[i] as Float64Array)[j] as number;
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const angle = 0.5 * Math.atan2(2 * at(p, q), at(q, q) - at(p, p));
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < n; k++) {
          const row = a[k] as Float64Array;
          const [x, y] = [at(k, p), at(k, q)];
          row[p] = c * x - s * y;
          row[q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [at(p, k), at(q, k)];
          (a[p] as Float64Array)[k] = c * x - s * y;
          (a[q] as Float64Array)[k] = s * x + c * y;
        }
      }
    }
  }
  return { values: a.map((row, i) => row[i] as number) };
}

const optimizers: Readonly<Record<string, (parameters: NamedParameters) => Optimizer>> = {
  AdamW: (parameters) => new AdamW(parameters, { lr: 0.01 }),
  MuonWithAdamW: (parameters) =>
    new MuonWithAdamW(parameters, { muon: { lr: 0.01 }, adamw: { lr: 0.01, weightDecay: 0 } }),
};

/** A small fit whose batches depend on the step alone. */
function trainSteps(model: MLP, optimizer: Optimizer, from: number, to: number): number {
  let loss = Infinity;
  for (let step = from; step < to; step++) {
    loss = scope(() => {
      const x = randn([16, 4], { generator: new Generator(100 + step) });
      const error = model.forward(x).sub(x.sin()).square().mean();
      optimizer.zeroGrad();
      error.backward();
      optimizer.step(1 / (1 + step / 50));
      return error.item();
    });
  }
  return loss;
}

describe.each(Object.entries(optimizers))("%s", (_, make) => {
  const fresh = (): MLP => new MLP([4, 32, 32, 4], new Generator(1));

  test("learns, and resumes to the very same numbers", () => {
    const straight = fresh();
    const first = make(straight.namedParameters());
    const early = trainSteps(straight, first, 0, 1);
    const late = trainSteps(straight, first, 1, 60);
    expect(late).toBeLessThan(0.2 * early);

    const begun = fresh();
    const before = make(begun.namedParameters());
    trainSteps(begun, before, 0, 25);
    const copy = (state: ReadonlyMap<string, Tensor>): Map<string, Tensor> =>
      new Map([...state].map(([name, t]) => [name, t.detach().clone()]));
    const savedModel = copy(begun.stateDict());
    const savedOptimizer = copy(before.stateDict());

    const resumed = fresh();
    const after = make(resumed.namedParameters());
    resumed.loadStateDict(savedModel);
    after.loadStateDict(savedOptimizer);
    expect(trainSteps(resumed, after, 25, 60)).toBe(late);
    for (const [name, p] of resumed.namedParameters())
      expect(p.equal(straight.stateDict().get(name) as Tensor)).toBe(true);
  });

  test("runs at constant memory", () => {
    const model = fresh();
    const optimizer = make(model.namedParameters());
    const ema = new Ema(model.namedParameters(), { decay: 0.9 });
    const step = (i: number): void => {
      trainSteps(model, optimizer, i, i + 1);
      clipGradNorm(model.parameters(), 1);
      ema.update();
    };
    step(0);
    const [count, bytes] = [liveTensorCount(), liveTensorBytes()];
    for (let i = 1; i < 200; i++) step(i);
    expect([liveTensorCount(), liveTensorBytes()]).toEqual([count, bytes]);
  });

  test("refuses the state of another model", () => {
    const optimizer = make(fresh().namedParameters());
    const other = make(new MLP([4, 32, 4], new Generator(1)).namedParameters());
    expect(() => optimizer.loadStateDict(other.stateDict())).toThrow(/loadStateDict: .* tensors are missing/);
  });
});

test("MuonWithAdamW gives Muon the matrices of numbered blocks only", () => {
  const generator = new Generator(2);
  const layers = new MLP([4, 8, 4], generator).namedParameters();
  const embedding = parameter(randn([10, 4], { generator }));
  const options = { muon: { lr: 0.1 }, adamw: { lr: 0.1 } };
  const optimizer = new MuonWithAdamW([["tokens.weight", embedding], ...layers], options);
  expect(optimizer.muonNames).toEqual(["layers.0.weight", "layers.1.weight"]);
  expect(() => new Muon([["bias", parameter(zeros([3]))]], { lr: 1 })).toThrow(
    /a matrix, got "bias" with \[3\]/,
  );
});

test("wrong options are listed together", () => {
  expect(() => new AdamW([], { lr: -1, betas: [0.9, 2] })).toThrow(
    "AdamW: lr must lie in [0, Infinity], got -1; beta2 must lie in [0, 1], got 2",
  );
});

test("clipGradNorm scales the joint norm, and leaves small and broken gradients alone", () => {
  const parameters = [parameter(zeros([2])), parameter(zeros([1])), parameter(zeros([7]))];
  const [a, b] = parameters as [Tensor, Tensor];
  a.grad = tensor([3, 0]);
  b.grad = tensor([4]);
  expect(clipGradNorm(parameters, 10)).toBeCloseTo(5, 5);
  expect(a.grad?.toArray()).toEqual([3, 0]);
  expect(clipGradNorm(parameters, 1)).toBeCloseTo(5, 5);
  expect(maxDifference(a.grad as Tensor, { shape: [2], values: [0.6, 0] })).toBeLessThan(1e-6);
  expect(maxDifference(b.grad as Tensor, { shape: [1], values: [0.8] })).toBeLessThan(1e-6);
  b.grad = tensor([Number.NaN]);
  expect(clipGradNorm(parameters, 1)).toBeNaN();
  expect(maxDifference(a.grad as Tensor, { shape: [2], values: [0.6, 0] })).toBeLessThan(1e-6);
});

test("Ema averages with a warmed-up decay, and swaps in and out without a trace", () => {
  const weight = parameter(zeros([1]));
  const ema = new Ema([["w", weight]], { decay: 0.5 });
  const set = (value: number): void => noGrad(() => scope(() => void weight.fill_(value)));
  let expected = 0;
  for (let n = 0; n < 20; n++) {
    set(n);
    ema.update();
    const decay = Math.min(0.5, (1 + n) / (10 + n));
    expected = decay * expected + (1 - decay) * n;
  }
  const seen = ema.withAverages(() => weight.item());
  expect(seen).toBeCloseTo(expected, 5);
  expect(weight.item()).toBe(19);
  expect(() =>
    ema.withAverages(() => {
      throw new Error("evaluation failed");
    }),
  ).toThrow("evaluation failed");
  expect(weight.item()).toBe(19);

  weight.mul(2).sum().backward(); // the parameter is still the leaf that collects gradients
  expect(weight.grad?.toArray()).toEqual([2]);
  ema.loadStateDict(new Map([["w", fromTyped(Float32Array.of(7), [1])]]));
  expect(ema.withAverages(() => weight.item())).toBe(7);
});

import { ConfigError, ShapeError, UsageError } from "@orrery/core";
import { fromTyped, full, Generator, keep, liveTensorCount, scope, tensor, type Tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { makeSearch, PlanningError, SEARCHES, shiftWarmStart, type SearchSpace } from "./index.ts";
import { actionNoise, colourMatrix } from "./noise.ts";

const H = 4;
const space = (low = -1, high = 1, spread = 0.5): SearchSpace => ({
  horizon: H,
  low: full([2], low),
  high: full([2], high),
  rest: full([2], 0),
  spread: full([2], spread),
  candidates: null,
});

/** Lowest at [0.3, -0.6] at every step. */
const target = tensor([0.3, -0.6]);
const bowl = (actions: Tensor): Tensor => actions.sub(target).square().sum([1, 2]);

/** Those that narrow down; shooting is tested by itself. */
const NARROWING = SEARCHES.filter((name) => name !== "shooting");

test.each(NARROWING)("%s finds the bottom of a bowl and frees its work", (name) => {
  const search = makeSearch(name);
  const borders = space();
  const before = liveTensorCount();
  const found = search.find(bowl, borders, null, new Generator(3));
  // Tolerance: eight numbers are narrowed down together from a spread of 0.5 by a few hundred samples.
  for (const row of found.actions.toArray() as number[][]) {
    expect(Math.abs((row[0] ?? 9) - 0.3)).toBeLessThan(0.1);
    expect(Math.abs((row[1] ?? 9) + 0.6)).toBeLessThan(0.1);
  }
  expect(found.costs.at(-1)).toBeLessThan(found.costs[0] ?? 0);
  expect(liveTensorCount()).toBeLessThanOrEqual(before + (found.elites === null ? 1 : 2));
});

test.each(NARROWING)("%s stays within limits when the bottom lies beyond them", (name) => {
  const narrow = { ...space(-0.2, 0.2), low: tensor([-0.2, -0.1]) };
  const { actions } = makeSearch(name).find(bowl, narrow, null, new Generator(1));
  for (const row of actions.toArray() as number[][]) {
    // The corner nearest to the bottom.
    expect(row[0]).toBeLessThanOrEqual(0.2 + 1e-6);
    expect(row[0]).toBeGreaterThan(0.17);
    expect(row[1]).toBeGreaterThanOrEqual(-0.1 - 1e-6);
    expect(row[1]).toBeLessThan(-0.08);
  }
});

test.each(NARROWING)("%s finds the deeper of two valleys", (name) => {
  // Valleys at -0.7 (depth 1) and at 0.7 (depth 0.8); the search begins between them.
  const two = (actions: Tensor): Tensor => {
    const x = actions.select(2, 0).mean(1);
    const valley = (at: number, depth: number): Tensor => x.sub(at).square().mul(-8).exp().mul(-depth);
    return valley(-0.7, 1).add(valley(0.7, 0.8));
  };
  const { actions } = makeSearch(name).find(two, space(), null, new Generator(5));
  const mean = actions.select(1, 0).mean().item();
  expect(mean).toBeGreaterThan(-0.9);
  expect(mean).toBeLessThan(-0.5);
});

test.each(SEARCHES)("%s gives the same plan for the same seed", (name) => {
  const run = (seed: number) =>
    makeSearch(name).find(bowl, space(), null, new Generator(seed)).actions.toArray();
  expect(run(7)).toEqual(run(7));
  expect(run(7)).not.toEqual(run(8));
});

test.each(SEARCHES)("%s names the samples whose cost is no number", (name) => {
  const sick = (actions: Tensor): Tensor => {
    const costs = bowl(actions);
    const mask = new Uint8Array(costs.numel);
    mask[1] = 1;
    return costs.maskedFill(fromTyped(mask, [mask.length], { dtype: "bool" }), Number.NaN);
  };
  let caught: unknown;
  try {
    makeSearch(name).find(sick, space(), null, new Generator(0));
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(PlanningError);
  expect((caught as PlanningError).samples).toEqual([1]);
  expect((caught as Error).message).toMatch(/got NaN for 1 of \d+ samples \(1\) in iteration 0/);
});

test.each(SEARCHES)("%s goes on from a warm start", (name) => {
  const optimum = target.expand([H, 2]).clone();
  const options = name === "shooting" ? { samples: 64 } : { iterations: 1, samples: 64 };
  const cold = makeSearch(name, options).find(bowl, space(), null, new Generator(2));
  const warm = makeSearch(name, options).find(
    bowl,
    space(),
    { actions: optimum, elites: null },
    new Generator(2),
  );
  expect(warm.costs[0]).toBeLessThan(1e-9);
  expect(cold.costs[0]).toBeGreaterThan(0.1);
});

test("shooting returns the best of what it drew", () => {
  const seen: Tensor[] = [];
  const watched = (actions: Tensor): Tensor => {
    seen.push(keep(actions.clone()));
    return bowl(actions);
  };
  const found = makeSearch("shooting", { samples: 50 }).find(watched, space(), null, new Generator(4));
  const drawn = seen[0] as Tensor;
  expect(seen.length).toBe(1);
  expect(drawn.shape).toEqual([50, H, 2]);
  expect(found.costs).toEqual([bowl(drawn).amin().item()]);
  expect(bowl(found.actions.unsqueeze(0)).item()).toBe(found.costs[0]);
});

test("numbers without spread stay at rest", () => {
  const partly = { ...space(), spread: tensor([0.5, 0]) };
  for (const name of NARROWING) {
    const { actions } = makeSearch(name).find(bowl, partly, null, new Generator(0));
    expect(actions.select(1, 1).abs().amax().item(), name).toBe(0);
    expect(Math.abs(actions.select(1, 0).mean().item() - 0.3), name).toBeLessThan(0.05);
  }
});

test("a candidate competes with what is drawn, and wins where nothing else is free", () => {
  const stuck = { ...space(), spread: full([2], 0), candidates: target.expand([1, H, 2]).mul(1.0) };
  for (const name of NARROWING.filter((each) => each !== "gradient")) {
    const { actions, costs } = makeSearch(name, { samples: 20, elites: 1 }).find(
      bowl,
      stuck,
      null,
      new Generator(0),
    );
    expect(costs[0], name).toBeLessThan(1e-9);
    expect(actions.sub(target).abs().amax().item(), name).toBeLessThan(1e-3);
  }
  const found = makeSearch("shooting", { samples: 4 }).find(bowl, stuck, null, new Generator(0));
  expect([found.costs[0], found.evaluations]).toEqual([expect.closeTo(0, 9), 5]);
  const beyond = { ...stuck, candidates: full([1, H, 2], 7) };
  const clamped = makeSearch("shooting", { samples: 4 }).find(
    (actions) => actions.sum([1, 2]).neg(),
    beyond,
    null,
    new Generator(0),
  );
  expect(clamped.actions.amax().item()).toBe(1);
});

test("a plan moves on with the steps that were carried out", () => {
  const actions = tensor([[1], [2], [3], [4]]);
  const elites = tensor([[[1], [2], [3], [4]], [[5], [6], [7], [8]]]); // prettier-ignore
  const moved = shiftWarmStart({ actions, elites }, 3);
  expect(moved?.actions.toArray()).toEqual([[4], [4], [4], [4]]);
  expect(moved?.elites?.toArray()).toEqual([
    [[4], [4], [4], [4]],
    [[8], [8], [8], [8]],
  ]);
  expect(shiftWarmStart({ actions, elites: null }, 0)?.actions.toArray()).toEqual([[1], [2], [3], [4]]);
  expect(shiftWarmStart({ actions, elites: null }, 4)).toBeNull();
  // Two of five control steps of the first row are over: the first five to come are three of it and two of the next.
  const part = shiftWarmStart(
    { actions: tensor([[10], [20], [40]]), elites: null },
    2 / 5,
  )?.actions.flatten();
  expect(Array.from(part?.toTyped() ?? [], Number).map((x) => Math.round(x * 1e4) / 1e4)).toEqual([
    14, 28, 40,
  ]);
});

test("coloured noise has unit variance and neighbours that agree more the redder it is", () => {
  const steps = 16;
  const neighbours = [0, 1, 2].map((colour) =>
    scope(() => {
      const noise = actionNoise([20_000, steps, 1], colourMatrix(steps, colour), new Generator(1)).squeeze(2);
      // 20,000 samples of a variance: standard error 1 %.
      for (const variance of noise.var(0).toArray() as number[])
        expect(Math.abs(variance - 1)).toBeLessThan(0.05);
      return noise
        .narrow(1, 0, steps - 1)
        .mul(noise.narrow(1, 1, steps - 1))
        .mean()
        .item();
    }),
  );
  expect(Math.abs(neighbours[0] ?? 9)).toBeLessThan(0.01);
  expect(neighbours[1]).toBeGreaterThan(0.4);
  expect(neighbours[2]).toBeGreaterThan((neighbours[1] ?? 9) + 0.1);
});

test("wrong use says what is wrong", () => {
  expect(() => makeSearch("annealing")).toThrow(UsageError);
  expect(() => makeSearch("cem", { samples: 10, elites: 20 })).toThrow(
    /elites must not outnumber the 10 samples/,
  );
  expect(() => makeSearch("icem", { colours: 1, iterations: 0.5 })).toThrow(
    /unknown option "colours".*iterations must be a whole number/,
  );
  expect(() => makeSearch("icem", { colours: 1 })).toThrow(ConfigError);
  const short = { actions: full([2, 2], 0), elites: null };
  expect(() => makeSearch("cem").find(bowl, space(), short, new Generator(0))).toThrow(ShapeError);
  const scalar = (actions: Tensor): Tensor => bowl(actions).sum();
  expect(() => makeSearch("cem").find(scalar, space(), null, new Generator(0))).toThrow(/one per sample/);
});

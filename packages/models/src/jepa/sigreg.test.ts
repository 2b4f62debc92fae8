import { cat, Generator, ones, rand, randn, zeros, type Tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import "../testing.ts"; // one thread
import { loadConfig } from "../config.ts";
import { measureSpread, sigReg, sigRegAtRest } from "./sigreg.ts";
import { CollapseWatch } from "./watch.ts";

const options = { lines: 64, knots: 17 };
const D = 16;

function statisticOf(samples: Tensor): number {
  return sigReg(samples.unsqueeze(0), options, new Generator(9)).item();
}

test("normal samples give what the sum over the knots says, however many there are", () => {
  // The integral of 2 exp(-t^2 / 2) (1 - exp(-t^2)) from 0 to 3, by hand: 2 (1.2499 - 0.7236).
  expect(sigRegAtRest(17)).toBeCloseTo(1.0527, 2);
  for (const n of [64, 1024]) {
    const found = statisticOf(randn([n, D], { generator: new Generator(n) }));
    // The lines of 64 share their samples; one seed strays by about a tenth.
    expect(found / sigRegAtRest(17)).toBeGreaterThan(0.75);
    expect(found / sigRegAtRest(17)).toBeLessThan(1.25);
  }
});

test("all the same, too narrow, too wide, on one axis or with heavy tails: each gives more", () => {
  const generator = new Generator(3);
  const normal = randn([512, D], { generator });
  const uniform = rand([512, D], { generator }).clampMin(1e-6);
  const laplace = uniform
    .log()
    .mul(randn([512, D], { generator }).sign())
    .mul(Math.SQRT1_2);
  const rest = statisticOf(normal);
  // Projections average the tails away, so the heavy-tailed samples differ on their own axes only.
  expect(statisticOf(laplace.narrow(1, 0, 1))).toBeGreaterThan(3 * rest);
  expect(statisticOf(normal.mul(0.7))).toBeGreaterThan(3 * rest);
  expect(statisticOf(normal.mul(1.5))).toBeGreaterThan(3 * rest);
  const onOneAxis = normal.narrow(1, 0, 1).mul(ones([1, D]));
  expect(statisticOf(onOneAxis)).toBeGreaterThan(10 * rest);
  // All at 0, times n: the integral of 2 exp(-t^2 / 2) (1 - exp(-t^2 / 2))^2, that is 2 (1.2499 - 2 0.8862 + 0.7236).
  expect(statisticOf(zeros([512, D])) / 512).toBeCloseTo(0.4022, 2);
});

test("its gradient spreads out what is too narrow", () => {
  const x = randn([256, 4], { generator: new Generator(5) }).mul(0.3);
  x.requiresGrad = true;
  sigReg(x.unsqueeze(0), options, new Generator(6)).backward();
  const grad = x.grad as Tensor;
  expect(grad.mul(x).sum().item()).toBeLessThan(0); // downhill is outwards
});

test("the spread of known covariances", () => {
  const generator = new Generator(1);
  const normal = randn([4096, D], { generator });
  const whole = measureSpread(normal, options, generator);
  expect(whole.effectiveRank).toBeGreaterThan(15.5);
  expect(whole.std).toBeCloseTo(1, 1);
  expect(whole.gaussianity).toBeLessThan(1.5);
  // Half of the axes with all the variance.
  const half = cat([normal.narrow(1, 0, 8), zeros([4096, 8])], 1);
  expect(measureSpread(half, options, generator).effectiveRank).toBeCloseTo(8, 0);
  expect(measureSpread(half, options, generator).gaussianity).toBeGreaterThan(10);
  const flat = measureSpread(ones([100, D]), options, generator);
  expect([flat.std, flat.effectiveRank]).toEqual([0, 1]);
});

test("collapse is warned of once, in words, and not while it is early", () => {
  const config = loadConfig("jepa-debug");
  const width = config.net.embedding;
  const warnings: string[] = [];
  const watch = new CollapseWatch(config, 0, (text) => warnings.push(text));
  const normal = (): Tensor => randn([64, width], { generator: new Generator(2) });
  watch.take(normal());
  expect(watch.measure(400)["rank"]).toBeGreaterThan(8);
  expect(warnings).toEqual([]);
  for (let i = 0; i < 4; i++) watch.take(normal().mul(0.01));
  watch.measure(20);
  expect(warnings).toEqual([]);
  watch.measure(420);
  watch.measure(440);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(
    /step 420: the embeddings collapse: their deviation must stay above 0.2, it is 0.01/,
  );
  watch.free();

  const onOneAxis = new CollapseWatch(config, 0, (text) => warnings.push(text));
  onOneAxis.take(
    normal()
      .narrow(1, 0, 1)
      .mul(ones([1, width])),
  );
  onOneAxis.measure(400);
  expect(warnings[1]).toMatch(/effective rank must stay above 1\.6 of 16, it is 1\.0/);
  onOneAxis.free();
});

import { makeRng } from "@orrery/core";
import { fromTyped, Generator, isGradEnabled, noGrad, randn, zeros, type Tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { debugConfig, distance, randomInput } from "../testing.ts";
import { Dynamics, type DynamicsInput, type DynamicsOutput } from "./dynamics.ts";
import { drawHistory, drawLevels, shortcutLoss, type Levels } from "./shortcut.ts";

const [B, T, N, C] = [3, 4, 2, 2];
const MAX = 8;
const { latents: _, level: __, stepLog: ___, ...condition } = randomInput([B, T, N, C]);

/** A network with a known answer, and a note of what it was asked. */
class Fake extends Dynamics {
  readonly calls: { level: number[]; stepLog: number[]; latents: Tensor; isGradEnabled: boolean }[] = [];
  readonly #answer: (noisy: Tensor, B: number) => Tensor;

  constructor(answer: (noisy: Tensor, B: number) => Tensor) {
    const shape = { numTokens: N, channels: C, actionWidth: 2, stateWidth: 2 };
    super(debugConfig().dynamics, shape, T, new Generator(0));
    this.#answer = answer;
  }

  override forward({ latents, level, stepLog }: DynamicsInput): DynamicsOutput {
    const rows = latents.size(0);
    this.calls.push({
      level: numbers(level),
      stepLog: numbers(stepLog),
      latents: latents.clone(),
      isGradEnabled: isGradEnabled(),
    });
    const nothing = zeros([rows, T]);
    const answer = this.#answer(latents, rows);
    return { latents: answer, stateDelta: zeros([rows, T, 2]), reward: nothing, successLogit: nothing };
  }
}

function numbers(x: Tensor): number[] {
  return Array.from(x.flatten().toTyped(), Number);
}

function levelsOf(level: number, stepLog: number): Levels {
  return {
    level: new Int32Array(B * T).fill(level),
    stepLog: new Int32Array(B * T).fill(stepLog),
    weight: new Float32Array(B * T).fill(1),
  };
}

const data = randn([B, T, N, C], { generator: new Generator(4) });

function lossOf(fake: Dynamics, levels: Levels, numBootstrap: number, seed = 5): number {
  const options = { numBootstrap, usesBfloat16: false, generator: new Generator(seed) };
  return shortcutLoss(fake, { latents: data, condition }, levels, options).flow.item();
}

test("every frame's level lies on the grid of its own step size", () => {
  const levels = drawLevels(200, T, { maxSteps: MAX, numBootstrap: 100, cleanPrefixShare: 0.5 }, makeRng(1));
  for (let i = 0; i < 200 * T; i++) {
    const [level, k, weight] = [levels.level[i], levels.stepLog[i], levels.weight[i]] as [
      number,
      number,
      number,
    ];
    if (weight === 0) {
      expect([level, k]).toEqual([MAX, 3]); // clean, finest step
      continue;
    }
    const step = MAX / 2 ** k;
    expect(level % step).toBe(0);
    expect(level).toBeLessThan(MAX);
    if (i >= 100 * T) expect(k).toBe(3); // only the first clips learn coarse steps
  }
});

test("step sizes, levels and clean prefixes have the shares they should", () => {
  const [clips, frames] = [4000, 8];
  const levels = drawLevels(
    clips,
    frames,
    { maxSteps: MAX, numBootstrap: clips, cleanPrefixShare: 0.5 },
    makeRng(2),
  );
  const trained = [...levels.weight.keys()].filter((i) => levels.weight[i] === 1);
  const share = (test: (i: number) => boolean): number => trained.filter(test).length / trained.length;
  // 21,000 draws: a share of 1/4 has a standard error of 0.003, so 0.02 is never crossed by chance.
  for (const k of [0, 1, 2, 3]) {
    expect(Math.abs(share((i) => levels.stepLog[i] === k) - 0.25)).toBeLessThan(0.02);
  }
  const finest = trained.filter((i) => levels.stepLog[i] === 3);
  for (let level = 0; level < MAX; level++) {
    const found = finest.filter((i) => levels.level[i] === level).length / finest.length;
    expect(Math.abs(found - 1 / MAX)).toBeLessThan(0.02);
  }
  const prefixes = Array.from({ length: clips }, (_unused, b) =>
    levels.weight.subarray(b * frames, (b + 1) * frames).indexOf(1),
  );
  expect(Math.max(...prefixes)).toBe(frames - 1); // the last frame is always trained
  expect(Math.abs(prefixes.filter((p) => p > 0).length / clips - 0.5)).toBeLessThan(0.03);
  const lengths = prefixes.filter((p) => p > 0);
  expect(Math.abs(lengths.reduce((a, b) => a + b, 0) / lengths.length - frames / 2)).toBeLessThan(0.2);
});

test("half of the histories are clean, the others as far from it as allowed", () => {
  const [clips, frames] = [2000, 8];
  const levels = drawHistory(clips, frames, MAX, 0.25, makeRng(6));
  const counts = [0, 0, 0];
  let clean = 0;
  for (let b = 0; b < clips; b++) {
    const own = levels.subarray(b * frames, (b + 1) * frames);
    for (const level of own) counts[MAX - level] = (counts[MAX - level] ?? 0) + 1;
    if (own.every((level) => level === MAX)) clean++;
  }
  expect(counts.length).toBe(3); // levels 8, 7 and 6
  // 16,000 frames: 1/2 + 1/6, 1/6 and 1/6 of them, each within three standard errors or so.
  for (const [i, share] of [4 / 6, 1 / 6, 1 / 6].entries()) {
    expect(Math.abs((counts[i] ?? 0) / (clips * frames) - share)).toBeLessThan(0.03);
  }
  expect(Math.abs(clean / clips - 0.5)).toBeLessThan(0.04);
});

test("single images are never a clean prefix", () => {
  const { weight } = drawLevels(50, 1, { maxSteps: MAX, numBootstrap: 0, cleanPrefixShare: 1 }, makeRng(3));
  expect([...new Set(weight)]).toEqual([1]);
});

test("a perfect predictor has no loss, at any level and step size", () => {
  noGrad(() => {
    const perfect = new Fake((_noisy, rows) => data.narrow(0, 0, rows));
    const drawn = drawLevels(B, T, { maxSteps: MAX, numBootstrap: B, cleanPrefixShare: 0 }, makeRng(4));
    // Its half steps lead to the data as well, so that the targets of coarse steps agree.
    expect(lossOf(perfect, drawn, B)).toBeLessThan(1e-10);
  });
});

test("at the finest step the loss is the ramp-weighted error to the data", () => {
  noGrad(() => {
    const off = new Fake((_noisy, rows) => data.narrow(0, 0, rows).add(0.5));
    for (const level of [0, 4, 7]) {
      expect(lossOf(off, levelsOf(level, 3), 0)).toBeCloseTo(0.25 * (0.9 * (level / MAX) + 0.1), 6);
    }
  });
});

test("clips mix noise and data by their level", () => {
  noGrad(() => {
    const fake = new Fake((noisy) => noisy);
    lossOf(fake, levelsOf(6, 3), 0);
    const noise = randn([B, T, N, C], { generator: new Generator(5) });
    const expected = noise.mul(0.25).add(data.mul(0.75));
    expect(distance(fake.calls[0]?.latents as Tensor, expected)).toBeLessThan(1e-6);
    expect(new Set(fake.calls[0]?.level)).toEqual(new Set([6]));
  });
});

/**
 * f(z) = a z + c. From z at tau two half steps d / 2 give z' = z + b1 d / 2 and the velocities b = (f - z) / (1 - tau),
 * so everything that the target is made of can be written down here in plain numbers.
 */
test.each([
  [0, 0],
  [4, 1],
  [2, 2],
  [6, 2],
])("at level %i the target of step 2^-%i is where two half steps lead", (level, stepLog) => {
  const [a, c] = [0.7, 0.3];
  noGrad(() => {
    const fake = new Fake((noisy) => noisy.mul(a).add(c));
    const found = lossOf(fake, levelsOf(level, stepLog), B);

    const noise = randn([B, T, N, C], { generator: new Generator(5) });
    const tau = level / MAX;
    const half = 2 ** -(stepLog + 1);
    const z = numbers(noise.lerp(data, tau));
    const errors = z.map((start) => {
      const b1 = (a * start + c - start) / (1 - tau);
      const middle = start + b1 * half;
      const b2 = (a * middle + c - middle) / (1 - tau - half);
      const velocity = (a * start + c - start) / (1 - tau);
      return (1 - tau) ** 2 * (velocity - (b1 + b2) / 2) ** 2; // the published form, in velocities
    });
    const expected = ((0.9 * tau + 0.1) * errors.reduce((x, y) => x + y, 0)) / errors.length;
    // Both sides in float32 and float64: six digits agree.
    expect(Math.abs(found - expected)).toBeLessThan(1e-5 * Math.max(expected, 0.01));

    expect(fake.calls).toHaveLength(3);
    const [whole, first, second] = fake.calls;
    expect(new Set(whole?.stepLog)).toEqual(new Set([stepLog]));
    expect(new Set(first?.stepLog)).toEqual(new Set([stepLog + 1]));
    expect(new Set(first?.level)).toEqual(new Set([level]));
    expect(new Set(second?.stepLog)).toEqual(new Set([stepLog + 1]));
    expect(new Set(second?.level)).toEqual(new Set([level + half * MAX]));
  });
});

test("frames without weight carry no loss, and targets are computed without gradients", () => {
  const far = new Fake((noisy) => noisy.add(7));
  const levels = levelsOf(4, 1);
  levels.weight.fill(0);
  expect(lossOf(far, levels, B)).toBe(0);
  expect(far.calls.map((call) => call.isGradEnabled)).toEqual([true, false, false]);

  // One frame in twelve counts: the mean is over it alone, whatever the others' errors.
  levels.weight[5] = 1;
  const near = new Fake((noisy, rows) => {
    const truth = data.narrow(0, 0, rows).add(0.5);
    return frameMask(5, rows)
      .mul(truth)
      .add(frameMask(5, rows).rsub(1).mul(noisy.mul(100)));
  });
  expect(lossOf(near, { ...levels, stepLog: levels.stepLog.fill(3) }, 0)).toBeCloseTo(0.25 * 0.55, 6);
});

/** [rows, T, 1, 1]: 1 at one frame of the batch. */
function frameMask(frame: number, rows: number): Tensor {
  const mask = Float32Array.from({ length: rows * T }, (_unused, i) => (i === frame ? 1 : 0));
  return fromTyped(mask, [rows, T, 1, 1]);
}

/** The joint-embedding family learns a small world in seconds: a square that goes where the action says. */
import { join } from "node:path";
import { AbortedError, makeRng } from "@orrery/core";
import { makeClipLoader, type DatasetReader } from "@orrery/data";
import { noGrad, scope, tensor, type Tensor } from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import { loadConfig, type JepaConfig } from "../config.ts";
import { loadModel, openModel } from "../release.ts";
import { recordSquare, temporaryFolder } from "../testing.ts";
import { readMetrics } from "../train/metrics.ts";
import { trainWorldModel, type TrainOptions } from "../train/trainer.ts";
import type { Context } from "../world-model.ts";
import { JepaImagination } from "./imagination.ts";
import { JepaModel } from "./model.ts";

function smallConfig(steps: number): JepaConfig {
  const config = loadConfig("jepa-debug");
  return {
    ...config,
    net: { ...config.net, height: 32, width: 32, patch: 8 },
    training: {
      points: { ...config.training.points, steps: Math.ceil(steps / 2) },
      words: { ...config.training.words, steps: Math.ceil(steps / 2) },
      prior: { ...config.training.prior, steps: Math.ceil(steps / 2) },
      jepa: { ...config.training.jepa, steps },
      decoder: { ...config.training.decoder, steps: Math.ceil(steps / 2) },
    },
  };
}

let dataset: DatasetReader;
beforeAll(async () => {
  dataset = await recordSquare(join(temporaryFolder("square"), "data"), {
    episodes: 24,
    length: 24,
    succeeds: true,
  });
});

function train(out: string, options: Partial<TrainOptions> = {}): ReturnType<typeof trainWorldModel> {
  return trainWorldModel({ config: smallConfig(12), sources: [{ dataset }], out, seed: 5, ...options });
}

function weightsOf(run: string): Map<string, number[]> {
  const state: ReadonlyMap<string, Tensor> = openModel(run).stateDict();
  return new Map([...state].map(([name, each]) => [name, Array.from(each.toFloat64())]));
}

test("stopped in any phase and resumed, a run ends with the same bits", async () => {
  const whole = join(temporaryFolder("whole"), "run");
  const result = await train(whole);
  expect(result.steps).toEqual({ points: 0, words: 6, prior: 6, jepa: 12, decoder: 6 });
  const expected = weightsOf(whole);
  for (const [name, values] of expected) expect([name, values.every(Number.isFinite)]).toEqual([name, true]);
  const run = join(temporaryFolder("stopped"), "run");
  for (const [i, [phase, step]] of (
    [
      ["words", 3],
      ["prior", 3],
      ["jepa", 5],
      ["decoder", 3],
    ] as const
  ).entries()) {
    const controller = new AbortController();
    const stopped = train(run, {
      resume: i > 0,
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.phase === phase && progress.step >= step) controller.abort();
      },
    });
    await expect(stopped).rejects.toThrow(AbortedError);
    if (phase === "words" || phase === "prior") continue; // nothing can be imagined yet
    // What there is of it can be used at once.
    const model = openModel(run) as JepaModel;
    expect(new JepaImagination(model).abilities.pictures).toBe(false);
    model.free();
  }
  await train(run, { resume: true });
  expect(weightsOf(run)).toEqual(expected);
  expect(() => loadModel(run)).toThrow(/must hold a generative model, it holds one of the joint-embedding/);
});

test("an encoder by points learns them first, keeps them, and needs no decoder", async () => {
  const config = smallConfig(8);
  const { jepa } = config.training;
  const options = {
    config: {
      ...config,
      net: { ...config.net, eye: "points" as const },
      training: { ...config.training, jepa: { ...jepa, stateDropShare: 1 } },
    },
  };
  const whole = join(temporaryFolder("points"), "run");
  expect((await train(whole, options)).steps).toEqual({ points: 4, words: 4, prior: 4, jepa: 8, decoder: 0 });
  const run = join(temporaryFolder("points-stopped"), "run");
  let points: number[] | undefined;
  for (const phase of ["points", "jepa"] as const) {
    const controller = new AbortController();
    const stopped = train(run, {
      ...options,
      resume: phase === "jepa",
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.phase === phase && progress.step >= 2) controller.abort();
      },
    });
    await expect(stopped).rejects.toThrow(AbortedError);
    if (phase === "jepa") points = weightsOf(run).get("nets.encoder.maps.weight");
  }
  await train(run, { ...options, resume: true });
  expect(weightsOf(run)).toEqual(weightsOf(whole));
  expect(points?.every(Number.isFinite)).toBe(true);
  expect(weightsOf(run).get("nets.encoder.maps.weight")).toEqual(points);
  const imagination = new JepaImagination(openModel(run) as JepaModel);
  expect(imagination.abilities.pictures).toBe(true);
  const weights = imagination.embeddingWeights ?? new Float32Array();
  expect(weights.reduce((sum, each) => sum + each, 0) / weights.length).toBeCloseTo(1, 4);
  expect(Math.max(...weights)).toBeGreaterThan(1.1);
});

test("without the regularisation the embeddings collapse, and the run says so", async () => {
  const config = smallConfig(200);
  const { jepa, decoder } = config.training;
  const training = {
    ...config.training,
    jepa: { ...jepa, sigRegWeight: 0, headWeight: 0 },
    decoder: { ...decoder, steps: 1 },
  };
  const notes: string[] = [];
  const run = join(temporaryFolder("collapse"), "run");
  await train(run, { config: { ...config, training }, onNote: (note) => notes.push(note) });
  expect(notes.join("\n")).toMatch(/the embeddings collapse: .* Raise training\.jepa\.sigRegWeight/);
  const line = readMetrics(join(run, "metrics.jsonl")).find(({ phase }) => phase === "jepa");
  for (const name of ["rank", "std", "gaussianity", "prediction", "sigReg"])
    expect(line).toHaveProperty(name);
});

test("it learns: spread out, used actions, and a state and reward read off what is imagined", async () => {
  const config = smallConfig(260);
  const { jepa } = config.training;
  const out = join(temporaryFolder("learning"), "run");
  const quick = { ...jepa, batch: 16, learningRate: 3e-3, warmupSteps: 20, emaDecay: 0.95 };
  await train(out, {
    config: {
      ...config,
      training: { ...config.training, words: { ...config.training.words, batch: 16 }, jepa: quick },
    },
    sources: [{ dataset, episodes: Array.from({ length: 22 }, (_, i) => i) }],
  });
  const last = readMetrics(join(out, "metrics.jsonl"))
    .filter(({ phase }) => phase === "jepa")
    .at(-1);
  // All there is to know of this world is where the square is: two axes. Found: 2.5 and 0.7.
  expect(Number(last?.["rank"])).toBeGreaterThan(1.7);
  expect(Number(last?.["std"])).toBeGreaterThan(0.4);

  const world = new JepaImagination(openModel(out) as JepaModel);
  const [B, K, window] = [40, config.net.maxBlock, 7];
  const loader = await makeClipLoader({
    sources: [{ dataset, episodes: [22, 23] }],
    batch: B,
    window,
    size: { width: 32, height: 32 },
    seed: 2,
  });
  const clip = await loader.next();
  await loader.close();
  const action = tensor(clip.action).view([B, window, 2]);
  const first = window - 2 * K; // rows given; two blocks are imagined
  const imagined = noGrad(() =>
    scope(() => {
      const order = makeRng(3).shuffle(Array.from({ length: B }, (_, b) => b));
      const blocks = action.narrow(1, first - 1, 2 * K).view([B, 2, K, 2]);
      const shuffled = blocks.indexSelect(0, tensor(order.map(BigInt)));
      const trunk = world.begin(rowsOf(clip, first));
      const [own, other] = [world.rollout(trunk, blocks), world.rollout(trunk, shuffled)];
      trunk.free();
      const truth = tensor(clip.state)
        .view([B, window, 2])
        .select(1, first - 1 + 2 * K);
      const errorOf = (state: Tensor): number => state.select(1, 1).sub(truth).square().mean().item();
      const rewards = tensor(clip.reward)
        .view([B, window])
        .select(1, first - 2 + 2 * K);
      const rewardError = own.reward.select(1, 1).sub(rewards).square().mean().item();
      return {
        own: errorOf(own.state),
        shuffled: errorOf(other.state),
        spread: truth.sub(truth.mean(0)).square().mean().item(),
        rewardShare: rewardError / rewards.var().item(),
      };
    }),
  );
  // Found: shares of the variance 0.1 and 0.2, and ten times the error under another window's actions.
  expect(imagined.own).toBeLessThan(0.5 * imagined.spread);
  expect(imagined.shuffled).toBeGreaterThan(1.5 * imagined.own);
  expect(imagined.rewardShare).toBeLessThan(0.7);
});

/** The first rows of every window. */
function rowsOf(clip: Context, T: number): Context {
  const cut = <A extends Uint8Array | Float32Array>(values: A): A => {
    const perWindow = values.length / clip.B;
    const kept = (perWindow / clip.T) * T;
    const out = values.slice(0, clip.B * kept) as A;
    for (let b = 0; b < clip.B; b++) out.set(values.subarray(b * perWindow, b * perWindow + kept), b * kept);
    return out;
  };
  return {
    ...clip,
    T,
    frames: cut(clip.frames),
    action: cut(clip.action),
    actionMask: cut(clip.actionMask),
    state: cut(clip.state),
    stateMask: cut(clip.stateMask),
  };
}

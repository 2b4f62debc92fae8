/** Latent actions on a world in which all that happens is a move: found without ever seeing one, and watched for collapse. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AbortedError } from "@orrery/core";
import { episodeFrames, type DatasetReader } from "@orrery/data";
import { fromTyped, Generator, noGrad, randn, scope, zeros } from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import { inverseConfig } from "../inverse/config.ts";
import { trainInverseDynamics } from "../inverse/train.ts";
import { recordSquare, scramble, squareFacts, temporaryFolder } from "../testing.ts";
import { readMetrics } from "../train/metrics.ts";
import { latentActionConfig, type LatentActionConfig } from "./config.ts";
import { encodeEpisode, rebuildErrors } from "./encode-episode.ts";
import { LatentActionModel } from "./latent-action-model.ts";
import { loadLatentActions } from "./release.ts";
import { trainLatentActions, type TrainLatentActionsOptions } from "./train.ts";
import { collapseWarning, measureLatents } from "./watch.ts";

function config(steps: number, beta = 1e-5): LatentActionConfig {
  const training = { steps, learningRate: 3e-3 };
  return latentActionConfig("lam-debug", { height: 32, width: 32, colourJitter: 0, beta, training });
}

const root = temporaryFolder("latent");
let dataset: DatasetReader;
beforeAll(async () => {
  dataset = await recordSquare(join(root, "data"), { episodes: 10, length: 30 });
});

function train(
  out: string,
  own: LatentActionConfig,
  more: Partial<TrainLatentActionsOptions> = {},
): ReturnType<typeof trainLatentActions> {
  const episodes = [0, 1, 2, 3, 4, 5, 6, 7];
  return trainLatentActions({ config: own, sources: [{ dataset, episodes }], out, seed: 4, ...more });
}

test("the next picture is rebuilt better with the inferred latent action than with another one's", async () => {
  const run = join(root, "run");
  const result = await train(run, config(160));
  expect(result.hasCollapsed).toBe(false);
  const model = loadLatentActions(run);
  let [own, other] = [0, 0];
  for await (const episode of episodeFrames({ dataset, episodes: [8, 9], size: { width: 32, height: 32 } })) {
    const latents = encodeEpisode(model, episode);
    const Z = model.config.latentWidth;
    const turned = Float32Array.from(latents, (_, i) => latents[(i + 7 * Z) % latents.length] as number);
    const sum = (errors: Float32Array): number => errors.reduce((a, b) => a + b, 0);
    own += sum(rebuildErrors(model, episode, latents));
    other += sum(rebuildErrors(model, episode, turned));
  }
  // 160 steps gave 1.7 dB; latent actions that steer nothing give 0.
  expect(10 * Math.log10(other / own)).toBeGreaterThan(0.7);
  const line = readMetrics(join(run, "metrics.jsonl")).at(-1);
  for (const name of ["pixels", "told", "latentRank", "latentVariance", "latentActive"])
    expect(line).toHaveProperty(name);
  model.free();
});

test("latent actions that cost too much collapse, and the run says so once", async () => {
  const notes: string[] = [];
  const result = await train(join(root, "collapsed"), config(40, 10), {
    onNote: (note) => void notes.push(note),
  });
  expect(result.hasCollapsed).toBe(true);
  expect(notes.filter((note) => note.includes("have collapsed"))).toHaveLength(1);
  expect(notes.join()).toMatch(/Lower beta/);
});

test("spread, rank and information of known Gaussians", () => {
  scope(() => {
    const wide = randn([4000, 3], { generator: new Generator(1) });
    const prior = measureLatents({ mean: wide, logStd: wide.mul(0) });
    // Three directions alike: rank 3; the means alone carry 3/2 nats. 4000 draws are within a few per cent of that.
    expect(prior.rank).toBeGreaterThan(2.9);
    expect(prior.variance).toBeCloseTo(1, 1);
    expect(prior.told).toBeCloseTo(1.5, 1);
    expect(prior.activeNumbers).toBe(3);
    const line = wide.narrow(1, 0, 1).repeat([1, 3]);
    const flat = measureLatents({ mean: line, logStd: line.mul(0) });
    expect(flat.rank).toBeCloseTo(1, 5);
    expect(collapseWarning(flat, 500, 200)).toMatch(/one direction only/);
    const dead = measureLatents({ mean: zeros([8, 3]), logStd: zeros([8, 3]) });
    expect(dead).toEqual({ activeNumbers: 0, rank: 0, variance: 0, told: 0 });
    expect(collapseWarning(dead, 500, 200)).toMatch(/have collapsed/);
    expect(collapseWarning(dead, 10, 200)).toBeNull();
    expect(collapseWarning(prior, 500, 200)).toBeNull();
  });
});

test("the decoder's past frame sends no gradient into the features that it shares with the encoder", () => {
  const model = scramble(new LatentActionModel(config(1), squareFacts, new Generator(0)), 2);
  scope(() => {
    const current = fromTyped(
      Uint8Array.from({ length: 2 * 32 * 32 * 3 }, (_, i) => i % 251),
      [2, 1, 32, 32, 3],
    );
    const latent = noGrad(() => randn([2, 4], { generator: new Generator(1) }));
    model.decode(current, latent).square().mean().backward();
    const gradients = (parameters: [string, { grad: unknown }][]): number =>
      parameters.filter(([, { grad }]) => grad !== null).length;
    expect(gradients(model.encoder.namedParameters())).toBe(0);
    expect(gradients(model.decoder.namedParameters())).toBe(model.decoder.parameters().length);
  });
  model.free();
});

test("stopped and resumed, training ends with the same bits; a run of another kind is refused", async () => {
  const weightsOf = (folder: string): Buffer => readFileSync(join(folder, "model.safetensors"));
  await train(join(root, "whole"), config(6));
  const stopped = join(root, "stopped");
  const controller = new AbortController();
  const onProgress = ({ step }: { step: number }): void => void (step === 3 && controller.abort());
  await expect(train(stopped, config(6), { signal: controller.signal, onProgress })).rejects.toThrow(
    AbortedError,
  );
  await train(stopped, config(6), { resume: true });
  expect(weightsOf(stopped).equals(weightsOf(join(root, "whole")))).toBe(true);

  const inverse = join(root, "inverse");
  const own = inverseConfig("idm-debug", { height: 32, width: 32, training: { steps: 1 } });
  await trainInverseDynamics({ config: own, sources: [{ dataset }], out: inverse, seed: 0 });
  expect(() => loadLatentActions(inverse)).toThrow(
    /must hold a latent action model .* it holds "inverse-dynamics"/,
  );
});

/** The parts of the study and of the probes that have known answers. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@orrery/core";
import { describeDataset } from "@orrery/data";
import { inverseConfig, loadModel, trainWorldModel, WorldModel } from "@orrery/models";
import { expect, test } from "vitest";
import { debugConfig, recordGrey, temporaryFolder } from "../testing.ts";
import { conditionsOf, labelledEpisodes } from "./conditions.ts";
import { labelReport } from "./report.ts";
import { explained, fitRidge } from "./ridge.ts";
import { advantage, compare, gainOf, pooledPsnr, type EpisodeErrors } from "./score.ts";
import { studyLabels, type LabelStudyOptions } from "./study.ts";

test("ridge regression finds a linear law, and explains nothing of noise", () => {
  const rng = makeRng(1);
  const rows = (n: number): number[][] =>
    Array.from({ length: n }, () => [rng.normal(3, 2), rng.normal(), rng.normal(-1, 0.1)]);
  const law = ([a = 0, b = 0, c = 0]: number[]): number[] => [2 * a - b + 7, 10 * c, rng.normal()];
  const [seen, fresh] = [rows(500), rows(500)];
  const truth = fresh.map(law);
  const probe = fitRidge(seen, seen.map(law), 1e-6);
  const r2 = explained(probe.predict(fresh), truth);
  expect(r2[0]).toBeCloseTo(1, 6);
  expect(r2[1]).toBeCloseTo(1, 6);
  // Three weights fitted to noise of 500 rows explain about -3/500 of fresh noise.
  expect(Math.abs(r2[2] as number)).toBeLessThan(0.05);
});

test("a penalty as large as the rows halves what a lone standardised input says", () => {
  const inputs = [[-1], [1], [-1], [1]];
  const probe = fitRidge(inputs, inputs, 1);
  expect(probe.predict([[1]])[0]?.[0]).toBeCloseTo(0.5, 10);
  expect(explained([[1], [2]], [[5], [5]])[0]).toBeNaN();
});

test("a smaller labelled share is part of a larger one, and the reference comes first", () => {
  const all = Array.from({ length: 64 }, (_, i) => i);
  const [ten, thirty] = [labelledEpisodes(all, 0.1, 5), labelledEpisodes(all, 0.3, 5)];
  expect([ten.length, thirty.length]).toEqual([6, 19]);
  expect(ten.every((episode) => thirty.includes(episode))).toBe(true);
  expect(labelledEpisodes(all, 1, 5)).toEqual(all);
  expect(conditionsOf([0.1, 0.3]).map(({ name }) => name)).toEqual([
    "all",
    "inferred-30",
    "part-30",
    "none-30",
    "inferred-10",
    "part-10",
    "none-10",
  ]);
  expect(() => conditionsOf([1])).toThrow(/shares must lie between 0 and 1, got 1/);
});

/** Errors of two horizons, `times` as large as those of copying. */
function errors(times: number, episodes = 4): EpisodeErrors[] {
  return Array.from({ length: episodes }, (_, episode) => {
    const copyLast = [0.01 * (1 + episode), 0.02 * (1 + episode)];
    return {
      episode,
      windows: 3,
      copyLast,
      model: copyLast.map((e) => e * times),
      roundTrip: [0.001, 0.001],
    };
  });
}

test("errors ten times smaller are a gain of 10 dB, and gains are compared with the reference's", () => {
  expect(gainOf(errors(0.1))).toBeCloseTo(10, 10);
  expect(pooledPsnr(errors(1), "model")[0]).toBeCloseTo(-10 * Math.log10(0.025), 10);
  const { gain, ratio, gainCi95 } = compare(errors(Math.sqrt(0.1)), errors(0.1), 0);
  expect(gain).toBeCloseTo(5, 10);
  expect(ratio).toBeCloseTo(0.5, 10);
  expect(gainCi95[0]).toBeCloseTo(5, 6); // every episode gains as much
  const more = advantage(errors(0.1), errors(Math.sqrt(0.1)), 0);
  for (const each of [more.gain, ...more.ci95]) expect(each).toBeCloseTo(5, 6);
});

test("the report has a curve per condition that ends at the reference", () => {
  const reference = errors(0.1);
  const conditions = conditionsOf([0.1, 0.3]).map((condition) => ({
    condition,
    labelledEpisodes: 1,
    steps: 10,
    overPart: null,
    episodes: 2,
    psnr: [20, 19],
    copyLast: [15, 14],
    roundTrip: [30, 30],
    ...compare(errors(condition.kind === "part" ? 0.5 : 0.2), reference, 0),
  }));
  const result = {
    conditions,
    inverse: [],
    heldEpisodes: 4,
    windows: 12,
    contextFrames: 8,
    horizon: 2,
    seed: 0,
  };
  const { sections } = labelReport(result, []);
  const chart = sections[0]?.blocks[0];
  if (chart?.kind !== "chart") throw new Error("the first block must be the chart");
  expect(chart.series.map(({ x }) => Array.from(x))).toEqual([
    [10, 30, 100],
    [10, 30, 100],
    [10, 30, 100],
  ]);
  expect(chart.series[2]?.y[0]).toBeCloseTo(10 * Math.log10(2), 6);
});

test("a study: nobody sees states, all share one tokenizer, and a second call trains nothing", async () => {
  const out = join(temporaryFolder("study"), "out");
  const data = join(temporaryFolder("study-data"), "data");
  const dataset = await recordGrey(data, { episodes: 7, length: 14 });
  const tokenizer = join(temporaryFolder("study-tokenizer"), "run");
  await trainWorldModel({ config: debugConfig(), sources: [{ dataset }], out: tokenizer, seed: 9 });
  const stages: string[] = [];
  const options: LabelStudyOptions = {
    data,
    train: [0, 1, 2, 3],
    held: [4, 6],
    shares: [0.5],
    out,
    config: debugConfig(),
    inverse: inverseConfig("idm-debug", { height: 32, width: 32, training: { steps: 2 } }),
    tokenizer,
    kinds: ["inferred", "part"],
    equal: "labels",
    seed: 1,
    windowsPerEpisode: 2,
    contextFrames: 4,
    horizon: 3,
    onStage: (stage) => void stages.push(stage),
  };
  const result = await studyLabels(options);
  // Half of the clips have recorded actions until the rate falls, and all of them from there on: 0.7 of all.
  const { steps } = debugConfig().training.dynamics;
  expect(result.conditions.map((each) => [each.condition.name, each.labelledEpisodes, each.steps])).toEqual([
    ["all", 4, steps],
    ["inferred-50", 2, Math.round(steps / 0.7)],
    ["part-50", 2, steps],
  ]);
  expect(result.conditions.map(({ overPart }) => overPart === null)).toEqual([true, false, true]);
  expect(result).toMatchObject({ heldEpisodes: 2, windows: 4, inverse: [{ share: 0.5 }] });
  for (const name of readdirSync(join(out, "data")).filter((file) => !file.endsWith(".done"))) {
    const { state, action } = await describeDataset(join(out, "data", name));
    const hasActions = /^(labelled|held)/.test(name);
    expect([name, state.isRecorded, action.isRecorded]).toEqual([name, false, hasActions]);
  }
  const weightOf = (run: string): number[] => {
    const model = loadModel(run);
    if (!(model instanceof WorldModel)) throw new Error("a generative model was trained");
    const [weight] = model.tokenizer.parameters().map((parameter) => [...parameter.toFloat32()]);
    model.free();
    return weight ?? [];
  };
  const own = weightOf(tokenizer);
  for (const run of ["all", "inferred-50", "part-50"]) expect(weightOf(join(out, "runs", run))).toEqual(own);
  stages.length = 0;
  expect(await studyLabels(options)).toEqual(result);
  expect(stages).toEqual([]);
  await expect(studyLabels({ ...options, equal: "steps" })).rejects.toThrow(/holds a study with other data/);
  await expect(studyLabels({ ...options, seed: 2 })).rejects.toThrow(/holds a study with other data/);
});

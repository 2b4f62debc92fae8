/** An inverse dynamics model on a world whose pictures tell the action: learnt, calibrated, kept, and used to label. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, DataError, UsageError } from "@orrery/core";
import {
  episodeFrames,
  importDataset,
  openDataset,
  openDatasetWriter,
  type DatasetReader,
} from "@orrery/data";
import { noGrad } from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import { recordSquare, SQUARE, temporaryFolder } from "../testing.ts";
import { calibrate } from "./calibrate.ts";
import { inverseConfig, type InverseConfig } from "./config.ts";
import { inferEpisode, smooth } from "./infer-episode.ts";
import { ACTION_SOURCE, actionLabels, INFERRED_ACTION, INFERRED_CONFIDENCE } from "./inferred-columns.ts";
import { labelDataset } from "./label.ts";
import { loadInverseDynamics } from "./release.ts";
import { trainInverseDynamics, type TrainInverseOptions } from "./train.ts";
import { openView } from "./view-source.ts";

/** Of 32x32 pixels; enough steps to see where the square went. */
function config(steps: number): InverseConfig {
  return inverseConfig("idm-debug", { height: 32, width: 32, colourJitter: 0.1, training: { steps } });
}

let dataset: DatasetReader;
let run: string;
const root = temporaryFolder("inverse");
const path = join(root, "data");
beforeAll(async () => {
  dataset = await recordSquare(path, { episodes: 14, length: 30 });
  run = join(root, "run");
  const result = await train(run, 120);
  expect(result).toMatchObject({ steps: 120, episodes: 11, calibrationEpisodes: 1 });
});

function train(
  out: string,
  steps: number,
  more: Partial<TrainInverseOptions> = {},
): ReturnType<typeof trainInverseDynamics> {
  const episodes = Array.from({ length: 12 }, (_, i) => i);
  return trainInverseDynamics({
    config: config(steps),
    sources: [{ dataset, episodes }],
    out,
    seed: 3,
    ...more,
  });
}

test("the moves of a square are told from pictures of episodes never seen, and the spread is honest", async () => {
  const model = loadInverseDynamics(run);
  let [error, variance, within, confidence, rows] = [0, 0, 0, 0, 0];
  for await (const episode of episodeFrames({
    dataset,
    episodes: [12, 13],
    size: { width: 32, height: 32 },
  })) {
    const { action } = episode.columns;
    const { state } = episode.columns;
    const belief = inferEpisode(model, episode);
    for (let t = 0; t + 1 < episode.length; t++) {
      for (let i = 0; i < 2; i++) {
        const truth = action?.[2 * t + i] as number;
        const at = state?.[2 * t + i] as number;
        if (at + truth < 0 || at + truth > 24) continue; // the wall stops the square: no picture shows the rest
        const miss = truth - (belief.mean[2 * t + i] as number);
        error += miss ** 2;
        variance += truth ** 2;
        if (Math.abs(miss) <= 1.645 * (belief.std[2 * t + i] as number)) within++;
        confidence += (belief.confidence[t] as number) / 2;
        rows++;
      }
    }
  }
  // 120 steps leave about half of the variance; saying the mean would leave all of it.
  expect(error / variance).toBeLessThan(0.65);
  expect(within / rows).toBeGreaterThan(0.75);
  expect(confidence / rows).toBeGreaterThan(0.15);
  // Calibrated on one episode of 30 rows: its claim holds for others within a fifth or so.
  expect(confidence / rows).toBeLessThan(1 - error / variance + 0.2);
  model.free();
});

test("where a model is sure of what is not so, its confidence goes", async () => {
  const model = loadInverseDynamics(run);
  const sources = [{ dataset, episodes: [12, 13] }];
  const meanConfidence = async (): Promise<number> => {
    let [sum, rows] = [0, 0];
    const size = { width: 32, height: 32 };
    for await (const episode of episodeFrames({ dataset, episodes: [12, 13], size })) {
      for (const value of inferEpisode(model, episode).confidence) sum += value;
      rows += episode.length;
    }
    return sum / rows;
  };
  expect(await calibrate(model, sources)).toBe(2);
  expect(await meanConfidence()).toBeGreaterThan(0.15);
  // Now its means are wrong: other units than the actions' own. The spread says as before that all is clear.
  noGrad(() => model.actionScale.mean.add_(40));
  await calibrate(model, sources);
  expect(await meanConfidence()).toBe(0);
  model.free();
});

test("means are averaged with their neighbours, except with what leads nowhere", () => {
  const rows = Float32Array.of(0, 10, 3, 20, 6, 30, 9, 40, 99, 99); // [5, 2]
  expect([...smooth(rows, 2, [1, 0])]).toEqual([1.5, 10, 3, 20, 6, 30, 7.5, 40, 99, 99]);
  expect([...smooth(rows, 2, [0, 5])]).toEqual([0, 25, 3, 25, 6, 25, 9, 25, 99, 99]);
});

test("stopped and resumed, training ends with the same bits", async () => {
  const weightsOf = (folder: string): Buffer => readFileSync(join(folder, "model.safetensors"));
  const whole = join(root, "whole");
  await train(whole, 6);
  const stopped = join(root, "stopped");
  const controller = new AbortController();
  const onProgress = ({ step }: { step: number }): void => void (step === 3 && controller.abort());
  await expect(train(stopped, 6, { signal: controller.signal, onProgress })).rejects.toThrow(AbortedError);
  expect(existsSync(join(stopped, "model.safetensors"))).toBe(false);
  expect(() => loadInverseDynamics(stopped)).toThrow(/must be a finished run/);
  await train(stopped, 6, { resume: true });
  expect(weightsOf(stopped).equals(weightsOf(whole))).toBe(true);
});

test("labels stand beside what was recorded, say where they come from, and never pass for recorded actions", async () => {
  const film = join(root, "film");
  const view = await openView(path, { episodes: [12, 13], without: ["state", "action", "reward"] });
  await importDataset(view, film);
  const to = join(root, "labelled");
  const report = await labelDataset({ model: run, from: film, to });
  expect(report).toMatchObject({ episodes: 2, labelledFrames: 58 });
  expect(report.meanConfidence).toBeGreaterThan(0);

  const labelled = await openDataset(to);
  expect(labelled.problems).toEqual([]);
  expect(labelled.features.map(({ name }) => name)).not.toContain("action");
  expect(labelled.episodes[0]?.provenance.labels).toMatchObject({
    action_source: "inferred",
    action_model: run,
  });
  const columns = await labelled.readEpisode(0);
  expect(columns.action).toBeNull();
  const source = columns.extra[ACTION_SOURCE]?.data as Int32Array;
  expect([source[0], source[28], source[29]]).toEqual([2, 2, 0]);

  const model = loadInverseDynamics(run);
  for await (const episode of episodeFrames({ dataset, episodes: [12], size: { width: 32, height: 32 } })) {
    const { mean, confidence } = inferEpisode(model, episode);
    expect(columns.extra[INFERRED_ACTION]?.data.slice(0, 4)).toEqual(mean.slice(0, 4));
    expect(columns.extra[INFERRED_CONFIDENCE]?.data[5]).toBe(confidence[5]);
    const used = actionLabels(columns, "use");
    expect(Array.from(used?.mask ?? [])).toEqual([...Array.from({ length: 29 }, () => 1), 0]);
    expect(actionLabels(columns, "by-confidence")?.trust[5]).toBe(confidence[5]);
    expect(actionLabels(columns, "ignore")).toBeNull();
  }
  model.free();
  // A second run finds everything there.
  expect(await labelDataset({ model: run, from: film, to })).toMatchObject({ episodes: 0, alreadyThere: 2 });
});

test("recorded actions are left alone unless the recording is to count as plain video", async () => {
  const to = join(root, "recorded");
  const refused = labelDataset({ model: run, from: path, to, episodes: [12] });
  await expect(refused).rejects.toThrow(/it has recorded actions \(--as-video/);
  expect(existsSync(to)).toBe(false);
  const report = await labelDataset({ model: run, from: path, to, episodes: [12], asVideo: true });
  expect(report.labelledFrames).toBe(29);
  const columns = await (await openDataset(to)).readEpisode(0);
  expect([columns.action, columns.state, columns.reward]).toEqual([null, null, null]);
});

test("another body, a missing camera and another rate are refused in one message", async () => {
  const other = join(root, "other");
  const embodiment = { ...SQUARE, name: "triangle", controlRateHz: 30, cameras: [] };
  const writer = await openDatasetWriter(other, { embodiment });
  const recorder = writer.recorder();
  const data = new Uint8Array(32 * 32 * 3);
  for (let t = 0; t < 3; t++) recorder.add({ images: { side: { width: 32, height: 32, data } } });
  writer.append(recorder.finish({ provenance: { stream: "web" } }));
  writer.close();
  const label = labelDataset({ model: run, from: other, to: join(root, "no") });
  await expect(label).rejects.toThrow(UsageError);
  await expect(label).rejects.toThrow(
    /must show "square" .*the body is "triangle".*no camera "top", only side.*frames come at 30\/s, the model's actions at 10\/s/,
  );
});

test("video alone teaches no inverse dynamics", async () => {
  const film = await openDataset(join(root, "film"));
  const training = train(join(root, "nothing"), 5, { sources: [{ dataset: film }] });
  await expect(training).rejects.toThrow(DataError);
  await expect(training).rejects.toThrow(/at least one episode must have actions/);
  expect(() => loadInverseDynamics(root)).toThrow(/must be a run folder/);
});

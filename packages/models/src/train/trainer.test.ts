/** Whole training runs of a few steps on a made-up recording. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, DataError, UsageError } from "@orrery/core";
import type { DatasetReader } from "@orrery/data";
import type { Tensor } from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import type { ModelConfig } from "../config.ts";
import { loadModel } from "../release.ts";
import { debugConfig, recordSquare, temporaryFolder } from "../testing.ts";
import { readMetrics } from "./metrics.ts";
import { trainWorldModel, type TrainOptions, type TrainProgress } from "./trainer.ts";

const STEPS = 12;

/** A dozen steps of both phases, with clips of several lengths and hidden actions so that every draw takes part. */
function shortConfig(): ModelConfig {
  const config = debugConfig();
  const { tokenizer, dynamics } = config.training;
  const varied = { longClipFrames: 8, longShare: 0.3, imageShare: 0.2, actionDropShare: 0.3 };
  return {
    ...config,
    tokenizer: { ...config.tokenizer, maskShare: 0.5 },
    dynamics: { ...config.dynamics, latentStd: 0.7 }, // a gain that is no power of two, so that rounding shows
    training: {
      tokenizer: { ...tokenizer, steps: STEPS },
      dynamics: { ...dynamics, ...varied, steps: STEPS },
    },
  };
}

let dataset: DatasetReader;
let damaged: DatasetReader;
beforeAll(async () => {
  dataset = await recordSquare(join(temporaryFolder("square"), "data"), { episodes: 3, length: 12 });
  damaged = await recordSquare(join(temporaryFolder("square"), "nan"), {
    episodes: 2,
    length: 12,
    nan: [1, 4],
  });
});

function train(out: string, options: Partial<TrainOptions> = {}): ReturnType<typeof trainWorldModel> {
  return trainWorldModel({ config: shortConfig(), sources: [{ dataset }], out, seed: 5, ...options });
}

/** Trains until a phase has made `step` steps, as Ctrl-C would end it. */
async function trainUntil(
  out: string,
  phase: TrainProgress["phase"],
  step: number,
  resume = false,
): Promise<void> {
  const controller = new AbortController();
  const onProgress = (progress: TrainProgress): void => {
    if (progress.phase === phase && progress.step >= step) controller.abort();
  };
  const stopped = train(out, { signal: controller.signal, onProgress, resume });
  await expect(stopped).rejects.toThrow(AbortedError);
}

function weightsOf(run: string): Map<string, number[]> {
  const state: ReadonlyMap<string, Tensor> = loadModel(run).stateDict();
  return new Map([...state].map(([name, tensor]) => [name, Array.from(tensor.toFloat64())]));
}

let whole: string;
beforeAll(async () => {
  whole = join(temporaryFolder("whole"), "run");
  const result = await train(whole);
  expect(result.steps).toEqual({ tokenizer: STEPS, dynamics: STEPS });
});

test.each([
  ["tokenizer", 5],
  ["encode", 1],
  ["dynamics", 5],
] as const)(
  "stopped in phase %s at step %i and resumed, a run ends with the same bits",
  async (phase, step) => {
    const run = join(temporaryFolder("stopped"), "run");
    await trainUntil(run, phase, step);
    expect(existsSync(join(run, "model.safetensors"))).toBe(false);
    await train(run, { resume: true });
    expect(weightsOf(run)).toEqual(weightsOf(whole));
  },
);

test("stopped again and again, a run ends with the same bits and one line per logged step", async () => {
  const run = join(temporaryFolder("stopped"), "run");
  await trainUntil(run, "tokenizer", 3);
  await trainUntil(run, "dynamics", 2, true);
  await trainUntil(run, "dynamics", 9, true);
  await train(run, { resume: true });
  expect(weightsOf(run)).toEqual(weightsOf(whole));
});

test("another seed ends elsewhere", async () => {
  const run = join(temporaryFolder("seed"), "run");
  await train(run, { seed: 6 });
  expect(weightsOf(run)).not.toEqual(weightsOf(whole));
});

test("a run folder holds what a release needs, and resuming a finished run changes nothing", async () => {
  const before = weightsOf(whole);
  for (const name of ["config.json", "embodiment.json", "lineage.json", "model.safetensors"])
    expect(existsSync(join(whole, name))).toBe(true);
  const lineage = JSON.parse(readFileSync(join(whole, "lineage.json"), "utf8")) as Record<string, unknown>;
  expect(lineage).toMatchObject({ seed: 5, datasets: [{ episodes: [0, 1, 2], frames: 36 }] });
  await train(whole, { resume: true });
  expect(weightsOf(whole)).toEqual(before);
});

test("a run is not overwritten, and nothing is resumed where there is none", async () => {
  await expect(train(whole)).rejects.toThrow(UsageError);
  await expect(train(whole)).rejects.toThrow(/holds a run already\. Add --resume/);
  const none = join(temporaryFolder("none"), "run");
  await expect(train(none, { resume: true })).rejects.toThrow(/must hold a run to resume, there is none/);
  expect(existsSync(none)).toBe(false);
});

test("an unfinished run loads with the averages of its newest checkpoint", async () => {
  const run = join(temporaryFolder("unfinished"), "run");
  await trainUntil(run, "dynamics", 6);
  const model = loadModel(run);
  const weights = weightsOf(run);
  // The tokenizer was finished, so it is the whole run's; the dynamics is on its way.
  const name = "tokenizer.encoderIn.weight";
  expect(weights.get(name)).toEqual(weightsOf(whole).get(name));
  expect(weights.get("dynamics.latentsIn.weight")).not.toEqual(
    weightsOf(whole).get("dynamics.latentsIn.weight"),
  );
  expect(model.parameters().every((p) => !p.requiresGrad)).toBe(true);
});

test("weights of another size are told in one message, and so is a run without any", async () => {
  const run = join(temporaryFolder("size"), "run");
  await trainUntil(run, "dynamics", 2);
  const path = join(run, "config.json");
  const saved = JSON.parse(readFileSync(path, "utf8")) as {
    model: { dynamics: { stack: { width: number } } };
  };
  saved.model.dynamics.stack.width = 64;
  writeFileSync(path, JSON.stringify(saved));
  const message =
    /have another shape, first "dynamics\.latentsIn\.weight" with \[32, 24\] where \[64, 24\] is needed/;
  expect(() => loadModel(run)).toThrow(message);
  await expect(train(run, { resume: true })).rejects.toThrow(/have another shape/);

  writeFileSync(path, JSON.stringify({ ...saved, format: 99 }));
  expect(() => loadModel(run)).toThrow(/format must be 1, got 99/);
  expect(() => loadModel(join(run, "nothing"))).toThrow(UsageError);
});

test("a run that has not saved anything yet says so", async () => {
  const run = join(temporaryFolder("early"), "run");
  await trainUntil(run, "tokenizer", 1);
  writeFileSync(join(run, "training", "latest.json"), "{");
  expect(() => loadModel(run)).toThrow(DataError);
  await expect(train(run, { resume: true })).rejects.toThrow(/Delete that folder to begin again/);
});

test("an episode with a NaN in its state is left out and named, and the others are trained on", async () => {
  const run = join(temporaryFolder("nan"), "run");
  const notes: string[] = [];
  const onNote = (note: string): void => void notes.push(note);
  const result = await train(run, { sources: [{ dataset: damaged }], onNote });
  expect(notes.join("\n")).toMatch(/left out episode 1 of .*NaN.*row 4/);
  expect(Object.keys(result.loss)).toContain("state");
  for (const loss of Object.values(result.loss)) expect(Number.isFinite(loss)).toBe(true);
  for (const [name, values] of weightsOf(run))
    expect([name, values.every(Number.isFinite)]).toEqual([name, true]);
});

test("a clip longer than every episode is refused with both lengths", async () => {
  const config = shortConfig();
  const dynamics = { ...config.training.dynamics, clipFrames: 20, longClipFrames: 20 };
  const run = join(temporaryFolder("long"), "run");
  const options = { config: { ...config, training: { ...config.training, dynamics } } };
  await expect(train(run, options)).rejects.toThrow(
    /clips of 20 frames were asked for, the longest episode has 12/,
  );
});

test("the log holds the losses of both phases", async () => {
  const config = shortConfig();
  const phase = { steps: 20 };
  const training = {
    tokenizer: { ...config.training.tokenizer, ...phase },
    dynamics: { ...config.training.dynamics, ...phase },
  };
  const run = join(temporaryFolder("log"), "run");
  await train(run, { config: { ...config, training } });
  const lines = readMetrics(join(run, "metrics.jsonl"));
  expect(lines.map(({ phase: name, step }) => [name, step])).toEqual([
    ["tokenizer", 20],
    ["dynamics", 20],
  ]);
  expect(lines[0]?.["reconstruction"]).toBeGreaterThan(0);
  expect(lines[1]).toMatchObject({
    lrFactor: expect.any(Number) as number,
    dataWait: expect.any(Number) as number,
  });
  for (const name of ["flow", "state", "reward", "success"]) expect(lines[1]).toHaveProperty(name);
});

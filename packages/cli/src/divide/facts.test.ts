/** Facts of runs as they lie on disk, and terms that runs from elsewhere must meet. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { loadPolicyConfig, trainPolicy } from "@orrery/agents";
import { openDataset, type DatasetReader } from "@orrery/data";
import { compareTraining } from "@orrery/eval";
import { loadConfig, openModel, trainWorldModel, type JepaConfig, type JepaModel } from "@orrery/models";
import { beforeAll, expect, test } from "vitest";
import { recordSquare, temporaryFolder } from "../testing.ts";
import { takenRuns } from "./contenders.ts";
import { factsOfRun, parametersOf } from "./facts.ts";

const folder = temporaryFolder("divide-facts");
const jepa = join(folder, "jepa");
const policy = join(folder, "policy");
let dataset: DatasetReader;
beforeAll(async () => {
  dataset = await openDataset(await recordSquare(join(folder, "data"), { episodes: 3 }));
  const sources = [{ dataset }];
  const world = loadConfig("jepa-debug") as JepaConfig;
  await trainWorldModel({
    config: {
      ...world,
      net: { ...world.net, height: 32, width: 32 },
      training: {
        ...world.training,
        jepa: { ...world.training.jepa, steps: 3 },
        decoder: { ...world.training.decoder, steps: 2 },
      },
    },
    sources,
    out: jepa,
    seed: 7,
  });
  const base = loadPolicyConfig("bc-debug");
  const config = {
    ...base,
    vision: { height: 32, width: 32, patch: 16 },
    demonstrations: { failures: "keep", play: "keep" } as const, // the square is pushed about in play
    training: { ...base.training, steps: 3 },
  };
  await trainPolicy({ config, sources: [{ dataset, episodes: [0, 1] }], out: policy, seed: 7 });
});

test("steps and parameters are those of what acts, and what was given is not what was used", () => {
  const sources = [{ dataset }];
  const [first, second] = [factsOfRun(jepa, sources), factsOfRun(policy, sources)];
  expect(first).toMatchObject({ seed: 7, steps: 3, usedEpisodes: 3, givenFrames: dataset.numFrames });
  expect(second).toMatchObject({ seed: 7, steps: 3, usedEpisodes: 2, givenFrames: dataset.numFrames });
  expect(second.usedFrames).toBeLessThan(first.usedFrames);
  expect(first.given).toEqual(second.given);
  const model = openModel(jepa) as JepaModel;
  expect(first.parameters).toBe(model.nets.numParameters());
  expect(first.parameters).toBeLessThan(model.numParameters());
  model.free();
  expect(parametersOf(policy)).toBe(second.parameters);
  const wrong = compareTraining(first, second).filter(({ isMatched }) => !isMatched);
  expect(wrong.map(({ what }) => what)).toContain("parameters");
  expect(wrong.map(({ what }) => what)).not.toContain("optimiser steps");
});

test("a run trained on something else shows it, and a run without its checkpoint is refused", async () => {
  const other = await openDataset(await recordSquare(join(folder, "other"), { episodes: 3 }));
  const [own, strange] = [factsOfRun(jepa, [{ dataset }]), factsOfRun(policy, [{ dataset: other }])];
  expect(compareTraining(own, strange).find(({ what }) => what === "recordings given")?.isMatched).toBe(
    false,
  );
  expect(() => takenRuns([jepa], [0, 1], [{ dataset }])).toThrow(/one run per training seed, got 1/);
  const taken = takenRuns([jepa, policy], [4, 5], [{ dataset }], "search=cem");
  expect((await taken.train({ folder: "", seed: 5, match: null })).run).toBe(policy);
  expect(taken.policyOf(jepa)).toBe(`${jepa}:search=cem`);
  rmSync(join(policy, "training"), { recursive: true });
  expect(() => factsOfRun(policy, [{ dataset }])).toThrow(/must hold the checkpoint it ended with/);
});

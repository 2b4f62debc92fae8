import { join } from "node:path";
import { makeClipLoader } from "@orrery/data";
import { beforeAll, expect, test } from "vitest";
import { loadConfig, type JepaConfig } from "../config.ts";
import { openModel } from "../release.ts";
import { recordSquare, temporaryFolder } from "../testing.ts";
import { trainWorldModel } from "../train/trainer.ts";
import { fitDoubt } from "./doubt.ts";
import { Hindsight } from "./hindsight.ts";
import type { JepaModel } from "./model.ts";
import { Openings } from "./openings.ts";

const run = join(temporaryFolder("doubt"), "run");
const notes: string[] = [];
let openings: Openings;

beforeAll(async () => {
  const dataset = await recordSquare(join(temporaryFolder("square"), "data"), {
    episodes: 48,
    length: 20,
    succeeds: true,
  });
  const base = loadConfig("jepa-debug") as JepaConfig;
  const once = { steps: 1, warmupSteps: 0 };
  const { words, prior, jepa, decoder } = base.training;
  // Goals of random walks cannot be told from the first picture: whatever is surer of them is learnt by heart.
  const config = {
    ...base,
    net: { ...base.net, height: 32, width: 32, patch: 8 },
    training: {
      ...base.training,
      words: { ...words, steps: 300, learningRate: 3e-3 },
      prior: { ...prior, ...once },
      jepa: { ...jepa, ...once },
      decoder: { ...decoder, ...once },
    },
  };
  await trainWorldModel({
    config,
    sources: [{ dataset }],
    out: run,
    seed: 3,
    onNote: (note) => notes.push(note),
  });
  const loader = await makeClipLoader({
    sources: [{ dataset }],
    batch: 2,
    window: 8,
    size: { width: 32, height: 32 },
    seed: 0,
  });
  openings = await Openings.read(loader, new Hindsight(loader.episodes));
  await loader.close();
});

test("goals are told with the deviation that they err by where they were not learnt", () => {
  const told = /^words: errors on (\d+) openings not learnt from, .*: position (\S+)$/m.exec(
    notes.join("\n"),
  );
  const { learnt, held } = openings.divided();
  expect(Number(told?.[1])).toBe(held.size);
  expect(Number(told?.[2])).toBeGreaterThan(1.1); // surer than it could be
  const model = openModel(run) as JepaModel;
  expect(fitDoubt(model, held)["position"]).toBeCloseTo(1, 3); // as it was left
  expect(fitDoubt(model, learnt)["position"]).toBeLessThan(0.9); // which are known better
  expect(fitDoubt(model, learnt)["position"]).toBeCloseTo(1, 3); // and are what it is set to now
  model.free();
});

test("where too few could be held back nothing is changed", () => {
  const model = openModel(run) as JepaModel;
  const { held } = openings.divided().held.divided();
  expect(held.size).toBe(0);
  expect(fitDoubt(model, held)).toEqual({});
  model.free();
});

/** Going on from a release: its trunk is the start, its words and scales stay, and what does not fit is refused. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatasetReader } from "@orrery/data";
import type { Tensor } from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import { loadConfig, type JepaConfig } from "../config.ts";
import { openModel, readConfig } from "../release.ts";
import { recordSquare, temporaryFolder } from "../testing.ts";
import { trainWorldModel, type TrainOptions } from "./trainer.ts";
import { readTrunk } from "./trunk.ts";

/** So slow a learner that after one step the weights are still those it began with. */
function slowConfig(steps: number, learningRate = 1e-9): JepaConfig {
  const config = loadConfig("jepa-debug");
  const phase = { steps, learningRate, weightDecay: 0 };
  return {
    ...config,
    net: { ...config.net, height: 32, width: 32, patch: 8 },
    training: {
      ...config.training,
      words: { ...config.training.words, ...phase },
      prior: { ...config.training.prior, ...phase },
      jepa: { ...config.training.jepa, ...phase },
      decoder: { ...config.training.decoder, ...phase },
    },
  };
}

let first: DatasetReader;
let second: DatasetReader;
let release: string;
const root = temporaryFolder("continue");
beforeAll(async () => {
  first = await recordSquare(join(root, "first"), { episodes: 3, length: 12 });
  second = await recordSquare(join(root, "second"), { episodes: 2, length: 12 });
  release = join(root, "release");
  await train(release, { config: slowConfig(6, 1e-2) });
});

function train(out: string, options: Partial<TrainOptions> = {}): ReturnType<typeof trainWorldModel> {
  return trainWorldModel({ config: slowConfig(1), sources: [{ dataset: first }], out, seed: 5, ...options });
}

function weightsOf(run: string): Map<string, number[]> {
  const model = openModel(run);
  const state: ReadonlyMap<string, Tensor> = model.stateDict();
  const weights = new Map([...state].map(([name, each]) => [name, Array.from(each.toFloat64())]));
  model.free();
  return weights;
}

/** Largest difference of any number of two runs. */
function distance(a: string, b: string): number {
  const other = weightsOf(b);
  const gaps = [...weightsOf(a)].flatMap(([name, values]) =>
    values.map((value, i) => Math.abs(value - (other.get(name)?.[i] ?? Number.NaN))),
  );
  return gaps.reduce((most, gap) => Math.max(most, gap), 0);
}

test("a run goes on from the trunk of a release, moments and averages included", async () => {
  const next = join(root, "on-from-trunk");
  // Of six steps at 1e-2, two fell in the decay.
  const before = readTrunk(release);
  expect(before?.state).toMatchObject({ phase: "jepa", clock: { step: 4, decayStart: 4 }, emaUpdates: 4 });
  const config = slowConfig(2);
  await train(next, { config, continueFrom: release });
  // Two steps at a rate of 1e-9 leave weights where they are, so that the averages draw nearer to them: updates 4 and 5
  // keep 5/14 and 6/15 of the gap between the two.
  const now = weightsOf(next);
  const gaps = [...(before?.averages ?? [])].flatMap(([name, average]) => {
    const weight = before?.weights.get(`nets.${name}`)?.toFloat64() ?? [];
    return Array.from(average.toFloat64(), (was, i) => {
      const still = weight[i] ?? Number.NaN;
      const expected = still + (5 / 14) * (6 / 15) * (was - still);
      return Math.abs((now.get(`nets.${name}`)?.[i] ?? Number.NaN) - expected);
    });
  });
  // float32 of numbers around 1
  expect(Math.max(...gaps)).toBeLessThan(1e-6);
  expect(distance(next, release)).toBeGreaterThan(1e-3);
  // Its own trunk, one step on, counts what came before.
  expect(readTrunk(next)?.state).toMatchObject({ clock: { step: 1, isWarm: true }, emaUpdates: 5 });
  const stepsOf = (run: string): number[] =>
    [...(readTrunk(run)?.optimizer ?? [])]
      .flatMap(([name, value]) => (name.endsWith(".steps") ? [value.item()] : []))
      .filter((steps) => steps > 0); // without goals there is nothing that their head could learn
  expect(new Set(stepsOf(release))).toEqual(new Set([4]));
  expect(stepsOf(next)).toEqual(stepsOf(release).map((steps) => steps + 1));
});

test("a run begins with the weights, words and scales of a release without a trunk, though its data are others", async () => {
  const old = join(root, "old");
  cpSync(release, old, { recursive: true });
  rmSync(join(old, "trunk"), { recursive: true });
  const next = join(root, "next");
  await train(next, { continueFrom: old, sources: [{ dataset: second }], seed: 9 });
  // One step at a rate of 1e-9 moves a weight by about as much; a fresh start would be whole numbers away.
  expect(distance(next, release)).toBeLessThan(1e-6);
  expect(readConfig(next).facts).toEqual(readConfig(release).facts);
  const fresh = join(root, "fresh");
  await train(fresh, { sources: [{ dataset: second }], seed: 9 });
  expect(distance(fresh, release)).toBeGreaterThan(0.1);
});

test("where goals are known a run reads on first, and its averages forget how the trunk read", async () => {
  const dataset = await recordSquare(join(root, "done"), { episodes: 3, length: 12, succeeds: true });
  const sources = [{ dataset }];
  const reader = join(root, "reader");
  await train(reader, { config: slowConfig(6, 1e-2), sources });
  const readOn = async (steps: number): Promise<ReadonlyMap<string, number[]>> => {
    const slow = slowConfig(steps);
    const words = { ...slow.training.words, steps: 6, learningRate: 1e-2 };
    const config = { ...slow, training: { ...slow.training, words } };
    const out = join(root, `reads-on-${steps}`);
    await train(out, { config, sources, continueFrom: reader });
    return weightsOf(out);
  };
  const [one, three, before] = [await readOn(1), await readOn(3), weightsOf(reader)];
  const gap = (a: ReadonlyMap<string, number[]>, b: ReadonlyMap<string, number[]>): number =>
    Math.max(
      ...[...a].flatMap(([name, values]) =>
        /^nets\.(text|reader|goalHead)\./.test(name)
          ? values.map((value, i) => Math.abs(value - (b.get(name)?.[i] ?? Number.NaN)))
          : [],
      ),
    );
  expect(gap(one, before)).toBeGreaterThan(1e-3);
  // Slow steps change no weight; had the averages kept a share of the trunk's reading, more of them would wash it out.
  expect(gap(one, three)).toBeLessThan(1e-6);
});

test("another network and an unfinished run are refused", async () => {
  const config = slowConfig(1);
  const wider = { ...config, net: { ...config.net, embedding: 32 } };
  await expect(train(join(root, "wider"), { config: wider, continueFrom: release })).rejects.toThrow(
    /must have the network of jepa-debug to go on from/,
  );
  await expect(train(join(root, "none"), { continueFrom: join(root, "nowhere") })).rejects.toThrow(
    /must be a finished run to go on from/,
  );
});

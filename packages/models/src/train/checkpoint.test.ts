import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, makeRng } from "@orrery/core";
import { tensor } from "@orrery/torch";
import { expect, test, vi } from "vitest";
import { temporaryFolder } from "../testing.ts";
import { readCheckpoint, writeCheckpoint, type Checkpoint } from "./checkpoint.ts";

/** A disk that stops at a chosen rename. */
const disk = vi.hoisted(() => ({ crashesAt: (_path: string): boolean => false }));
vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:fs")>();
  const renameSync: typeof real.renameSync = (from, to) => {
    if (disk.crashesAt(String(to))) throw new Error("killed");
    real.renameSync(from, to);
  };
  return { ...real, renameSync };
});

function checkpointAt(step: number, value = step): Checkpoint {
  return {
    state: {
      phase: "dynamics",
      clock: { step, elapsedSec: step / 10, decayStart: null },
      elapsedSec: step / 5,
      steps: { tokenizer: 3, dynamics: step },
      emaUpdates: step,
      lossRms: { flow: [0.1, 0.2] },
      rng: makeRng(step).state,
      generator: "AAEC",
      loader: null,
    },
    weights: new Map([["w", tensor([value, 1])]]),
    averages: new Map([["w", tensor([value, 2])]]),
    optimizer: new Map([["w.expAvg", tensor([value, 3])]]),
  };
}

function valueIn(folder: string): unknown {
  return readCheckpoint(folder)?.weights.get("w")?.toArray();
}

test("everything comes back, and only the newest is kept", () => {
  const folder = temporaryFolder("checkpoint");
  expect(readCheckpoint(folder)).toBeNull();
  writeCheckpoint(folder, checkpointAt(10));
  writeCheckpoint(folder, checkpointAt(20));
  const found = readCheckpoint(folder);
  expect(found?.state).toEqual(checkpointAt(20).state);
  expect(found?.weights.get("w")?.toArray()).toEqual([20, 1]);
  expect(found?.averages.get("w")?.toArray()).toEqual([20, 2]);
  expect(found?.optimizer.get("w.expAvg")?.toArray()).toEqual([20, 3]);
  expect(readdirSync(folder)).toHaveLength(2); // the checkpoint and the pointer
});

test("the same step may be saved twice", () => {
  const folder = temporaryFolder("checkpoint");
  writeCheckpoint(folder, checkpointAt(10, 1));
  writeCheckpoint(folder, checkpointAt(10, 2));
  expect(valueIn(folder)).toEqual([2, 1]);
  expect(readdirSync(folder)).toHaveLength(2);
});

/** Fails the write at its last tensor file, as a full disk would. */
function failingCheckpoint(step: number): Checkpoint {
  const whole = checkpointAt(step);
  return {
    ...whole,
    get optimizer(): Checkpoint["optimizer"] {
      throw new Error("no space left on device");
    },
  };
}

test.each([10, 20])("a crash while writing step %i leaves the checkpoint of step 10", (step) => {
  const folder = temporaryFolder("checkpoint");
  writeCheckpoint(folder, checkpointAt(10, 1));
  expect(() => writeCheckpoint(folder, failingCheckpoint(step))).toThrow(/no space/);
  expect(valueIn(folder)).toEqual([1, 1]);
  writeCheckpoint(folder, checkpointAt(20, 3)); // what the crash left does not disturb
  expect(valueIn(folder)).toEqual([3, 1]);
  expect(readdirSync(folder)).toHaveLength(2);
});

test.each([10, 20])(
  "a crash before step %i is renamed into place leaves the checkpoint of step 10",
  (step) => {
    const folder = temporaryFolder("checkpoint");
    writeCheckpoint(folder, checkpointAt(10, 1));
    disk.crashesAt = (path) => path.includes(`dynamics-${step}`);
    expect(() => writeCheckpoint(folder, checkpointAt(step, 2))).toThrow("killed");
    expect(valueIn(folder)).toEqual([1, 1]);
    disk.crashesAt = (path) => path.endsWith("latest.json"); // renamed, but not yet pointed at
    expect(() => writeCheckpoint(folder, checkpointAt(step, 3))).toThrow("killed");
    expect(valueIn(folder)).toEqual([1, 1]);
    disk.crashesAt = () => false;
    writeCheckpoint(folder, checkpointAt(step, 4));
    expect(valueIn(folder)).toEqual([4, 1]);
    expect(readdirSync(folder)).toHaveLength(2);
  },
);

test("a damaged checkpoint is named, with what to do", () => {
  const folder = temporaryFolder("checkpoint");
  writeCheckpoint(folder, checkpointAt(10));
  const [name = ""] = readdirSync(folder).filter((entry) => entry !== "latest.json");
  writeFileSync(join(folder, name, "weights.safetensors"), "short");
  expect(() => readCheckpoint(folder)).toThrow(DataError);
  expect(() => readCheckpoint(folder)).toThrow(/weights\.safetensors.*Delete that folder to begin again/s);

  writeFileSync(join(folder, "latest.json"), '{"checkpoint": "dynamics-99"}');
  expect(() => readCheckpoint(folder)).toThrow(/dynamics-99/);
  writeFileSync(join(folder, "latest.json"), "{");
  expect(() => readCheckpoint(folder)).toThrow(DataError);
});

/** What tests of this package need: recordings whose answers are known, episodes in memory, and a small model. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRng, type Embodiment } from "@orrery/core";
import { openDataset, openDatasetWriter, type DatasetReader, type EpisodeFrames } from "@orrery/data";
import { loadConfig, WorldModel, type ModelConfig, type StreamFacts } from "@orrery/models";
import { Generator, noGrad, randn, setNumThreads } from "@orrery/torch";
import { afterAll } from "vitest";

// These models are so small that a second thread mostly waits for its turn on a busy machine.
setNumThreads(1);

export const SIDE = 32;

/** A body with one camera, a place and a move; `actionWidth` 1 makes another one of it. */
export function body(actionWidth = 2): Embodiment {
  return {
    name: actionWidth === 2 ? "square" : "slider",
    controlRateHz: 10,
    state: [{ name: "position", width: 2, unit: "1" }],
    action: [{ name: "move", width: actionWidth, unit: "1", kind: "continuous", mode: "delta" }],
    cameras: [{ name: "top", width: SIDE, height: SIDE }],
  };
}

export const squareFacts: StreamFacts = {
  cameras: ["top"],
  actionWidth: 2,
  stateWidth: 2,
  controlRateHz: 10,
  embodiment: body(),
};

export interface RecordingOptions {
  readonly episodes: number;
  readonly length: number;
  readonly embodiment?: Embodiment;
  /** Grey of every pixel at a row. */
  readonly grey?: (episode: number, row: number) => number;
  /** State at a row. */
  readonly state?: (episode: number, row: number) => readonly [number, number];
}

/** Records episodes of one grey each, which video coding keeps as they are. */
export async function recordGrey(folder: string, options: RecordingOptions): Promise<DatasetReader> {
  const { episodes, length, embodiment = body(), grey = () => 100, state = (_, row) => [row, 1] } = options;
  const width = embodiment.action[0]?.width ?? 0;
  const writer = await openDatasetWriter(folder, { embodiment });
  for (let episode = 0; episode < episodes; episode++) {
    const rng = makeRng(3, "moves", episode);
    const recorder = writer.recorder();
    for (let row = 0; row < length; row++) {
      const data = new Uint8Array(SIDE * SIDE * 3).fill(grey(episode, row));
      recorder.add({
        state: state(episode, row),
        action: Array.from({ length: width }, () => rng.uniform(-1, 1)),
        images: { top: { width: SIDE, height: SIDE, data } },
      });
    }
    writer.append(recorder.finish({ provenance: { stream: "sim", operator: "play" } }));
  }
  writer.close();
  return openDataset(folder);
}

/** An episode in memory whose pixels `paint` decides: the value of byte `i` of row `t`. */
export function makeEpisode(
  index: number,
  length: number,
  paint: (row: number, i: number) => number,
): EpisodeFrames {
  const bytes = SIDE * SIDE * 3;
  const frames = Uint8Array.from({ length: length * bytes }, (_, at) =>
    paint(Math.floor(at / bytes), at % bytes),
  );
  const columns: EpisodeFrames["columns"] = {
    length,
    state: Float32Array.from({ length: length * 2 }, (_, i) => index * 1000 + i),
    stateMask: new Uint8Array(length).fill(1),
    action: Float32Array.from({ length: length * 2 }, (_, i) => -(index * 1000 + i)),
    actionMask: new Uint8Array(length).fill(1),
    reward: null,
    rewardMask: new Uint8Array(length),
    done: null,
    success: null,
    timestamp: new Float32Array(length),
    taskIndex: new Int32Array(length).fill(-1),
    extra: {},
    nonFiniteRows: [],
  };
  return { index, from: 0, length, frames, cameras: ["top"], columns };
}

/** 32x32 pixels in 16 patches and a few training steps; otherwise the `debug` preset. */
export function debugConfig(steps = 2): ModelConfig {
  const config = loadConfig("debug");
  const { tokenizer, dynamics } = config.training;
  return {
    ...config,
    tokenizer: { ...config.tokenizer, height: SIDE, width: SIDE, patch: 8 },
    training: { tokenizer: { ...tokenizer, steps }, dynamics: { ...dynamics, steps } },
  };
}

/** A model with random weights: a fresh one ends in zeros, and would dream the same whatever it is told. */
export function scrambledModel(facts = squareFacts): WorldModel {
  const model = new WorldModel(debugConfig(), facts, new Generator(1));
  const generator = new Generator(2);
  noGrad(() => {
    for (const p of model.parameters()) p.copy_(randn(p.shape, { generator }).mul(0.3));
  });
  model.setTrainable(false);
  return model;
}

const temporary: string[] = [];
afterAll(() => {
  for (const folder of temporary.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that goes away after the test file. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `orrery-${name}-`));
  temporary.push(folder);
  return folder;
}

/** What tests of this package need: small models, batches, and a recorded world whose next picture follows from the action. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRng, type Embodiment, type Provenance } from "@orrery/core";
import { openDataset, openDatasetWriter, type DatasetReader } from "@orrery/data";
import {
  Generator,
  noGrad,
  ones,
  rand,
  randn,
  setNumThreads,
  zeros,
  type Module,
  type Tensor,
} from "@orrery/torch";
import { afterAll } from "vitest";
import { loadConfig, type ModelConfig } from "./config.ts";
import type { DynamicsInput } from "./nets/dynamics.ts";
import type { StreamFacts } from "./world-model.ts";

// These models are so small that a second thread mostly waits for its turn on a busy machine.
setNumThreads(1);

/** 32x32 pixels in 16 patches; otherwise the `debug` preset. */
export function debugConfig(): ModelConfig {
  const config = loadConfig("debug");
  return { ...config, tokenizer: { ...config.tokenizer, height: SIDE, width: SIDE, patch: 8 } };
}

const SIDE = 32;

/** A square of 8 pixels on grey, moved by the action; the state is where it is. */
export const SQUARE: Embodiment = {
  name: "square",
  controlRateHz: 10,
  state: [{ name: "position", width: 2, unit: "1" }],
  action: [{ name: "move", width: 2, unit: "1", kind: "continuous", mode: "delta" }],
  cameras: [{ name: "top", width: SIDE, height: SIDE }],
};

export const squareFacts: StreamFacts = {
  cameras: ["top"],
  actionWidth: 2,
  stateWidth: 2,
  controlRateHz: 10,
  embodiment: SQUARE,
};

export interface SquareOptions {
  readonly episodes: number;
  readonly length: number;
  readonly seed?: number;
  /** Whether the last step of each episode is called a success. */
  readonly succeeds?: boolean;
  /** Episode and row whose state holds a NaN. */
  readonly nan?: readonly [episode: number, row: number];
  readonly labels?: NonNullable<Provenance["labels"]>;
}

/** Records a square pushed about by random actions. */
export async function recordSquare(folder: string, options: SquareOptions): Promise<DatasetReader> {
  const { episodes, length, seed = 0, succeeds = false, nan, labels = {} } = options;
  const writer = await openDatasetWriter(folder, { embodiment: SQUARE });
  for (let episode = 0; episode < episodes; episode++) {
    const rng = makeRng(seed, "square", episode);
    const recorder = writer.recorder();
    const inside = (x: number): number => Math.min(SIDE - 8, Math.max(0, x));
    let [x, y] = [rng.int(SIDE - 8), rng.int(SIDE - 8)];
    for (let row = 0; row < length; row++) {
      const action = [rng.int(13) - 6, rng.int(13) - 6] as const;
      const isNan = nan?.[0] === episode && nan[1] === row;
      const picture = squarePicture(x, y);
      recorder.add({
        state: [isNan ? Number.NaN : x, y],
        action,
        reward: -Math.abs(x),
        ...(succeeds ? { success: row === length - 1 } : {}),
        images: { top: picture },
      });
      [x, y] = [inside(x + action[0]), inside(y + action[1])];
    }
    writer.append(recorder.finish({ provenance: { stream: "sim", operator: "play", labels } }));
  }
  writer.close();
  return openDataset(folder);
}

function squarePicture(x: number, y: number): { width: number; height: number; data: Uint8Array } {
  const data = new Uint8Array(SIDE * SIDE * 3).fill(60);
  for (let row = y; row < y + 8; row++) data.fill(220, (row * SIDE + x) * 3, (row * SIDE + x + 8) * 3);
  return { width: SIDE, height: SIDE, data };
}

/** Gives every weight a random value: a fresh model ends in zeros, and nothing could be told from its output. */
export function scramble<M extends Module>(module: M, seed: number): M {
  const generator = new Generator(seed);
  noGrad(() => {
    for (const p of module.parameters()) p.copy_(randn(p.shape, { generator }).mul(0.15));
  });
  return module;
}

/** T frames of B streams of noise for a model with the given widths; half of the actions and states are known. */
export function randomInput(
  [B, T, N, C]: readonly [number, number, number, number],
  { A = 2, P = 2, maxSteps = 8, seed = 1 } = {},
): DynamicsInput {
  const generator = new Generator(seed);
  const known = (): Tensor => rand([B, T, 1], { generator }).gt(0.5);
  return {
    latents: randn([B, T, N, C], { generator }),
    level: rand([B, T], { generator }).mul(maxSteps).long(),
    stepLog: rand([B, T], { generator }).mul(3).long(),
    action: randn([B, T, A], { generator }),
    hasAction: known(),
    state: randn([B, T, P], { generator }),
    hasState: known(),
  };
}

/** Actions and states all known, or all absent. */
export function allKnown(input: DynamicsInput, isKnown = true): DynamicsInput {
  const [B = 0, T = 0] = input.latents.shape;
  const mask = (isKnown ? ones : zeros)([B, T, 1], { dtype: "bool" });
  return { ...input, hasAction: mask, hasState: mask };
}

/** The largest distance between two tensors of one shape. */
export function distance(a: Tensor, b: Tensor): number {
  return a.sub(b).abs().max().item();
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

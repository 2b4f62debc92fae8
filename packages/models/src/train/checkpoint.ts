/**
 * Checkpoints of a run under way: weights, averages, optimiser, and where everything random stands. A checkpoint is a
 * folder that is renamed into place when whole, and `latest.json` names it; a crash leaves the one before.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf, type RngState } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { loadTensors, saveTensorFile, type Tensor } from "@orrery/torch";
import type { ClockState } from "./clock.ts";

/** Of the generative family, and of the joint-embedding one. */
export type PhaseName = "tokenizer" | "dynamics" | "points" | "words" | "prior" | "jepa" | "decoder";

/** Part of a model that each phase trains. */
export const TRAINED_IN: Readonly<Record<PhaseName, string>> = {
  tokenizer: "tokenizer",
  dynamics: "dynamics",
  points: "nets",
  words: "nets",
  prior: "nets",
  jepa: "nets",
  decoder: "decoder",
};

/** Everything of a run that is not a tensor. Other kinds of network have phases of other names. */
export interface TrainingState<Name extends string = PhaseName> {
  readonly phase: Name;
  readonly clock: ClockState;
  /** Time spent on the run so far, all phases and sessions. */
  readonly elapsedSec: number;
  /** Steps taken in each phase. */
  readonly steps: Readonly<{ [Phase in Name]?: number }>;
  readonly emaUpdates: number;
  readonly lossRms: Readonly<Record<string, readonly [number, number]>>;
  /** Draws of levels, windows and masks in JavaScript. */
  readonly rng: RngState;
  /** Noise and masks drawn by libtorch, base64. */
  readonly generator: string;
  /** Position of the clip loader. */
  readonly loader: { readonly step: number; readonly drawn: readonly number[] } | null;
}

export interface Checkpoint<Name extends string = PhaseName> {
  readonly state: TrainingState<Name>;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly averages: ReadonlyMap<string, Tensor>;
  readonly optimizer: ReadonlyMap<string, Tensor>;
}

const PARTS = ["weights", "averages", "optimizer"] as const;

/** Writes a checkpoint under `folder` and drops the ones before it. */
export function writeCheckpoint<Name extends string>(folder: string, checkpoint: Checkpoint<Name>): void {
  const wanted = `${checkpoint.state.phase}-${checkpoint.state.clock.step}`;
  // A phase that is resumed at its end saves its last step again: the folder in use must not be touched until then.
  const name = pointedAt(folder) === wanted ? `${wanted}-again` : wanted;
  const final = join(folder, name);
  const partial = `${final}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  for (const part of PARTS) saveTensorFile(join(partial, `${part}.safetensors`), checkpoint[part]);
  writeJsonAtomic(join(partial, "state.json"), checkpoint.state);
  rmSync(final, { recursive: true, force: true });
  renameSync(partial, final);
  writeJsonAtomic(join(folder, "latest.json"), { checkpoint: name });
  for (const old of readdirSync(folder)) {
    if (old !== name && old !== "latest.json") rmSync(join(folder, old), { recursive: true, force: true });
  }
}

/** Name of the checkpoint in use, or null. */
function pointedAt(folder: string): string | null {
  const pointer = join(folder, "latest.json");
  if (!existsSync(pointer)) return null;
  return (JSON.parse(readFileSync(pointer, "utf8")) as { checkpoint: string }).checkpoint;
}

/**
 * The newest checkpoint under `folder`, or null where there is none.
 * @throws {DataError} if there is one that cannot be read
 */
export function readCheckpoint<Name extends string = PhaseName>(folder: string): Checkpoint<Name> | null {
  try {
    const checkpoint = pointedAt(folder);
    if (checkpoint === null) return null;
    const at = join(folder, checkpoint.replaceAll("/", ""));
    const state = JSON.parse(readFileSync(join(at, "state.json"), "utf8")) as TrainingState<Name>;
    const [weights, averages, optimizer] = PARTS.map((part) => loadTensors(join(at, `${part}.safetensors`)));
    return {
      state,
      weights: weights ?? new Map(),
      averages: averages ?? new Map(),
      optimizer: optimizer ?? new Map(),
    };
  } catch (cause) {
    throw new DataError(
      `readCheckpoint: the checkpoint under ${folder} cannot be read (${messageOf(cause)}). Delete that folder to begin again.`,
      { path: folder, cause },
    );
  }
}

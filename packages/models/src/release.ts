/**
 * A trained model on disk: `config.json`, `embodiment.json`, `lineage.json`, weights as safetensors. Nothing in it is
 * executable. A run folder is a release once its training has ended; before that its newest checkpoint stands in.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf, UsageError, type Embodiment } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { Generator, loadTensors, noGrad, saveTensors, scope, type Module, type Tensor } from "@orrery/torch";
import { isJepa, parseConfig, type AnyConfig } from "./config.ts";
import { JepaModel } from "./jepa/model.ts";
import { readCheckpoint, TRAINED_IN } from "./train/checkpoint.ts";
import { WorldModel, type StreamFacts } from "./world-model.ts";

/** Format of `config.json`; raised when an old reader would misunderstand it. */
const FORMAT = 1;

/** Where a model comes from. */
export interface Lineage {
  readonly datasets: readonly {
    readonly path: string;
    readonly episodes: readonly number[];
    readonly frames: number;
    /** SHA-256 over the dataset's metadata and the rows of the episodes used. */
    readonly sha256: string;
  }[];
  readonly seed: number;
  readonly codeVersion: string;
  readonly machine: string;
  readonly startedAt: string;
}

export function writeConfig(folder: string, config: AnyConfig, facts: StreamFacts): void {
  const { embodiment, ...stream } = facts;
  writeJsonAtomic(join(folder, "embodiment.json"), embodiment);
  writeJsonAtomic(join(folder, "config.json"), {
    format: FORMAT,
    kind: "world-model",
    model: config,
    stream,
  });
}

export function writeWeights(folder: string, model: Pick<Module, "stateDict">): void {
  saveTensors(folder, model.stateDict());
}

/** Whether a folder holds a run, finished or not. */
export function isRun(folder: string): boolean {
  return existsSync(join(folder, "config.json"));
}

/** Whether a run has ended and holds a release. */
export function isFinished(run: string): boolean {
  return existsSync(join(run, "model.safetensors")) || existsSync(join(run, "model.safetensors.index.json"));
}

/** Configuration and stream facts of a run. @throws {UsageError} if there is none; @throws {DataError} if it is damaged */
export function readConfig(folder: string): { config: AnyConfig; facts: StreamFacts } {
  const path = join(folder, "config.json");
  if (!existsSync(path)) {
    throw new UsageError(
      `loadModel: ${folder} must be a run folder with a config.json, there is none. Name what \`orrery train --out\` wrote.`,
    );
  }
  try {
    const saved = JSON.parse(readFileSync(path, "utf8")) as {
      format?: number;
      model?: unknown;
      stream?: Omit<StreamFacts, "embodiment">;
    };
    if (saved.format !== FORMAT || saved.stream === undefined) {
      throw new DataError(
        `format must be ${FORMAT}, got ${saved.format}. It was written by another version.`,
      );
    }
    const embodiment = JSON.parse(readFileSync(join(folder, "embodiment.json"), "utf8")) as Embodiment;
    return { config: parseConfig(path, saved.model), facts: { ...saved.stream, embodiment } };
  } catch (cause) {
    throw new DataError(
      `loadModel: the configuration of ${folder} cannot be used (${messageOf(cause)}). Restore the run from a copy, or train it again.`,
      { path, cause },
    );
  }
}

/** A trained model of either family; `openImagination` runs it. */
export type AnyModel = WorldModel | JepaModel;

/**
 * Loads a run of the generative family; see `openModel`.
 * @throws {UsageError} also if the run is of another family
 */
export function loadModel(folder: string, device = "cpu"): WorldModel {
  const model = openModel(folder, device);
  if (model instanceof WorldModel) return model;
  model.free();
  throw new UsageError(
    `loadModel: ${folder} must hold a generative model, it holds one of the joint-embedding family. Name a run of \`tiny\`, \`small\` or \`base\`.`,
  );
}

/**
 * Loads a run for use: its release, or the averaged weights of its newest checkpoint where training has not ended.
 * @throws {UsageError} if the folder is no run, or holds weights of another size
 */
export function openModel(folder: string, device = "cpu"): AnyModel {
  const { config, facts } = readConfig(folder);
  // The scopes free what weights are made from and the ones read: the model keeps its own.
  const model = scope(() =>
    isJepa(config)
      ? new JepaModel(config, facts, new Generator(0))
      : new WorldModel(config, facts, new Generator(0)),
  );
  model.setTrainable(false);
  try {
    scope(() => noGrad(() => model.loadStateDict(weightsOf(folder))));
  } catch (error) {
    model.free();
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`loadModel: ${folder} does not fit its own config.json. ${error.message}`, {
      cause: error,
    });
  }
  return device === "cpu" ? model : model.to({ device });
}

function weightsOf(folder: string): ReadonlyMap<string, Tensor> {
  if (isFinished(folder)) {
    return loadTensors(folder);
  }
  const checkpoint = readCheckpoint(join(folder, "training"));
  if (checkpoint === null) {
    throw new DataError(
      `loadModel: ${folder} holds neither weights nor a checkpoint. Train for longer, or name another run.`,
      { path: folder },
    );
  }
  const weights = new Map(checkpoint.weights);
  for (const [name, average] of checkpoint.averages)
    weights.set(`${TRAINED_IN[checkpoint.state.phase]}.${name}`, average);
  return weights;
}

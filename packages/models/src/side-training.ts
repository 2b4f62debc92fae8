/** Training of the models beside the world models: a run folder, clips of the sources, one phase, the weights at the end. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, type Clip } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { makeClipLoader, type ClipLoader } from "@orrery/data";
import { Generator, saveTensors, type Module } from "@orrery/torch";
import type { PhaseConfig } from "./config-parts.ts";
import { readSideConfig, writeSideConfig, type SideKind } from "./side-release.ts";
import { lineageOf, streamFacts, withCameras } from "./train/facts.ts";
import { fitClips, type FitProgress, type FitResult } from "./train/fit-clips.ts";
import type { TrainingSource } from "./train/latent-store.ts";
import type { LossFn } from "./train/phase.ts";
import { claimRunFolder, dropUntrained } from "./train/run-folder.ts";

export interface SideTrainOptions<Config> {
  readonly config: Config;
  readonly sources: readonly TrainingSource[];
  /** Run folder. */
  readonly out: string;
  readonly seed: number;
  readonly minutes?: number;
  readonly resume?: boolean;
  readonly cameras?: readonly string[];
  readonly onProgress?: (progress: FitProgress) => void;
  /** One line on each choice made for the user, and on what went wrong. */
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
}

/** What these configurations share. */
interface SideConfig {
  readonly height: number;
  readonly width: number;
  readonly training: PhaseConfig;
}

/** What a kind of model brings to its training. */
export interface SideWork<Config extends SideConfig, Model extends Module> {
  /** Name of the phase in log and checkpoints. */
  readonly phase: string;
  readonly kind: SideKind<Config, Model>;
  readonly clipFrames: (config: Config) => number;
  /** The part of the sources that clips come from; all where left out. */
  readonly training?: (config: Config) => readonly TrainingSource[];
  /** Before the first step, of a new run and of a resumed one. */
  readonly prepare?: (model: Model, loader: ClipLoader) => void;
  readonly lossesOf: (model: Model, clip: Clip, generator: Generator) => LossFn;
  /** More numbers for the log. */
  readonly watch?: (model: Model, clip: Clip, step: number) => Readonly<Record<string, number>>;
  /** After the last step, before the weights are written. */
  readonly settle?: (model: Model) => Promise<void>;
}

export interface SideResult extends FitResult {
  readonly parameters: number;
  /** Episodes, or kept spans of them, that clips came from. */
  readonly episodes: number;
}

/** @throws {UsageError} if the folder holds a run already and `resume` is not set, or the other way round */
export async function trainSideModel<Config extends SideConfig, Model extends Module>(
  options: SideTrainOptions<Config>,
  work: SideWork<Config, Model>,
): Promise<SideResult> {
  const { out, seed, sources, cameras, resume = false } = options;
  claimRunFolder(out, resume);
  const saved = resume ? readSideConfig(out, work.kind) : null;
  const config = saved?.config ?? options.config;
  const facts = saved?.facts ?? streamFacts(sources, cameras);
  const loader = await makeClipLoader({
    sources: withCameras(work.training?.(config) ?? sources, facts, cameras),
    batch: config.training.batch,
    window: work.clipFrames(config),
    size: { width: config.width, height: config.height },
    seed,
  });
  const model = work.kind.make(config, facts, new Generator(seed));
  try {
    work.prepare?.(model, loader);
    if (!resume) {
      mkdirSync(out, { recursive: true });
      writeJsonAtomic(join(out, "lineage.json"), lineageOf(sources, loader.episodes, seed));
      writeSideConfig(out, work.kind.kind, config, facts);
    }
    const generator = new Generator(seed);
    const { minutes, onNote, onProgress, signal } = options;
    const fit = await fitClips({
      name: work.phase,
      module: model,
      training: config.training,
      loader,
      generator,
      out,
      seed,
      resume,
      lossesOf: (clip) => work.lossesOf(model, clip, generator),
      watch: (clip, step) => work.watch?.(model, clip, step) ?? {},
      ...(minutes === undefined ? {} : { minutes }),
      ...(onNote === undefined ? {} : { onNote }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    });
    model.setTrainable(false);
    await work.settle?.(model);
    saveTensors(out, model.stateDict());
    return { ...fit, parameters: model.numParameters(), episodes: loader.episodes.length };
  } catch (error) {
    if (!resume && !(error instanceof AbortedError)) dropUntrained(out);
    throw error;
  } finally {
    await loader.close();
    model.free();
  }
}

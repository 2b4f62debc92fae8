/** Trains a latent action model on pictures, of recordings with and without actions alike, and watches it for collapse. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AbortedError } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { makeClipLoader } from "@orrery/data";
import { fromTyped, Generator, noGrad, scope } from "@orrery/torch";
import { lineageOf, streamFacts, withCameras } from "../train/facts.ts";
import { fitClips, type FitProgress } from "../train/fit-clips.ts";
import type { TrainingSource } from "../train/latent-store.ts";
import { claimRunFolder, dropUntrained } from "../train/run-folder.ts";
import type { LatentActionConfig } from "./config.ts";
import { LatentActionModel } from "./latent-action-model.ts";
import { readLatentActionConfig, writeLatentActionConfig, writeLatentActionWeights } from "./release.ts";
import { collapseWarning, measureLatents, type Spread } from "./watch.ts";

export interface TrainLatentActionsOptions {
  readonly config: LatentActionConfig;
  /** Their actions are never looked at. */
  readonly sources: readonly TrainingSource[];
  /** Run folder. */
  readonly out: string;
  readonly seed: number;
  readonly minutes?: number;
  readonly resume?: boolean;
  readonly cameras?: readonly string[];
  readonly onProgress?: (progress: FitProgress) => void;
  /** One line on each choice made for the user, and on a collapse. */
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
}

export interface TrainLatentActionsResult {
  readonly run: string;
  readonly steps: number;
  readonly losses: Readonly<Record<string, number>>;
  /** Of the last batch that was looked at; null in a run too short for a look. */
  readonly spread: Spread | null;
  readonly hasCollapsed: boolean;
  readonly parameters: number;
  readonly framesPerSecond: number;
  readonly seconds: number;
}

/** Share of the configured steps after which a collapse is looked for. */
const SETTLED_SHARE = 0.3;

/** @throws {UsageError} if the folder holds a run already and `resume` is not set, or the other way round */
export async function trainLatentActions(
  options: TrainLatentActionsOptions,
): Promise<TrainLatentActionsResult> {
  const { out, seed, sources, resume = false, onNote, minutes, signal, onProgress } = options;
  claimRunFolder(out, resume);
  const saved = resume ? readLatentActionConfig(out) : null;
  const config = saved?.config ?? options.config;
  const facts = saved?.facts ?? streamFacts(sources, options.cameras);
  const loader = await makeClipLoader({
    sources: withCameras(sources, facts, options.cameras),
    batch: config.training.batch,
    window: config.pastFrames + 2,
    size: { width: config.width, height: config.height },
    seed,
  });
  const model = new LatentActionModel(config, facts, new Generator(seed));
  try {
    if (!resume) {
      mkdirSync(out, { recursive: true });
      writeJsonAtomic(join(out, "lineage.json"), lineageOf(sources, loader.episodes, seed));
      writeLatentActionConfig(out, config, facts);
    }
    const generator = new Generator(seed);
    const { B, T, V, H, W } = loader.shape;
    const shape = [B, T, V, H, W, 3];
    let spread: Spread | null = null;
    let warning: string | null = null;
    const settledSteps = config.training.steps * SETTLED_SHARE;
    const fit = await fitClips({
      name: "latent-actions",
      module: model,
      training: config.training,
      loader,
      generator,
      out,
      seed,
      resume,
      lossesOf: (clip) => () => {
        const { pixels, told, total } = model.loss(fromTyped(clip.frames, shape), generator);
        return {
          total: { value: total, weight: 1 },
          pixels: { value: pixels, weight: 0 },
          told: { value: told, weight: 0 },
        };
      },
      watch: (clip, step) => {
        spread = noGrad(() => scope(() => measureLatents(model.encode(fromTyped(clip.frames, shape)))));
        const found = collapseWarning(spread, step, settledSteps);
        if (found !== null && warning === null) onNote?.(found);
        warning = found;
        const { activeNumbers, rank, variance } = spread;
        return { latentActive: activeNumbers, latentRank: rank, latentVariance: variance };
      },
      ...(minutes === undefined ? {} : { minutes }),
      ...(onNote === undefined ? {} : { onNote }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    });
    writeLatentActionWeights(out, model);
    return {
      run: out,
      steps: fit.steps,
      losses: fit.losses,
      spread,
      hasCollapsed: warning !== null,
      parameters: model.numParameters(),
      framesPerSecond: fit.framesPerSec,
      seconds: fit.seconds,
    };
  } catch (error) {
    if (!resume && !(error instanceof AbortedError)) dropUntrained(out);
    throw error;
  } finally {
    await loader.close();
    model.free();
  }
}

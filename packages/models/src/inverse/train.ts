/** Trains an inverse dynamics model on recordings with actions, and finds out how far its spread can be trusted. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, DataError, type Clip } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { makeClipLoader, vectorStats } from "@orrery/data";
import { fromTyped, Generator, noGrad } from "@orrery/torch";
import { lineageOf, streamFacts, withCameras } from "../train/facts.ts";
import { fitClips, type FitProgress } from "../train/fit-clips.ts";
import type { TrainingSource } from "../train/latent-store.ts";
import { claimRunFolder, dropUntrained } from "../train/run-folder.ts";
import { calibrate } from "./calibrate.ts";
import type { InverseConfig } from "./config.ts";
import { clipFrames, InverseDynamics } from "./inverse-dynamics.ts";
import { readInverseConfig, writeInverseConfig, writeInverseWeights } from "./release.ts";

export interface TrainInverseOptions {
  readonly config: InverseConfig;
  /** Episodes without actions are left out. */
  readonly sources: readonly TrainingSource[];
  /** Run folder. */
  readonly out: string;
  readonly seed: number;
  readonly minutes?: number;
  readonly resume?: boolean;
  readonly cameras?: readonly string[];
  readonly onProgress?: (progress: FitProgress) => void;
  /** One line on each choice made for the user. */
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
}

export interface TrainInverseResult {
  readonly run: string;
  readonly steps: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly parameters: number;
  /** Episodes trained on, and those that the spread was calibrated on. */
  readonly episodes: number;
  readonly calibrationEpisodes: number;
  readonly seconds: number;
}

/**
 * @throws {UsageError} if the folder holds a run already and `resume` is not set, or the other way round
 * @throws {DataError} if no episode has actions
 */
export async function trainInverseDynamics(options: TrainInverseOptions): Promise<TrainInverseResult> {
  const { out, seed, resume = false, onNote, minutes } = options;
  claimRunFolder(out, resume);
  const saved = resume ? readInverseConfig(out) : null;
  const config = saved?.config ?? options.config;
  const acted = await withActions(options.sources);
  const { training, held } = split(acted, config.calibrationShare);
  const facts = saved?.facts ?? streamFacts(acted, options.cameras);
  const loader = await makeClipLoader({
    sources: withCameras(training, facts, options.cameras),
    batch: config.training.batch,
    window: clipFrames(config),
    size: { width: config.width, height: config.height },
    seed,
  });
  const model = new InverseDynamics(config, facts, new Generator(seed));
  try {
    const stats = vectorStats(loader.episodes, "action");
    if (stats !== null) noGrad(() => model.actionScale.set(stats));
    if (!resume) {
      mkdirSync(out, { recursive: true });
      writeJsonAtomic(join(out, "lineage.json"), lineageOf(acted, loader.episodes, seed));
      writeInverseConfig(out, config, facts);
    }
    const generator = new Generator(seed);
    const { signal, onProgress } = options;
    const { steps, losses, seconds } = await fitClips({
      name: "inverse",
      module: model,
      training: config.training,
      loader,
      generator,
      out,
      seed,
      resume,
      lossesOf: (clip) => () => {
        const { nll, error } = model.loss(framesOf(clip), actionOf(clip, config.pastFrames), generator);
        return { nll: { value: nll, weight: 1 }, error: { value: error, weight: 0 } };
      },
      ...(minutes === undefined ? {} : { minutes }),
      ...(onNote === undefined ? {} : { onNote }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    });
    model.setTrainable(false);
    const calibrationEpisodes = await calibrate(model, held);
    if (calibrationEpisodes === 0)
      onNote?.(
        "too few episodes to keep some for calibration: the spread is what the training set says, and too small",
      );
    writeInverseWeights(out, model);
    const parameters = model.numParameters();
    return {
      run: out,
      steps,
      losses,
      parameters,
      episodes: loader.episodes.length,
      calibrationEpisodes,
      seconds,
    };
  } catch (error) {
    if (!resume && !(error instanceof AbortedError)) dropUntrained(out);
    throw error;
  } finally {
    await loader.close();
    model.free();
  }
}

/** The sources with their episodes that record actions. @throws {DataError} if there are none */
async function withActions(sources: readonly TrainingSource[]): Promise<TrainingSource[]> {
  const acted: TrainingSource[] = [];
  for (const source of sources) {
    const wanted = source.episodes ?? source.dataset.episodes.map(({ index }) => index);
    const episodes: number[] = [];
    for (const index of wanted) {
      const info = source.dataset.episodes.find((episode) => episode.index === index);
      if (info?.readable !== true) continue;
      const { action, actionMask } = await source.dataset.readEpisode(index);
      if (action !== null && actionMask.includes(1)) episodes.push(index);
    }
    if (episodes.length > 0) acted.push({ ...source, episodes });
  }
  if (acted.length > 0) return acted;
  const roots = sources.map(({ dataset }) => dataset.files.root).join(", ");
  throw new DataError(
    `trainInverseDynamics: at least one episode must have actions, none of ${roots} has. Inverse dynamics learns from recordings with actions and then labels those without.`,
  );
}

/** Every n-th episode is kept for calibration, counted over all sources; none where there are fewer than four. */
function split(
  sources: readonly TrainingSource[],
  share: number,
): { training: TrainingSource[]; held: TrainingSource[] } {
  const total = sources.reduce((sum, { episodes }) => sum + (episodes?.length ?? 0), 0);
  const every = share === 0 || total < 4 ? Infinity : Math.min(total, Math.max(2, Math.round(1 / share)));
  const [training, held]: [TrainingSource[], TrainingSource[]] = [[], []];
  let count = 0;
  for (const source of sources) {
    const parts: [number[], number[]] = [[], []];
    for (const episode of source.episodes ?? []) parts[++count % every === 0 ? 1 : 0].push(episode);
    if (parts[0].length > 0) training.push({ ...source, episodes: parts[0] });
    if (parts[1].length > 0) held.push({ ...source, episodes: parts[1] });
  }
  return { training, held };
}

/** [B, T, V, H, W, 3] */
function framesOf({ B, T, V, H, W, frames }: Clip): ReturnType<typeof fromTyped> {
  return fromTyped(frames, [B, T, V, H, W, 3]);
}

/** Action of row `t`, [B, A]. */
function actionOf({ B, T, A, action }: Clip, t: number): ReturnType<typeof fromTyped> {
  return fromTyped(action, [B, T, A]).select(1, t);
}

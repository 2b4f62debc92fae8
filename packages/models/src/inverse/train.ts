/** Trains an inverse dynamics model on recordings with actions, and finds out how far its spread can be trusted. */
import { DataError, type Clip } from "@orrery/core";
import { vectorStats } from "@orrery/data";
import { fromTyped, noGrad } from "@orrery/torch";
import { trainSideModel, type SideTrainOptions } from "../side-training.ts";
import type { TrainingSource } from "../train/latent-store.ts";
import { calibrate } from "./calibrate.ts";
import type { InverseConfig } from "./config.ts";
import { clipFrames } from "./inverse-dynamics.ts";
import { INVERSE_KIND } from "./release.ts";

/** Episodes of the sources without actions are left out. */
export type TrainInverseOptions = SideTrainOptions<InverseConfig>;

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
  const sources = await withActions(options.sources);
  let calibrationEpisodes = 0;
  const result = await trainSideModel(
    { ...options, sources },
    {
      phase: "inverse",
      kind: INVERSE_KIND,
      clipFrames,
      training: ({ calibrationShare }) => split(sources, calibrationShare).training,
      prepare: (model, loader) => {
        const stats = vectorStats(loader.episodes, "action");
        if (stats !== null) noGrad(() => model.actionScale.set(stats));
      },
      lossesOf: (model, clip, generator) => () => {
        const { pastFrames } = model.config;
        const { nll, error } = model.loss(framesOf(clip), actionOf(clip, pastFrames), generator);
        return { nll: { value: nll, weight: 1 }, error: { value: error, weight: 0 } };
      },
      settle: async (model) => {
        calibrationEpisodes = await calibrate(model, split(sources, model.config.calibrationShare).held);
        if (calibrationEpisodes === 0)
          options.onNote?.(
            "too few episodes to keep some for calibration: the spread is what the training set says, and too small",
          );
      },
    },
  );
  const { steps, losses, parameters, episodes, seconds } = result;
  return { run: options.out, steps, losses, parameters, episodes, calibrationEpisodes, seconds };
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

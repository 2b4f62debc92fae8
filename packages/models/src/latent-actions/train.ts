/** Trains a latent action model on pictures, of recordings with and without actions alike, and watches it for collapse. */
import type { Clip } from "@orrery/core";
import { fromTyped, noGrad, scope, type Tensor } from "@orrery/torch";
import { trainSideModel, type SideTrainOptions } from "../side-training.ts";
import type { LatentActionConfig } from "./config.ts";
import { LATENT_ACTION_KIND } from "./release.ts";
import { collapseWarning, measureLatents, type Spread } from "./watch.ts";

/** The actions of the sources are never looked at. A note says when the model collapses. */
export type TrainLatentActionsOptions = SideTrainOptions<LatentActionConfig>;

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
  let spread: Spread | null = null;
  let warning: string | null = null;
  const { steps, losses, parameters, framesPerSec, seconds } = await trainSideModel(options, {
    phase: "latent-actions",
    kind: LATENT_ACTION_KIND,
    clipFrames: ({ pastFrames }) => pastFrames + 2,
    lossesOf: (model, clip, generator) => () => {
      const { pixels, told, total } = model.loss(framesOf(clip), generator);
      return {
        total: { value: total, weight: 1 },
        pixels: { value: pixels, weight: 0 },
        told: { value: told, weight: 0 },
      };
    },
    watch: (model, clip, step) => {
      const seen = noGrad(() => scope(() => measureLatents(model.encode(framesOf(clip)))));
      const found = collapseWarning(seen, step, model.config.training.steps * SETTLED_SHARE);
      if (found !== null && warning === null) options.onNote?.(found);
      [spread, warning] = [seen, found];
      const { activeNumbers, rank, variance } = seen;
      return { latentActive: activeNumbers, latentRank: rank, latentVariance: variance };
    },
  });
  return {
    run: options.out,
    steps,
    losses,
    spread,
    hasCollapsed: warning !== null,
    parameters,
    framesPerSecond: framesPerSec,
    seconds,
  };
}

/** [B, T, V, H, W, 3] */
function framesOf({ B, T, V, H, W, frames }: Clip): Tensor {
  return fromTyped(frames, [B, T, V, H, W, 3]);
}

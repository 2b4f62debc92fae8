/**
 * Inverse dynamics: from a few frames around it, the action that was taken, and how sure that is.
 *
 * An easier question than the forward one, since the effect is seen; so a model of few labelled episodes can label
 * many hours of video of the same body (VPT, Baker et al. 2022, arXiv:2206.11795). Departures: one small network with a
 * Gaussian per number instead of classes, trained by a negative log likelihood weighted with the spread itself (beta =
 * 0.5 of Seitzer et al. 2022, arXiv:2203.09168), without which rows that fit badly at first stop being learnt.
 * The spread is then scaled on episodes that were not trained on, as a network is too sure of what it has seen.
 *
 * Shapes: B batch, T frames (past, current, future), V cameras, H W pixels, A action width.
 */
import {
  buffer,
  dropout,
  Linear,
  Module,
  ones,
  rand,
  zeros,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import { Normalizer } from "../nets/normalizer.ts";
import type { StreamFacts } from "../world-model.ts";
import type { InverseConfig } from "./config.ts";
import { MotionEncoder } from "./motion-encoder.ts";

/** What a row's action is believed to be, per number. */
export interface ActionBelief {
  readonly mean: Tensor; // [B, A]
  readonly std: Tensor; // [B, A]
}

/** Limits of the logarithm of the normalised spread; the lower one keeps a single easy row from taking over. */
const LOG_STD_RANGE = [-4, 2] as const;

export class InverseDynamics extends Module {
  readonly config: InverseConfig;
  readonly facts: StreamFacts;
  readonly encoder: MotionEncoder;
  readonly head: Linear;
  readonly actionScale: Normalizer;
  /** What the spread is multiplied by, found on episodes that were not trained on: [A]. */
  readonly calibration: Tensor;
  /**
   * What the confidence in each number is multiplied by, found there too: what the pictures explained of it over what
   * the spread claimed that they explain; [A].
   */
  readonly reliability: Tensor;
  /**
   * Rows on either side that the mean of each number is averaged with, found there as well: most bodies move on as they
   * moved, and what a single row's pictures say is noisy; int64 [A].
   */
  readonly smoothing: Tensor;

  constructor(config: InverseConfig, facts: StreamFacts, generator: Generator) {
    super();
    this.config = config;
    this.facts = facts;
    const { height, width, features, hidden, pastFrames } = config;
    const frames = clipFrames(config);
    const cameras = facts.cameras.length;
    this.encoder = new MotionEncoder(
      { height, width, cameras, frames, current: pastFrames, features, numOutputs: hidden },
      generator,
    );
    this.head = new Linear(hidden, 2 * facts.actionWidth, generator, { std: 0 });
    this.actionScale = new Normalizer(facts.actionWidth);
    this.calibration = buffer(ones([facts.actionWidth]));
    this.reliability = buffer(ones([facts.actionWidth]));
    this.smoothing = buffer(zeros([facts.actionWidth], { dtype: "int64" }));
  }

  /** frames uint8 [B, T, V, H, W, 3] to what the action of the current frame is, in the data's own units. */
  infer(frames: Tensor): ActionBelief {
    const { mean, logStd } = this.#predict(toSigned(frames));
    return {
      mean: this.actionScale.denormalize(mean),
      std: logStd.exp().mul(this.calibration).mul(this.actionScale.std),
    };
  }

  /** Weighted negative log likelihood of actions [B, A], and their squared error in deviations; see the file's head. */
  loss(frames: Tensor, action: Tensor, generator: Generator): { nll: Tensor; error: Tensor } {
    const pixels = jitterColours(toSigned(frames), this.config.colourJitter, generator);
    const { mean, logStd } = this.#predict(pixels, generator);
    const error = mean.sub(this.actionScale.normalize(action)).square();
    const likelihood = error.div(logStd.mul(2).exp()).div(2).add(logStd);
    return { nll: likelihood.mul(logStd.detach().exp()).mean(), error: error.mean() };
  }

  #predict(pixels: Tensor, generator?: Generator): { mean: Tensor; logStd: Tensor } {
    const { actionWidth: A } = this.facts;
    const h = this.encoder.forward(pixels).gelu();
    const rate = this.config.dropout;
    const out = this.head.forward(generator === undefined ? h : dropout(h, rate, true, generator));
    return { mean: out.narrow(1, 0, A), logStd: out.narrow(1, A, A).clamp(...LOG_STD_RANGE) };
  }
}

/** Frames that one inference looks at. */
export function clipFrames({ pastFrames, futureFrames }: InverseConfig): number {
  return pastFrames + 1 + futureFrames;
}

/** Pixels 0..255 to [-1, 1]. */
export function toSigned(frames: Tensor): Tensor {
  return frames
    .float()
    .mul(2 / 255)
    .sub(1);
}

/** Gain per clip and shift per clip and colour, the same for all frames: light tells nothing of the action. */
export function jitterColours(pixels: Tensor, share: number, generator: Generator): Tensor {
  if (share === 0) return pixels;
  const B = pixels.size(0);
  const options = { generator, device: pixels.device };
  const gain = rand([B, 1, 1, 1, 1, 1], options).mul(2).sub(1).mul(share).add(1);
  const shift = rand([B, 1, 1, 1, 1, 3], options).mul(2).sub(1).mul(share);
  return pixels.mul(gain).add(shift);
}

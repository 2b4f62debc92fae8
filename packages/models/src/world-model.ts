/**
 * The generative world model: tokenizer, dynamics and the scales of its data. `dreamer.ts` runs it.
 *
 * Shapes: B batch, T time, V cameras, H W pixels, M latent tokens per camera, N = V M, C channels, A action width,
 * P state width.
 */
import { type Clip, type Embodiment } from "@orrery/core";
import { buffer, cat, fromTyped, Generator, Module, ones, zerosLike, type Tensor } from "@orrery/torch";
import { tokensPerImage, type ModelConfig } from "./config.ts";
import { Dynamics, type Condition } from "./nets/dynamics.ts";
import { Normalizer, STATE_LIMIT } from "./nets/normalizer.ts";
import type { StackCache } from "./nets/stack.ts";
import { Tokenizer } from "./nets/tokenizer.ts";

/** What a model was made for; saved with it, and checked against whatever it is run on. */
export interface StreamFacts {
  readonly cameras: readonly string[];
  readonly actionWidth: number; // A
  readonly stateWidth: number; // P
  /** Width of the actions that were inferred from pictures and have an input of their own; none where left out. */
  readonly hintWidth?: number;
  readonly controlRateHz: number;
  readonly embodiment: Embodiment;
  /** Words of the training set's task texts, for models that read tasks. */
  readonly vocabulary?: readonly string[];
}

/** Part of `Clip` that a context needs. */
export type Context = Pick<
  Clip,
  "B" | "T" | "V" | "H" | "W" | "A" | "P" | "frames" | "action" | "actionMask" | "state" | "stateMask"
>;

export class WorldModel extends Module {
  readonly config: ModelConfig;
  readonly facts: StreamFacts;
  readonly tokenizer: Tokenizer;
  readonly dynamics: Dynamics;
  readonly actionScale: Normalizer;
  readonly stateScale: Normalizer;
  /** Of the change of the normalised state over one step. */
  readonly deltaScale: Normalizer;
  readonly rewardScale: Normalizer;
  /** Factor from the tokenizer's latents to those of the dynamics; scalar. */
  readonly latentGain: Tensor;

  constructor(config: ModelConfig, facts: StreamFacts, generator: Generator) {
    super();
    this.config = config;
    this.facts = facts;
    const { longClipFrames } = config.training.dynamics;
    const maxFrames = Math.max(longClipFrames, config.dynamics.contextFrames);
    this.tokenizer = new Tokenizer(config.tokenizer, maxFrames, generator);
    const shape = {
      numTokens: tokensPerImage(config.tokenizer) * facts.cameras.length,
      channels: config.tokenizer.channels,
      actionWidth: facts.actionWidth,
      stateWidth: facts.stateWidth,
      hintWidth: facts.hintWidth ?? 0,
    };
    this.dynamics = new Dynamics(config.dynamics, shape, maxFrames, generator);
    this.actionScale = new Normalizer(facts.actionWidth);
    this.stateScale = new Normalizer(facts.stateWidth, STATE_LIMIT);
    this.deltaScale = new Normalizer(facts.stateWidth, STATE_LIMIT);
    this.rewardScale = new Normalizer(1);
    this.latentGain = buffer(ones([]));
  }

  get device(): string {
    return this.latentGain.device;
  }

  /** Whether it was ever shown a state in training; one that was not goes by pictures alone. */
  get feels(): boolean {
    return this.stateScale.isSet;
  }

  /** Pictures that the model takes. */
  get size(): { readonly height: number; readonly width: number } {
    const { height, width } = this.config.tokenizer;
    return { height, width };
  }

  /** Frames [B, T, V, H, W, 3] to latents of the dynamics, [B, T, N, C]. */
  encodeFrames(frames: Tensor, cache?: StackCache): Tensor {
    const [B = 0, T = 0, V = 0, H = 0, W = 0] = frames.shape;
    const images = frames.transpose(1, 2).reshape([B * V, T, H, W, 3]);
    const latents = this.tokenizer.encodeImages(images, cache); // [B V, T, M, C]
    const [, , M = 0, C = 0] = latents.shape;
    return latents
      .view([B, V, T, M, C])
      .transpose(1, 2)
      .reshape([B, T, V * M, C])
      .mul(this.latentGain);
  }

  /**
   * Latents of the dynamics [B, T, N, C] to frames uint8 [B, T, V, H, W, 3].
   * @param before frames just before the first, uint8 [B, V, H, W, 3]; nothing is known of them where left out
   */
  decodeLatents(latents: Tensor, before?: Tensor, cache?: StackCache): Tensor {
    const V = this.facts.cameras.length;
    const { height, width } = this.config.tokenizer;
    const [B = 0, T = 0, N = 0, C = 0] = latents.shape;
    const perCamera = latents
      .div(this.latentGain)
      .view([B, T, V, N / V, C])
      .transpose(1, 2)
      .reshape([B * V, T, N / V, C]);
    return this.tokenizer
      .decodeImages(perCamera, before?.flatten(0, 1), cache)
      .view([B, V, T, height, width, 3])
      .transpose(1, 2);
  }

  /** What the dynamics is told beside the latents: row t of the input leads to frame t + 1, so all is shifted by one. */
  conditionOf(clip: Context): Condition {
    const { B, T, A, P } = clip;
    const { device } = this;
    const shift = (x: Tensor): Tensor => (T === 1 ? x.mul(0) : zerosThen(x, T));
    const action = this.actionScale.normalize(fromTyped(clip.action, [B, T, A], { device }));
    const hasAction = fromTyped(clip.actionMask, [B, T, 1], { device }).float();
    const state = this.stateScale.normalize(fromTyped(clip.state, [B, T, P], { device }));
    const hasState = fromTyped(clip.stateMask, [B, T, 1], { device }).float();
    return {
      action: shift(action.mul(hasAction)),
      hasAction: shift(hasAction).bool(),
      state: shift(state.mul(hasState)),
      hasState: shift(hasState).bool(),
    };
  }
}

/** Moves [B, T, X] one step later; zeros come first. */
function zerosThen(x: Tensor, T: number): Tensor {
  return cat([zerosLike(x.narrow(1, 0, 1)), x.narrow(1, 0, T - 1)], 1);
}

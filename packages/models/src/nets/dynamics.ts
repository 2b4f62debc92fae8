/**
 * Dynamics: from the past of a stream and the action taken, the next frame's latents, proprioception, reward, success.
 *
 * Source: Dreamer 4, Hafner et al. 2025, sections 3.2 and 3.3: a block-causal space-time transformer that is given each
 * frame's latents at a signal level tau (0 noise, 1 clean) and a step size d = 2^-k and predicts the clean latents.
 * Departures:
 * - Level, step size, action and proprioception are added to every token of their frame, beside one token of their
 *   own, so that spatial tokens need not attend to them.
 * - Beside its noisy latents a frame's input holds the frame before and what a Kalman filter would make of the two
 *   (`linearGuess`). Motion is then a local matter, and copying what stands still is one linear map away. Adding the
 *   guess to the output as well, as EDM's skip connection would, learnt more slowly (docs/experiments.md).
 * - The first layers' input and the heads see the action that leads *to* the frame (row t - 1), as rows are aligned.
 *
 * Shapes: B batch, T time, V cameras, N latent tokens of all cameras, C channels, A action width, P state width,
 * H hint width, W model width, S = N + 1 + registers tokens per frame.
 */
import {
  buffer,
  cat,
  Embedding,
  full,
  fullLike,
  Linear,
  Module,
  parameter,
  truncatedNormal,
  where,
  zeros,
  zerosLike,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import type { DynamicsConfig } from "../config.ts";
import { SpaceTimeStack, type StackCache } from "./stack.ts";

/** What the data bring: widths that no configuration can know. */
export interface StreamShape {
  readonly numTokens: number; // N
  readonly channels: number; // C
  readonly actionWidth: number; // A, 0 = none in the data
  readonly stateWidth: number; // P, 0 = none in the data
  /** H: width of what pictures say of actions that nobody recorded; nothing where left out. */
  readonly hintWidth?: number;
}

/** T frames of a stream, at some signal level each. */
export interface DynamicsInput {
  /** [B, T, N, C], mixed with noise according to `level`. */
  readonly latents: Tensor;
  /** Latents [B, 1, N, C] of the frame before the first one, or [B, T, N, C] of that before each; zeros where left out. */
  readonly before?: Tensor;
  /** Their level, int64 [B, 1] or [B, T]; clean where left out. */
  readonly levelBefore?: Tensor;
  /** int64 [B, T]: tau times maxSteps, from 0 (noise) to maxSteps (clean). */
  readonly level: Tensor;
  /** int64 [B, T]: k of the step size 2^-k. */
  readonly stepLog: Tensor;
  /** [B, T, A]: normalised action that leads to each frame. */
  readonly action: Tensor;
  /** bool [B, T, 1]: whether that action is known. */
  readonly hasAction: Tensor;
  /** [B, T, H]: what pictures say of an action that is not known; they say nothing where left out. */
  readonly hint?: Tensor;
  /** bool [B, T, 1]: whether they say anything. */
  readonly hasHint?: Tensor;
  /** [B, T, P]: normalised state before that action. */
  readonly state: Tensor;
  /** bool [B, T, 1] */
  readonly hasState: Tensor;
}

/** What the dynamics is told beside the frames themselves: actions, states, and the frame before the first. */
export type Condition = Omit<DynamicsInput, "latents" | "level" | "stepLog">;

export interface DynamicsOutput {
  /** Clean latents as predicted, [B, T, N, C]. */
  readonly latents: Tensor;
  /** Change of the normalised state, in units of `stateDeltaStd`: [B, T, P]. */
  readonly stateDelta: Tensor;
  /** [B, T] */
  readonly reward: Tensor;
  /** Logit that the action ended the task in success, [B, T]. */
  readonly successLogit: Tensor;
}

export class Dynamics extends Module {
  readonly config: DynamicsConfig;
  readonly shape: StreamShape;
  readonly latentsIn: Linear;
  readonly position: Tensor; // [N, W]
  readonly register: Tensor; // [registers + 1, W]; the first one carries the heads
  readonly levelEmbedding: Embedding;
  readonly stepEmbedding: Embedding;
  readonly actionIn: Linear | null;
  readonly noAction: Tensor; // [W]
  /**
   * Hints are read from pictures of what came after, recorded actions are given before it. They have an input of their
   * own, since a network that takes one for the other learns how far a guess is to be trusted, and not what actions do.
   */
  readonly hintIn: Linear | null;
  readonly stateIn: Linear | null;
  readonly noState: Tensor; // [W]
  readonly stack: SpaceTimeStack;
  readonly latentsOut: Linear;
  readonly stateOut: Linear | null;
  readonly outcomeOut: Linear; // reward, success
  /** Deviation of the change of the latents from one frame to the next; measured once they are encoded. Scalar. */
  readonly changeStd: Tensor;

  constructor(config: DynamicsConfig, shape: StreamShape, maxFrames: number, generator: Generator) {
    super();
    this.config = config;
    this.shape = shape;
    const { width } = config.stack;
    const { numTokens, channels, actionWidth, stateWidth, hintWidth = 0 } = shape;
    const token = (rows: number): Tensor => parameter(truncatedNormal([rows, width], 0.02, generator));
    const blank = (): Tensor => parameter(zeros([width]));
    this.latentsIn = new Linear(3 * channels, width, generator);
    this.position = token(numTokens);
    this.register = token(config.registers + 1);
    this.levelEmbedding = new Embedding(config.maxSteps + 1, width, generator);
    this.stepEmbedding = new Embedding(Math.log2(config.maxSteps) + 1, width, generator);
    this.actionIn = actionWidth === 0 ? null : new Linear(actionWidth, width, generator);
    this.noAction = blank();
    this.stateIn = stateWidth === 0 ? null : new Linear(stateWidth, width, generator);
    this.noState = blank();
    this.hintIn = hintWidth === 0 ? null : new Linear(hintWidth, width, generator);
    this.stack = new SpaceTimeStack(config.stack, Math.max(maxFrames, config.contextFrames), generator);
    this.latentsOut = new Linear(width, channels, generator, { std: 0 });
    this.stateOut = stateWidth === 0 ? null : new Linear(width, stateWidth, generator, { std: 0 });
    this.outcomeOut = new Linear(width, 2, generator, { std: 0 });
    this.changeStd = buffer(full([], config.latentStd));
  }

  forward(input: DynamicsInput, cache?: StackCache): DynamicsOutput {
    return this.#read(this.stack.forward(this.#tokens(input), cache));
  }

  /**
   * Each frame of a clip as it looks when dreaming, all at once: its own noisy latents after the history before it.
   * The latents that come back are the noisy frames', the heads' outputs the history's, since they are asked for once
   * a frame is settled.
   * @param history the same frames, clean or nearly so, with the level of each
   */
  forwardAfter(history: Pick<DynamicsInput, "latents" | "level">, input: DynamicsInput): DynamicsOutput {
    const T = input.latents.size(1);
    const twice = (x: Tensor): Tensor => cat([x, x], 1);
    const finest = fullLike(history.level, Math.log2(this.config.maxSteps));
    const tokens = this.#tokens({
      latents: cat([history.latents, input.latents], 1),
      before: twice(delayed(history.latents)),
      level: cat([history.level, input.level], 1),
      levelBefore: twice(delayed(history.level)), // before the first frame nothing is known: level 0
      stepLog: cat([finest, input.stepLog], 1),
      action: twice(input.action),
      hasAction: twice(input.hasAction),
      ...mapHint(input, twice),
      state: twice(input.state),
      hasState: twice(input.hasState),
    });
    const output = this.#read(this.stack.forwardBeside(tokens));
    const settled = (x: Tensor): Tensor => x.narrow(1, 0, T);
    return {
      latents: output.latents.narrow(1, T, T),
      stateDelta: settled(output.stateDelta),
      reward: settled(output.reward),
      successLogit: settled(output.successLogit),
    };
  }

  /** Everything that is known of the frames as tokens, [B, T, S, W]. */
  #tokens(input: DynamicsInput): Tensor {
    const [B = 0, T = 0] = input.latents.shape;
    const condition = this.#condition(input).unsqueeze(2); // [B, T, 1, W]
    const { prior, guess } = this.#linearGuess(input);
    const local = this.latentsIn.forward(cat([input.latents, prior, guess], -1)).add(this.position);
    const own = this.register.expand([B, T, this.register.size(0), this.config.stack.width]);
    return cat([local.float(), own], 2).add(condition);
  }

  /** What the outputs say, from the stack's [B, T, S, W]. */
  #read(h: Tensor): DynamicsOutput {
    const { numTokens: N, stateWidth } = this.shape;
    const [B = 0, T = 0] = h.shape;
    const head = h.select(2, N); // [B, T, W]
    const outcome = this.outcomeOut.forward(head).float();
    return {
      latents: this.latentsOut.forward(h.narrow(2, 0, N)).float(),
      stateDelta: this.stateOut?.forward(head).float() ?? zeros([B, T, stateWidth], { device: h.device }),
      reward: outcome.select(-1, 0),
      successLogit: outcome.select(-1, 1),
    };
  }

  /** Multiply-adds times two of one forward pass over T frames. */
  flops(T: number): number {
    return this.stack.flops(T, this.shape.numTokens + this.register.size(0));
  }

  /** Level, step size, action and state as one vector per frame, [B, T, W]. */
  #condition(input: DynamicsInput): Tensor {
    const { level, stepLog, action, hasAction, state, hasState } = input;
    const noise = this.levelEmbedding.forward(level).add(this.stepEmbedding.forward(stepLog));
    const unrecorded = this.#unrecorded(input);
    const acted =
      this.actionIn === null
        ? unrecorded
        : where(hasAction, this.actionIn.forward(action).float(), unrecorded);
    const felt =
      this.stateIn === null
        ? this.noState
        : where(hasState, this.stateIn.forward(state).float(), this.noState);
    return noise.add(acted).add(felt);
  }

  /** What stands for an action that nobody recorded: [W], or [B, T, W] where pictures say something of some. */
  #unrecorded({ hint, hasHint }: DynamicsInput): Tensor {
    if (this.hintIn === null || hint === undefined || hasHint === undefined) return this.noAction;
    return where(hasHint, this.hintIn.forward(hint).float(), this.noAction);
  }

  /**
   * The best linear guess of the clean latents from the noisy ones and the frame before, were all independent and
   * Gaussian: first the frame before from its own noisy version, then one Kalman update with this frame's.
   */
  #linearGuess(input: DynamicsInput): { prior: Tensor; guess: Tensor } {
    const { latents, level, before, levelBefore } = input;
    const { maxSteps, latentStd } = this.config;
    const [B = 0, T = 0] = level.shape;
    const variance = latentStd ** 2;
    const tau = level.float().div(maxSteps).view([B, T, 1, 1]);
    // Before a clip's first frame nothing is known, which is what level 0 means.
    const unknown = fullLike(tau.narrow(1, 0, 1), before === undefined ? 0 : 1);
    const first = levelBefore?.float().div(maxSteps).view([B, -1, 1, 1]) ?? unknown;
    const tauBefore = first.size(1) === T ? first : cat([first, tau.narrow(1, 0, T - 1)], 1);
    const noiseBefore = tauBefore.rsub(1).square();
    const spread = tauBefore.square().mul(variance).add(noiseBefore);
    const prior = this.#previous(input).mul(tauBefore.mul(variance).div(spread));
    const priorVariance = noiseBefore.mul(variance).div(spread).add(this.changeStd.square().clampMin(1e-8));
    const gain = tau.mul(priorVariance).div(tau.square().mul(priorVariance).add(tau.rsub(1).square()));
    return { prior, guess: prior.add(gain.mul(latents.sub(prior.mul(tau)))) };
  }

  /** Each frame's predecessor as it was given: [B, T, N, C]. */
  #previous({ latents, before }: DynamicsInput): Tensor {
    const T = latents.size(1);
    const first = before ?? zerosLike(latents.narrow(1, 0, 1));
    return first.size(1) === T ? first : cat([first, latents.narrow(1, 0, T - 1)], 1);
  }
}

/** The hints of a condition, changed alike; nothing where it has none. */
export function mapHint(
  { hint, hasHint }: Pick<DynamicsInput, "hint" | "hasHint">,
  fn: (x: Tensor) => Tensor,
): Pick<DynamicsInput, "hint" | "hasHint"> {
  return hint === undefined || hasHint === undefined ? {} : { hint: fn(hint), hasHint: fn(hasHint) };
}

/** [B, T, ..] one frame later; zeros come first. */
function delayed(x: Tensor): Tensor {
  return cat([zerosLike(x.narrow(1, 0, 1)), x.narrow(1, 0, x.size(1) - 1)], 1);
}

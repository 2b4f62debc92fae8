/**
 * Running a world model as a stream: begin with a recorded context, then step, frame by frame.
 *
 * Each frame is sampled as nets/sampling.ts says, in `sampleSteps` steps.
 *
 * Shapes: B batch, T time, V cameras, H W pixels, N latent tokens of all cameras, C channels, A action width,
 * P state width.
 */
import { ShapeError, UsageError } from "@orrery/core";
import {
  autocast,
  fromTyped,
  full,
  Generator,
  keep,
  noGrad,
  ones,
  randn,
  scope,
  zeros,
  type Tensor,
} from "@orrery/torch";
import { DreamState } from "./dream-state.ts";
import type { Condition, DynamicsOutput } from "./nets/dynamics.ts";
import { afterFrame, denoise, dreamt, expectFrame, seen, settle, type Streams } from "./nets/sampling.ts";
import {
  controlSteps,
  forkRows,
  rollOutBySteps,
  type Abilities,
  type BeginOptions,
  type Feeling,
  type DrawingImagination,
  type Rollout,
  type Stats,
} from "./imagination.ts";
import type { Context, StreamFacts, WorldModel } from "./world-model.ts";

export { DreamState };

export interface WorldModelOptions {
  /** Runs matrix products in bfloat16; see precision.ts. */
  readonly usesBfloat16?: boolean;
  /** Sampling steps per frame; the configuration's where left out. A power of two, at most maxSteps. */
  readonly sampleSteps?: number;
}

/**
 * Runs a model as a stream: begin with a recorded context, then step. Everything is computed without gradients.
 */
export class Dreamer implements DrawingImagination<DreamState> {
  readonly model: WorldModel;
  readonly abilities: Abilities;
  readonly maxBlock = 1;
  readonly #precision: { readonly enabled: boolean; readonly device: "cpu" | "cuda" };
  readonly #sampleSteps: number;
  readonly #generator: Generator;
  readonly #feels: boolean;

  /** @throws {UsageError} if `sampleSteps` is no power of two within the model's */
  constructor(model: WorldModel, seed: number, options: WorldModelOptions = {}) {
    const { maxSteps, sampleSteps } = model.config.dynamics;
    const steps = options.sampleSteps ?? sampleSteps;
    if (!Number.isInteger(Math.log2(steps)) || steps > maxSteps) {
      throw new UsageError(
        `Dreamer: sampleSteps must be a power of two of at most ${maxSteps}, got ${steps}.`,
      );
    }
    this.model = model;
    // The heads start as zeros, and stay so where the data held no rewards.
    const knowsReward = noGrad(() => scope(() => model.dynamics.outcomeOut.weight.abs().max().item())) > 0;
    this.abilities = {
      reward: knowsReward,
      task: false,
      goal: false,
      stages: false,
      prior: false,
      gradient: false,
      pictures: true,
    };
    this.#sampleSteps = steps;
    this.#precision = {
      enabled: options.usesBfloat16 ?? false,
      device: model.device.startsWith("cuda") ? "cuda" : "cpu",
    };
    this.#generator = new Generator(seed, model.device);
    this.#feels = model.feels;
  }

  /**
   * Takes in the frames of a context. Its last row's action is not used: it belongs to the first `step`.
   * The heads do not read tasks, so none is taken; states are left out where training never showed any.
   * @throws {ShapeError} if cameras, action or state have another width than the model was made for
   */
  begin(given: Context, _options: BeginOptions = {}): DreamState {
    const { model } = this;
    this.#check(given);
    const context = this.#feels ? given : { ...given, stateMask: new Uint8Array(given.stateMask.length) };
    const { B, T, V, H, W, P } = context;
    const { contextFrames } = model.config.dynamics;
    const cache = model.dynamics.stack.makeCache(contextFrames);
    const { encoder: encoderCache, decoder: decoderCache } = model.tokenizer.makeCaches(contextFrames);
    const parts = this.#run(() => {
      const frames = fromTyped(context.frames, [B, T, V, H, W, 3], { device: model.device });
      const latents = model.encodeFrames(frames, encoderCache);
      const streams = { dynamics: model.dynamics, cache };
      const output = settle(streams, seen(latents, model.config.dynamics), model.conditionOf(context));
      if (decoderCache.layers.length > 0) model.decodeLatents(latents, undefined, decoderCache);
      const state = model.stateScale
        .normalize(fromTyped(context.state, [B, T, P], { device: model.device }))
        .select(1, T - 1);
      const hasState = fromTyped(context.stateMask, [B, T, 1], { device: model.device })
        .bool()
        .select(1, T - 1);
      return {
        latents: latents.narrow(1, T - 1, 1).clone(),
        state: state.mul(hasState.float()),
        hasState: hasState.clone(),
        ...this.#outcome(output, T - 1),
        surprise: zeros([B], { device: model.device }),
        picture: frames.select(1, T - 1).clone(),
      };
    });
    for (const tensor of Object.values(parts)) keep(tensor);
    return new DreamState({ cache, encoderCache, decoderCache, isDreamt: false, ...parts });
  }

  /**
   * Dreams on by one control step, `action` [B, A] in the units of the data, or null where nothing is known of it; or
   * by n, one after the other, `action` [B, n, A]. The state is moved on in place and given back.
   */
  step(dream: DreamState, action: Tensor | null): DreamState {
    scope(() => {
      for (const one of controlSteps(action)) this.#stepOnce(dream, one);
    });
    return dream;
  }

  #stepOnce(dream: DreamState, action: Tensor | null): void {
    const newer = this.#run(() => {
      const condition = this.#nextCondition(dream, action);
      const streams = this.#streams(dream);
      const { guess, sample } = denoise(streams, this.#noise(dream), condition, this.#sampleSteps);
      const output = settle(streams, dreamt(sample, this.model.config.dynamics), condition);
      const picture = this.model
        .decodeLatents(sample, dream.picture, dream.decoderCache)
        .select(1, 0)
        .contiguous();
      return {
        latents: sample,
        picture,
        surprise: this.#distance(guess, sample),
        ...this.#feelings(dream, output),
      };
    });
    dream.replace(newer);
    dream.isDreamt = true;
  }

  /**
   * Takes in what really came next, frames uint8 [B, V, H, W, 3] and state [B, P] in the data's units, instead of
   * dreaming it; `surprise` then compares it with the model's mean guess. Of a block of actions all but the last step
   * are dreamt.
   */
  observe(dream: DreamState, action: Tensor | null, frames: Tensor, state: Tensor | null): DreamState {
    scope(() => {
      const actions = controlSteps(action);
      for (const one of actions.slice(0, -1)) this.#stepOnce(dream, one);
      this.#observeOnce(dream, actions.at(-1) ?? null, frames, state);
    });
    return dream;
  }

  #observeOnce(dream: DreamState, action: Tensor | null, frames: Tensor, state: Tensor | null): void {
    const { model } = this;
    const newer = this.#run(() => {
      const condition = this.#nextCondition(dream, action);
      const streams = this.#streams(dream);
      const guess = expectFrame(streams, { latents: this.#noise(dream), level: 0 }, 0, condition);
      const latents = model.encodeFrames(frames.unsqueeze(1), dream.encoderCache);
      const output = settle(streams, seen(latents, model.config.dynamics), condition);
      if (dream.decoderCache.layers.length > 0)
        model.decodeLatents(latents, dream.picture, dream.decoderCache);
      const felt = this.#feelings(dream, output);
      const known =
        state === null || !this.#feels
          ? {}
          : {
              state: model.stateScale.normalize(state),
              hasState: ones([state.size(0), 1], { dtype: "bool", device: model.device }),
            };
      return {
        latents,
        picture: frames.clone(),
        surprise: this.#distance(guess, latents),
        ...felt,
        ...known,
      };
    });
    dream.replace(newer);
    dream.isDreamt = false;
  }

  /** Nothing to do: the heads do not read tasks. */
  setTask(_dream: DreamState, _task: string | readonly string[]): void {}

  fork(dream: DreamState, copies: number): DreamState {
    return scope(() => {
      const rows = forkRows(dream.streams, copies);
      return this.select(dream, fromTyped(rows, [rows.length], { device: this.device }));
    });
  }

  select(dream: DreamState, rows: Tensor): DreamState {
    return noGrad(() => scope(() => dream.select(rows, this.model.dynamics.register.size(0))));
  }

  /** The newest picture, uint8 [B, V, H, W, 3]; the dream's own. */
  look(dream: DreamState): Tensor {
    return dream.picture;
  }

  /** Proprioception, reward, success and surprise at the newest frame; owned by the caller. */
  feel(dream: DreamState): Feeling {
    return this.#run(() => ({
      state: this.model.stateScale.denormalize(dream.state),
      reward: this.model.rewardScale.denormalize(dream.reward.unsqueeze(-1)).squeeze(-1),
      success: dream.success.clone(),
      goalDistance: dream.success.mul(0),
      toldDistance: dream.success.mul(0),
      surprise: dream.surprise.clone(),
    }));
  }

  /** The frame's latents, all cameras and places in a row; E = N C. */
  embed(dream: DreamState): Tensor {
    return noGrad(() => dream.latents.flatten(1).clone());
  }

  /** The latents of the tokenizer say all that is seen and nothing of the state, which is not used. */
  embedImage(frames: Tensor, _proprioception: Tensor | null = null): Tensor {
    return this.#run(() =>
      this.model
        .encodeFrames(frames.unsqueeze(1).to({ device: this.device }))
        .flatten(1)
        .float(),
    );
  }

  reconstruct(frames: Tensor, before: Tensor): Tensor {
    const { device, model } = this;
    return this.#run(() =>
      model.decodeLatents(model.encodeFrames(frames.to({ device })), before.to({ device })),
    );
  }

  rollout(dream: DreamState, actions: Tensor): Rollout {
    return rollOutBySteps(this, dream, actions);
  }

  get facts(): StreamFacts {
    return this.model.facts;
  }

  get actionStats(): Stats {
    return this.model.actionScale.moments;
  }

  get stateStats(): Stats {
    return this.model.stateScale.moments;
  }

  get size(): { readonly height: number; readonly width: number } {
    return this.model.config.tokenizer;
  }

  get contextRows(): number {
    return this.model.config.dynamics.contextFrames;
  }

  get device(): string {
    return this.model.device;
  }

  #run<T>(fn: () => T): T {
    return noGrad(() => scope(() => autocast(this.#precision, fn)));
  }

  #noise(dream: DreamState): Tensor {
    return randn(dream.latents.shape, { generator: this.#generator, device: this.model.device });
  }

  #nextCondition(dream: DreamState, action: Tensor | null): Condition {
    const { model } = this;
    const B = dream.latents.size(0);
    const { actionWidth } = model.facts;
    const { device } = model;
    if (action !== null && (action.size(0) !== B || action.size(-1) !== actionWidth)) {
      throw new ShapeError("Dreamer.step", "action", `[${B}, ${actionWidth}]`, action.shape);
    }
    return {
      ...afterFrame((dream.isDreamt ? dreamt : seen)(dream.latents, model.config.dynamics)),
      action:
        action === null
          ? zeros([B, 1, actionWidth], { device })
          : model.actionScale.normalize(action).unsqueeze(1),
      hasAction: full([B, 1, 1], action !== null, { dtype: "bool", device }),
      state: dream.state.unsqueeze(1),
      hasState: dream.hasState.unsqueeze(1),
    };
  }

  /** Network and memory of a dream, as the sampler takes them. */
  #streams({ cache }: DreamState): Streams {
    return { dynamics: this.model.dynamics, cache };
  }

  #feelings(
    dream: DreamState,
    output: DynamicsOutput,
  ): { state: Tensor; hasState: Tensor; reward: Tensor; success: Tensor } {
    const delta = this.model.deltaScale.denormalize(output.stateDelta.select(1, 0));
    return { state: dream.state.add(delta), hasState: dream.hasState.clone(), ...this.#outcome(output, 0) };
  }

  #outcome(output: DynamicsOutput, row: number): { reward: Tensor; success: Tensor } {
    return {
      reward: output.reward.select(1, row).clone(),
      success: output.successLogit.select(1, row).sigmoid(),
    };
  }

  /** [B] */
  #distance(guess: Tensor, latents: Tensor): Tensor {
    return guess.sub(latents).square().mean([1, 2, 3]).sqrt().div(this.model.config.dynamics.latentStd);
  }

  #check({ T, V, A, P }: Context): void {
    const { cameras, actionWidth, stateWidth } = this.model.facts;
    const hint = "The model was trained on another embodiment; see its embodiment.json.";
    if (T < 1) throw new UsageError("Dreamer.begin: a context needs at least one frame, got 0.");
    if (V !== cameras.length)
      throw new ShapeError(
        "Dreamer.begin",
        "frames",
        `${cameras.length} cameras (${cameras.join(", ")})`,
        [V],
        hint,
      );
    if (A !== actionWidth)
      throw new ShapeError("Dreamer.begin", "action", `[B, T, ${actionWidth}]`, [A], hint);
    if (P !== stateWidth) throw new ShapeError("Dreamer.begin", "state", `[B, T, ${stateWidth}]`, [P], hint);
  }
}

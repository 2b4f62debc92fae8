/**
 * Running a world model as a stream: begin with a recorded context, then step, frame by frame.
 *
 * Sampling follows Dreamer 4, section 3.3: a frame starts as noise and is denoised in `sampleSteps` steps while the
 * frames before it stay in a key-value cache; then it is entered into the cache once, clean.
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
import type { Condition, DynamicsInput, DynamicsOutput } from "./nets/dynamics.ts";
import type { StackCache } from "./nets/stack.ts";
import type { Context, WorldModel } from "./world-model.ts";

/** What a model believes of the present, beside the picture. */
export interface Feeling {
  /** Proprioception in the units of the data, [B, P]. */
  readonly state: Tensor;
  /** [B], of the transition that led here. */
  readonly reward: Tensor;
  /** Probability that the transition that led here was a success, [B]. */
  readonly success: Tensor;
  /**
   * Root mean square distance between the frame and the model's mean guess of it before any denoising, in units of
   * the latents' deviation, [B]. For a dreamt frame it says how undecided the model was; for an observed one, how wrong.
   */
  readonly surprise: Tensor;
}

/** A stream under way. It owns tensors: call `free`. `step` moves it on in place. */
export class DreamState {
  readonly cache: StackCache;
  readonly decoderCache: StackCache;
  readonly encoderCache: StackCache;
  /** Scaled latents of the newest frame, [B, 1, N, C]. */
  latents: Tensor;
  /** Normalised state at the newest frame, [B, P]. */
  state: Tensor;
  hasState: Tensor; // bool [B, 1]
  reward: Tensor; // [B]
  success: Tensor; // [B]
  surprise: Tensor; // [B]
  /** Picture of the newest frame, uint8 [B, V, H, W, 3]. */
  picture: Tensor;

  constructor(parts: Omit<DreamState, "free" | "replace">) {
    this.cache = parts.cache;
    this.decoderCache = parts.decoderCache;
    this.encoderCache = parts.encoderCache;
    this.latents = parts.latents;
    this.state = parts.state;
    this.hasState = parts.hasState;
    this.reward = parts.reward;
    this.success = parts.success;
    this.surprise = parts.surprise;
    this.picture = parts.picture;
  }

  /** Puts newer tensors in place of old ones, which are freed. */
  replace(
    newer: Partial<
      Record<"latents" | "state" | "hasState" | "reward" | "success" | "surprise" | "picture", Tensor>
    >,
  ): void {
    for (const [name, tensor] of Object.entries(newer)) {
      const key = name as keyof typeof newer;
      this[key].free();
      this[key] = keep(tensor);
    }
  }

  free(): void {
    for (const cache of [this.cache, this.decoderCache, this.encoderCache]) cache.free();
    for (const tensor of [
      this.latents,
      this.state,
      this.hasState,
      this.reward,
      this.success,
      this.surprise,
      this.picture,
    ])
      tensor.free();
  }
}

export interface WorldModelOptions {
  /** Runs matrix products in bfloat16; see precision.ts. */
  readonly usesBfloat16?: boolean;
  /** Sampling steps per frame; the configuration's where left out. A power of two, at most maxSteps. */
  readonly sampleSteps?: number;
}

/**
 * Runs a model as a stream: begin with a recorded context, then step. Everything is computed without gradients.
 */
export class Dreamer {
  readonly model: WorldModel;
  readonly #precision: { readonly enabled: boolean; readonly device: "cpu" | "cuda" };
  readonly #sampleSteps: number;
  readonly #generator: Generator;

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
    this.#sampleSteps = steps;
    this.#precision = {
      enabled: options.usesBfloat16 ?? false,
      device: model.device.startsWith("cuda") ? "cuda" : "cpu",
    };
    this.#generator = new Generator(seed, model.device);
  }

  /**
   * Takes in the frames of a context. Its last row's action is not used: it belongs to the first `step`.
   * @throws {ShapeError} if cameras, action or state have another width than the model was made for
   */
  begin(context: Context): DreamState {
    const { model } = this;
    const { B, T, V, H, W, P } = context;
    this.#check(context);
    const { contextFrames } = model.config.dynamics;
    const cache = model.dynamics.stack.makeCache(contextFrames);
    const { encoder: encoderCache, decoder: decoderCache } = model.tokenizer.makeCaches(contextFrames);
    const parts = this.#run(() => {
      const frames = fromTyped(context.frames, [B, T, V, H, W, 3], { device: model.device });
      const latents = model.encodeFrames(frames, encoderCache);
      const output = model.dynamics.forward(
        {
          latents,
          ...this.#levels(B, T, model.config.dynamics.maxSteps, this.#finest),
          ...model.conditionOf(context),
        },
        cache,
      );
      if (decoderCache.layers.length > 0) model.decodeLatents(latents, decoderCache);
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
    return new DreamState({ cache, encoderCache, decoderCache, ...parts });
  }

  /**
   * Dreams one control step on. `action` [B, A] in the units of the data, or null where nothing is known of it.
   * The state is moved on in place and given back.
   */
  step(dream: DreamState, action: Tensor | null): DreamState {
    const newer = this.#run(() => {
      const condition = this.#nextCondition(dream, action);
      const { guess, sample } = this.#denoise(dream, condition);
      const output = this.#commit(dream, sample, condition);
      const picture = this.model.decodeLatents(sample, dream.decoderCache).select(1, 0).contiguous();
      return {
        latents: sample,
        picture,
        surprise: this.#distance(guess, sample),
        ...this.#feelings(dream, output),
      };
    });
    dream.replace(newer);
    return dream;
  }

  /**
   * Takes in what really came next, frames uint8 [B, V, H, W, 3] and state [B, P] in the data's units, instead of
   * dreaming it; `surprise` then compares it with the model's mean guess.
   */
  observe(dream: DreamState, action: Tensor | null, frames: Tensor, state: Tensor | null): DreamState {
    const { model } = this;
    const newer = this.#run(() => {
      const condition = this.#nextCondition(dream, action);
      const guess = this.#predict(dream, this.#noise(dream), 0, 0, condition).latents;
      dream.cache.rewind(1);
      const latents = model.encodeFrames(frames.unsqueeze(1), dream.encoderCache);
      const output = this.#commit(dream, latents, condition);
      if (dream.decoderCache.layers.length > 0) model.decodeLatents(latents, dream.decoderCache);
      const felt = this.#feelings(dream, output);
      const known =
        state === null
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
    return dream;
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
      surprise: dream.surprise.clone(),
    }));
  }

  get #finest(): number {
    return Math.log2(this.model.config.dynamics.maxSteps);
  }

  #run<T>(fn: () => T): T {
    return noGrad(() => scope(() => autocast(this.#precision, fn)));
  }

  #levels(B: number, T: number, level: number, stepLog: number): Pick<DynamicsInput, "level" | "stepLog"> {
    const options = { dtype: "int64", device: this.model.device } as const;
    return { level: full([B, T], level, options), stepLog: full([B, T], stepLog, options) };
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
      before: dream.latents,
      action:
        action === null
          ? zeros([B, 1, actionWidth], { device })
          : model.actionScale.normalize(action).unsqueeze(1),
      hasAction: full([B, 1, 1], action !== null, { dtype: "bool", device }),
      state: dream.state.unsqueeze(1),
      hasState: dream.hasState.unsqueeze(1),
    };
  }

  /** One evaluation of the network on the next frame at some level; the frame is left in the cache. */
  #predict(
    dream: DreamState,
    latents: Tensor,
    level: number,
    stepLog: number,
    condition: Condition,
  ): DynamicsOutput {
    const B = latents.size(0);
    return this.model.dynamics.forward(
      { latents, ...this.#levels(B, 1, level, stepLog), ...condition },
      dream.cache,
    );
  }

  /** From noise to a frame in `sampleSteps` steps. `guess` is what the first step, seeing noise only, expects. */
  #denoise(dream: DreamState, condition: Condition): { guess: Tensor; sample: Tensor } {
    const K = this.#sampleSteps;
    const { maxSteps } = this.model.config.dynamics;
    let sample = this.#noise(dream);
    let guess = sample;
    for (let step = 0; step < K; step++) {
      const clean = this.#predict(dream, sample, (step * maxSteps) / K, Math.log2(K), condition).latents;
      dream.cache.rewind(1);
      if (step === 0) guess = clean;
      // A step of 1 / K along the velocity (clean - sample) / (1 - step / K).
      sample = sample.lerp(clean, 1 / (K - step));
    }
    return { guess, sample };
  }

  #commit(dream: DreamState, latents: Tensor, condition: Condition): DynamicsOutput {
    return this.#predict(dream, latents, this.model.config.dynamics.maxSteps, this.#finest, condition);
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

/**
 * Trains a world model: the tokenizer, then the latents of all frames, then the dynamics. Every random choice follows
 * the seed; a run can be stopped at any time and resumed to the same trajectory.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, makeRng, Rng, type Clip } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { makeClipLoader, type ClipLoader } from "@orrery/data";
import { autocast, cat, fromTyped, Generator, keep, noGrad, scope, type Tensor } from "@orrery/torch";
import type { ModelConfig, PhaseConfig } from "../config.ts";
import { principalPatches } from "../nets/patches.ts";
import { readConfig, writeConfig, writeWeights } from "../release.ts";
import { WorldModel } from "../world-model.ts";
import { readCheckpoint, writeCheckpoint, type Checkpoint, type PhaseName } from "./checkpoint.ts";
import { lineageOf, streamFacts } from "./facts.ts";
import { LatentStore, type TrainingSource } from "./latent-store.ts";
import { dynamicsLosses } from "./losses.ts";
import { MetricLog } from "./metrics.ts";
import { Phase, type LossFn } from "./phase.ts";
import { choosePrecision } from "./precision.ts";
import { setScales } from "./scales.ts";
import { takeTokenizer } from "./take-tokenizer.ts";
import { claimRunFolder, dropUntrained } from "./run-folder.ts";

export interface TrainProgress {
  readonly phase: PhaseName | "encode";
  readonly step: number;
  /** Share of the phase, 0 to 1. */
  readonly progress: number;
  readonly losses: Readonly<Record<string, number>>;
  /** Frames trained on per second. */
  readonly framesPerSec: number;
  /** Share of the time spent waiting for data. */
  readonly dataWait: number;
  readonly secondsLeft: number;
}

export interface TrainOptions {
  readonly config: ModelConfig;
  readonly sources: readonly TrainingSource[];
  /** Run folder. */
  readonly out: string;
  readonly seed: number;
  /** Time for everything, set-up and saving included; the configuration's steps decide where left out. */
  readonly minutes?: number;
  readonly resume?: boolean;
  readonly device?: string;
  /** All that the datasets share where left out. */
  readonly cameras?: readonly string[];
  /** A finished run of the same tokenizer configuration, whose tokenizer is taken over instead of training one. */
  readonly tokenizerFrom?: string;
  readonly onProgress?: (progress: TrainProgress) => void;
  /** One line on each choice made for the user. */
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly run: string;
  readonly steps: { readonly tokenizer: number; readonly dynamics: number };
  /** Last averages of the losses. */
  readonly loss: Readonly<Record<string, number>>;
  readonly framesPerSecond: { readonly tokenizer: number; readonly dynamics: number };
  readonly parameters: { readonly tokenizer: number; readonly dynamics: number };
  readonly seconds: number;
}

const CHECKPOINT_EVERY_SEC = 60;
const LOG_EVERY_STEPS = 20;
/** Batches of images whose patches the first linear code is computed from. */
const BASIS_BATCHES = 24;
/** Kept back for saving the release when a time limit is given. */
const SAVING_SEC = 3;

/** @throws {UsageError} if the folder holds a run already and `resume` is not set, or the other way round */
export async function trainWorldModel(options: TrainOptions): Promise<TrainResult> {
  const trainer = await Trainer.open(options);
  try {
    return await trainer.run();
  } catch (error) {
    if (!options.resume && !(error instanceof AbortedError)) dropUntrained(options.out);
    throw error;
  } finally {
    await trainer.close();
  }
}

class Trainer {
  readonly #options: TrainOptions;
  readonly #model: WorldModel;
  readonly #loader: ClipLoader;
  readonly #generator: Generator;
  readonly #log: MetricLog;
  readonly #usesBfloat16: boolean;
  readonly #began = performance.now();
  #earlierSec = 0;
  #rng: Rng;
  #checkpoint: Checkpoint | null;
  #loss: Record<string, number> = {};
  #rate = { tokenizer: 0, dynamics: 0 };
  #steps = { tokenizer: 0, dynamics: 0 };

  private constructor(
    options: TrainOptions,
    model: WorldModel,
    loader: ClipLoader,
    checkpoint: Checkpoint | null,
  ) {
    this.#options = options;
    this.#model = model;
    this.#loader = loader;
    this.#checkpoint = checkpoint;
    this.#generator = new Generator(options.seed, options.device ?? "cpu");
    this.#rng = makeRng(options.seed, "training");
    this.#log = new MetricLog(options.out);
    const precision = choosePrecision(options.device ?? "cpu");
    this.#usesBfloat16 = precision.usesBfloat16;
    options.onNote?.(precision.reason);
    if (checkpoint !== null) {
      const { phase, clock, rng, generator, elapsedSec, steps } = checkpoint.state;
      this.#earlierSec = elapsedSec;
      this.#steps = { ...steps };
      this.#rng = new Rng(rng);
      this.#generator.setState(Buffer.from(generator, "base64"));
      this.#log.rewindTo(phase, clock.step);
      options.onNote?.(`resumed in phase ${phase} at step ${clock.step}`);
    } else if (options.resume === true) {
      this.#log.rewindTo("tokenizer", 0); // stopped before its first checkpoint: from the beginning
    }
  }

  static async open(options: TrainOptions): Promise<Trainer> {
    const { out, seed, sources, resume = false } = options;
    claimRunFolder(out, resume);
    const saved = resume ? readConfig(out) : null;
    const config = saved?.config ?? options.config;
    const facts = saved?.facts ?? streamFacts(sources, options.cameras);
    const { timeEvery } = config.tokenizer.encoder;
    const { batch } = config.training.tokenizer;
    // A tokenizer that looks back is trained on clips, one that does not on single images: the same number of frames.
    const window = timeEvery > 0 ? Math.min(8, config.training.dynamics.clipFrames) : 1;
    const loader = await makeClipLoader({
      sources: sources.map((source) => ({ ...source, cameras: facts.cameras })),
      batch: Math.max(1, Math.floor(batch / window)),
      window,
      size: { width: config.tokenizer.width, height: config.tokenizer.height },
      seed,
    });
    try {
      for (const { dataset, episode, reason } of loader.skipped)
        options.onNote?.(`left out episode ${episode} of ${dataset}: ${reason}`);
      const model = new WorldModel(config, facts, new Generator(seed));
      setScales(model, loader);
      const checkpoint = resume ? readCheckpoint(join(out, "training")) : null;
      if (checkpoint !== null) noGrad(() => model.loadStateDict(checkpoint.weights));
      else if (options.tokenizerFrom !== undefined) takeTokenizer(model, options.tokenizerFrom);
      if (options.device !== undefined && options.device !== "cpu") model.to({ device: options.device });
      if (!resume) {
        mkdirSync(out, { recursive: true });
        writeJsonAtomic(join(out, "lineage.json"), lineageOf(sources, loader.episodes, seed));
        writeConfig(out, config, facts);
      }
      return new Trainer({ ...options, config }, model, loader, checkpoint);
    } catch (error) {
      await loader.close();
      if (!resume) dropUntrained(out);
      throw error;
    }
  }

  async run(): Promise<TrainResult> {
    const { out } = this.#options;
    const model = this.#model;
    const { tokenizerFrom } = this.#options;
    const hasTokenizer = this.#checkpoint?.state.phase === "dynamics" || tokenizerFrom !== undefined;
    if (!hasTokenizer) await this.#trainTokenizer();
    model.tokenizer.setTrainable(false);
    await this.#trainDynamics();
    writeWeights(out, model);
    return {
      run: out,
      steps: this.#steps,
      loss: this.#loss,
      framesPerSecond: this.#rate,
      parameters: {
        tokenizer: model.tokenizer.numParameters(),
        dynamics: model.dynamics.numParameters(),
      },
      seconds: this.#elapsedSec,
    };
  }

  async close(): Promise<void> {
    await this.#loader.close();
    this.#model.free();
  }

  /** Time spent on this run, earlier sessions up to their last checkpoint included. */
  get #elapsedSec(): number {
    return this.#earlierSec + (performance.now() - this.#began) / 1000;
  }

  /** What is left of the time limit for a phase, or undefined without one. */
  #limitSec(share: number, spentInPhaseSec: number): number | undefined {
    const { minutes } = this.#options;
    if (minutes === undefined) return undefined;
    return Math.max(1, (minutes * 60 - SAVING_SEC - (this.#elapsedSec - spentInPhaseSec)) * share);
  }

  async #trainTokenizer(): Promise<void> {
    const { config } = this.#options;
    const { tokenizer: own, dynamics } = config.training;
    const { tokenizer } = this.#model;
    if (this.#checkpoint === null) await this.#startTokenizer();
    else this.#loader.restore(this.#checkpoint.state.loader ?? this.#loader.state);
    const phase = this.#openPhase(
      "tokenizer",
      tokenizer,
      own,
      own.timeShare / (own.timeShare + dynamics.timeShare),
    );
    const framesPerStep = this.#loader.shape.B * this.#loader.shape.T * this.#loader.shape.V;
    await this.#loop("tokenizer", phase, framesPerStep, async () => {
      const clip = await this.#loader.next();
      return () => {
        const patches = this.#patches(clip);
        const value = this.#autocast(() => tokenizer.loss(patches, this.#generator));
        return { reconstruction: { value, weight: 1 } };
      };
    });
    phase.settle();
    phase.close();
    this.#checkpoint = null;
  }

  /** Sets the linear paths from the first batches. */
  async #startTokenizer(): Promise<void> {
    const { tokenizer } = this.#model;
    const parts: Tensor[] = [];
    for (let i = 0; i < BASIS_BATCHES; i++) {
      const clip = await this.#loader.next();
      parts.push(noGrad(() => scope(() => keep(this.#patches(clip).flatten(0, 2)))));
    }
    scope(() => {
      const basis = principalPatches(cat(parts, 0), tokenizer.config.channels);
      tokenizer.startFrom(basis);
    });
    for (const part of parts) part.free();
  }

  async #trainDynamics(): Promise<void> {
    const { config, sources, signal, onProgress } = this.#options;
    const own = config.training.dynamics;
    const model = this.#model;
    const store = await LatentStore.build(model, {
      sources: sources.map((source) => ({ ...source, episodes: this.#usableEpisodes(source) })),
      usesBfloat16: this.#usesBfloat16,
      ...(signal === undefined ? {} : { signal }),
      onProgress: (done, all) =>
        onProgress?.({
          phase: "encode",
          step: done,
          progress: done / all,
          losses: {},
          framesPerSec: 0,
          dataWait: 0,
          secondsLeft: Number.NaN,
        }),
    });
    const phase = this.#openPhase("dynamics", model.dynamics, own, 1);
    const context = { usesBfloat16: this.#usesBfloat16, rng: this.#rng, generator: this.#generator };
    try {
      await this.#loop("dynamics", phase, own.batch * own.clipFrames, () => {
        const { B, T } = this.#clipShape();
        return Promise.resolve(() => {
          const batch = store.draw(B, T, this.#rng);
          return dynamicsLosses(model, batch, own, context);
        });
      });
      phase.settle();
    } finally {
      phase.close();
      store.free();
    }
  }

  /** Mostly short clips, sometimes long ones, sometimes single images: about the same number of frames each. */
  #clipShape(): { B: number; T: number } {
    const { batch, clipFrames, longClipFrames, longShare, imageShare } =
      this.#options.config.training.dynamics;
    const draw = this.#rng.uniform();
    if (draw < longShare)
      return { B: Math.max(1, Math.floor((batch * clipFrames) / longClipFrames)), T: longClipFrames };
    if (draw < longShare + imageShare) return { B: batch * clipFrames, T: 1 };
    return { B: batch, T: clipFrames };
  }

  #openPhase(
    name: PhaseName,
    module: WorldModel["tokenizer"] | WorldModel["dynamics"],
    config: PhaseConfig,
    share: number,
  ): Phase {
    const saved = this.#checkpoint?.state.phase === name ? this.#checkpoint : null;
    const phase = new Phase(
      module,
      config,
      this.#limitSec(share, saved?.state.clock.elapsedSec ?? 0),
      saved?.state.clock,
    );
    if (saved !== null) {
      phase.optimizer.loadStateDict(saved.optimizer);
      phase.ema.loadStateDict(saved.averages);
      phase.ema.updates = saved.state.emaUpdates;
      phase.rms.restore(saved.state.lossRms);
    }
    return phase;
  }

  /** Steps until the phase is done, with log, progress and checkpoints. `prepare` may wait for data. */
  async #loop(
    name: PhaseName,
    phase: Phase,
    framesPerStep: number,
    prepare: () => Promise<LossFn>,
  ): Promise<void> {
    const { onProgress } = this.#options;
    let lastSave = performance.now();
    let waitSec = 0;
    const began = { step: phase.clock.step, elapsedSec: phase.clock.elapsedSec };
    const average = new Map<string, number>();
    while (!phase.clock.isDone) {
      const waitFrom = performance.now();
      const losses = await prepare();
      const waited = (performance.now() - waitFrom) / 1000;
      waitSec += waited;
      const report = phase.step(losses, waited);
      for (const [key, value] of Object.entries(report.losses)) {
        average.set(key, 0.95 * (average.get(key) ?? value) + 0.05 * value);
      }
      const { step, elapsedSec, factor } = phase.clock;
      const seconds = Math.max(1e-9, elapsedSec - began.elapsedSec);
      const rate = ((step - began.step) * framesPerStep) / seconds;
      const dataWait = waitSec / seconds;
      this.#loss = Object.fromEntries(average);
      this.#rate[name] = rate;
      this.#steps[name] = step;
      if (step % LOG_EVERY_STEPS === 0) {
        this.#log.write({
          phase: name,
          step,
          ...this.#loss,
          gradNorm: report.gradNorm,
          lrFactor: factor,
          framesPerSec: rate,
          dataWait,
        });
      }
      onProgress?.({
        phase: name,
        step,
        progress: phase.clock.progress,
        losses: this.#loss,
        framesPerSec: rate,
        dataWait,
        secondsLeft: phase.clock.secondsLeft,
      });
      const isAborted = this.#options.signal?.aborted ?? false;
      if (isAborted || performance.now() - lastSave > CHECKPOINT_EVERY_SEC * 1000) {
        this.#save(name, phase);
        lastSave = performance.now();
      }
      if (isAborted)
        throw new AbortedError(`Stopped in phase ${name} at step ${step}; run again with --resume to go on.`);
      // Lets Ctrl-C and the decoding threads' messages through.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#save(name, phase);
  }

  #save(phaseName: PhaseName, phase: Phase): void {
    writeCheckpoint(join(this.#options.out, "training"), {
      state: {
        phase: phaseName,
        clock: phase.clock.state,
        elapsedSec: this.#elapsedSec,
        steps: this.#steps,
        emaUpdates: phase.ema.updates,
        lossRms: phase.rms.state,
        rng: this.#rng.state,
        generator: Buffer.from(this.#generator.getState()).toString("base64"),
        loader: phaseName === "tokenizer" ? this.#loader.state : null,
      },
      weights: this.#model.stateDict(),
      averages: phase.ema.stateDict(),
      optimizer: phase.optimizer.stateDict(),
    });
  }

  #usableEpisodes({ dataset }: TrainingSource): number[] {
    const own = this.#loader.episodes.filter((episode) => episode.dataset === dataset);
    return [...new Set(own.map(({ index }) => index))]; // kept spans of one episode are listed one by one
  }

  /** Patches [B V, T, M, D] of a clip. */
  #patches({ B, T, V, H, W, frames }: Clip): Tensor {
    const pixels = fromTyped(frames, [B, T, V, H, W, 3], { device: this.#model.device });
    return this.#model.tokenizer.patchesOf(pixels.transpose(1, 2).reshape([B * V, T, H, W, 3]));
  }

  #autocast<T>(fn: () => T): T {
    const device = this.#model.device.startsWith("cuda") ? "cuda" : "cpu";
    return autocast({ enabled: this.#usesBfloat16, device }, fn);
  }
}

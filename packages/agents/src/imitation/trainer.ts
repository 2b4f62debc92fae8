/**
 * Trains a policy by imitation: batches of single instants from the clip loader, the chunk of actions that followed each,
 * and the same phase, checkpoint and log as a world model's training. Every random choice follows the seed; a run can be
 * stopped at any time and resumed to the same trajectory.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, DataError, makeRng, Rng, UsageError, type Clip } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { makeClipLoader, vectorStats, type ClipLoader } from "@orrery/data";
import type { TrainingSource } from "@orrery/models";
import {
  buildVocabulary,
  choosePrecision,
  claimRunFolder,
  dropUntrained,
  lineageOf,
  MetricLog,
  Phase,
  readCheckpoint,
  streamFacts,
  writeCheckpoint,
  type Checkpoint,
  type LossFn,
} from "@orrery/models/training";
import { autocast, fromTyped, Generator, noGrad } from "@orrery/torch";
import type { PolicyConfig } from "./config.ts";
import { ChunkReader, chooseDemonstrations, instructionsOf, type Chosen } from "./demonstrations.ts";
import { FeatureMemory } from "./feature-memory.ts";
import { PolicyNet, type PolicyFacts } from "./nets/policy-net.ts";
import { toPercept, type Backbone } from "./perception.ts";
import { readPolicyConfig, writePolicyConfig, writePolicyWeights } from "./release.ts";

export interface PolicyProgress {
  readonly phase: "imitation";
  readonly step: number;
  /** Share of the training, 0 to 1. */
  readonly progress: number;
  readonly losses: Readonly<Record<string, number>>;
  /** Instants trained on per second. */
  readonly framesPerSec: number;
  /** Share of the time spent waiting for data. */
  readonly dataWait: number;
  readonly secondsLeft: number;
}

export interface TrainPolicyOptions {
  readonly config: PolicyConfig;
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
  /** What `config.backbone` names, opened; the caller closes it. */
  readonly backbone?: Backbone;
  readonly onProgress?: (progress: PolicyProgress) => void;
  /** One line on each choice made for the user. */
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
}

export interface TrainPolicyResult {
  readonly run: string;
  readonly steps: number;
  /** Last averages of the losses. */
  readonly loss: Readonly<Record<string, number>>;
  readonly framesPerSecond: number;
  /** Trained numbers; those of a backbone do not count. */
  readonly parameters: number;
  /** Episodes and rows that were imitated. */
  readonly episodes: number;
  readonly frames: number;
  /** Inside optimiser steps and waiting for data, all sessions. */
  readonly trainingSec: number;
  /** In all. */
  readonly seconds: number;
}

const CHECKPOINT_EVERY_SEC = 60;
const LOG_EVERY_STEPS = 20;
/** Kept back for saving the release when a time limit is given. */
const SAVING_SEC = 2;

/** @throws {UsageError} if the folder holds a run already and `resume` is not set, or the other way round */
export async function trainPolicy(options: TrainPolicyOptions): Promise<TrainPolicyResult> {
  const trainer = await PolicyTrainer.open(options);
  try {
    return await trainer.run();
  } catch (error) {
    if (!options.resume && !(error instanceof AbortedError)) dropUntrained(options.out);
    throw error;
  } finally {
    await trainer.close();
  }
}

class PolicyTrainer {
  readonly #options: TrainPolicyOptions;
  readonly #net: PolicyNet;
  readonly #loader: ClipLoader;
  readonly #chunks: ChunkReader;
  readonly #memory: FeatureMemory;
  readonly #generator: Generator;
  readonly #log: MetricLog;
  readonly #usesBfloat16: boolean;
  readonly #began = performance.now();
  readonly #earlierSec: number;
  readonly #checkpoint: Checkpoint<"imitation"> | null;
  #rng: Rng;
  #loss: Record<string, number> = {};

  private constructor(
    options: TrainPolicyOptions,
    net: PolicyNet,
    loader: ClipLoader,
    checkpoint: Checkpoint<"imitation"> | null,
  ) {
    const { seed, device = "cpu", out, onNote } = options;
    this.#options = options;
    this.#net = net;
    this.#loader = loader;
    this.#chunks = new ChunkReader(loader.episodes, net.facts.actionWidth);
    this.#memory = new FeatureMemory(options.backbone ?? null);
    this.#checkpoint = checkpoint;
    this.#generator = new Generator(seed, device);
    this.#rng = makeRng(seed, "imitation");
    this.#log = new MetricLog(out);
    const precision = choosePrecision(device);
    this.#usesBfloat16 = precision.usesBfloat16;
    onNote?.(precision.reason);
    this.#earlierSec = checkpoint?.state.elapsedSec ?? 0;
    if (checkpoint !== null) {
      const { clock, rng, generator, loader: position } = checkpoint.state;
      this.#rng = new Rng(rng);
      this.#generator.setState(Buffer.from(generator, "base64"));
      if (position !== null) loader.restore(position);
      this.#log.rewindTo("imitation", clock.step);
      onNote?.(`resumed at step ${clock.step}`);
    } else if (options.resume === true) {
      this.#log.rewindTo("imitation", 0); // stopped before its first checkpoint: from the beginning
    }
  }

  static async open(options: TrainPolicyOptions): Promise<PolicyTrainer> {
    const { out, seed, resume = false, onNote, device = "cpu" } = options;
    claimRunFolder(out, resume);
    const saved = resume ? readPolicyConfig(out) : null;
    const config = saved?.config ?? options.config;
    const chosen = chooseDemonstrations(options.sources, config.demonstrations);
    onNote?.(describe(chosen));
    const facts = saved?.facts ?? factsOf(config, chosen.sources, options);
    const loader = await makeClipLoader({
      sources: chosen.sources.map((source) => ({ ...source, cameras: facts.cameras })),
      batch: config.training.batch,
      window: 1,
      size: { width: config.vision.width, height: config.vision.height },
      seed,
    });
    try {
      for (const { dataset, episode, reason } of loader.skipped)
        onNote?.(`left out episode ${episode} of ${dataset}: ${reason}`);
      const net = new PolicyNet(config, facts, new Generator(seed));
      setScales(net, loader);
      const checkpoint = resume ? readCheckpoint<"imitation">(join(out, "training")) : null;
      if (checkpoint !== null) noGrad(() => net.loadStateDict(checkpoint.weights));
      if (device !== "cpu") net.to({ device });
      if (!resume) {
        mkdirSync(out, { recursive: true });
        writeJsonAtomic(join(out, "lineage.json"), lineageOf(chosen.sources, loader.episodes, seed));
        writePolicyConfig(out, config, facts);
      }
      return new PolicyTrainer({ ...options, config }, net, loader, checkpoint);
    } catch (error) {
      await loader.close();
      if (!resume) dropUntrained(out);
      throw error;
    }
  }

  async run(): Promise<TrainPolicyResult> {
    const { out, config } = this.#options;
    const saved = this.#checkpoint;
    const phase = new Phase(
      this.#net,
      config.training,
      this.#limitSec(saved?.state.clock.elapsedSec ?? 0),
      saved?.state.clock,
    );
    if (saved !== null) {
      phase.optimizer.loadStateDict(saved.optimizer);
      phase.ema.loadStateDict(saved.averages);
      phase.ema.updates = saved.state.emaUpdates;
      phase.rms.restore(saved.state.lossRms);
    }
    try {
      const framesPerSecond = await this.#loop(phase);
      phase.settle();
      writePolicyWeights(out, this.#net);
      const { step, elapsedSec } = phase.clock;
      return {
        run: out,
        steps: step,
        loss: this.#loss,
        framesPerSecond,
        parameters: this.#net.numParameters(),
        episodes: this.#loader.episodes.length,
        frames: this.#loader.episodes.reduce((sum, { length }) => sum + length, 0),
        trainingSec: elapsedSec,
        seconds: this.#elapsedSec,
      };
    } finally {
      phase.close();
    }
  }

  async close(): Promise<void> {
    await this.#loader.close();
    this.#net.free();
  }

  /** Time spent on this run, earlier sessions up to their last checkpoint included. */
  get #elapsedSec(): number {
    return this.#earlierSec + (performance.now() - this.#began) / 1000;
  }

  #limitSec(spentInStepsSec: number): number | undefined {
    const { minutes } = this.#options;
    if (minutes === undefined) return undefined;
    return Math.max(1, minutes * 60 - SAVING_SEC - (this.#elapsedSec - spentInStepsSec));
  }

  /** Steps until the phase is done, with log, progress and checkpoints. @returns instants per second */
  async #loop(phase: Phase): Promise<number> {
    const { onProgress, signal, config } = this.#options;
    const began = { step: phase.clock.step, elapsedSec: phase.clock.elapsedSec };
    let lastSave = performance.now();
    let waitSec = 0;
    let rate = 0;
    while (!phase.clock.isDone) {
      const waitFrom = performance.now();
      const losses = await this.#prepare();
      const waited = (performance.now() - waitFrom) / 1000;
      waitSec += waited;
      const report = phase.step(losses, waited);
      for (const [key, value] of Object.entries(report.losses)) {
        this.#loss[key] = 0.95 * (this.#loss[key] ?? value) + 0.05 * value;
      }
      const { step, elapsedSec, factor, progress, secondsLeft } = phase.clock;
      const seconds = Math.max(1e-9, elapsedSec - began.elapsedSec);
      rate = ((step - began.step) * config.training.batch) / seconds;
      const shared = { phase: "imitation", step, framesPerSec: rate, dataWait: waitSec / seconds } as const;
      if (step % LOG_EVERY_STEPS === 0) {
        this.#log.write({ ...shared, ...this.#loss, gradNorm: report.gradNorm, lrFactor: factor });
      }
      onProgress?.({ ...shared, progress, losses: this.#loss, secondsLeft });
      const isAborted = signal?.aborted ?? false;
      if (isAborted || performance.now() - lastSave > CHECKPOINT_EVERY_SEC * 1000) {
        this.#save(phase);
        lastSave = performance.now();
      }
      if (isAborted) throw new AbortedError(`Stopped at step ${step}; run again with --resume to go on.`);
      // Lets Ctrl-C and the decoding threads' messages through.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#save(phase);
    return rate;
  }

  /** Waits for a batch; what it gives computes the loss inside a scope. */
  async #prepare(): Promise<LossFn> {
    const { config } = this.#options;
    const net = this.#net;
    const clip = await this.#loader.next();
    const prepared = await this.#memory.prepare(clip, this.#textsOf(clip));
    const { actions, isKnown } = this.#chunks.read(clip, config.chunk);
    const unknownWords = { rng: this.#rng, share: config.unknownWordShare };
    return () => {
      const { device, facts } = net;
      const shape = [clip.B, config.chunk];
      const target = {
        actions: fromTyped(actions, [...shape, facts.actionWidth], { device }),
        isKnown: fromTyped(isKnown, shape, { device }).bool(),
      };
      const value = autocast(
        { enabled: this.#usesBfloat16, device: device.startsWith("cuda") ? "cuda" : "cpu" },
        () =>
          net.loss(toPercept(prepared, { widths: facts.features, device }), target, {
            generator: this.#generator,
            unknownWords,
          }),
      );
      return { imitation: { value, weight: 1 } };
    };
  }

  #textsOf({ B, task }: Clip): string[] {
    return Array.from({ length: B }, (_, b) => this.#loader.tasks[task[b] as number] ?? "");
  }

  #save(phase: Phase): void {
    writeCheckpoint(join(this.#options.out, "training"), {
      state: {
        phase: "imitation",
        clock: phase.clock.state,
        elapsedSec: this.#elapsedSec,
        steps: { imitation: phase.clock.step },
        emaUpdates: phase.ema.updates,
        lossRms: phase.rms.state,
        rng: this.#rng.state,
        generator: Buffer.from(this.#generator.getState()).toString("base64"),
        loader: this.#loader.state,
      },
      weights: this.#net.stateDict(),
      averages: phase.ema.stateDict(),
      optimizer: phase.optimizer.stateDict(),
    });
  }
}

/**
 * What a policy trained on these recordings would be made for.
 * @throws {UsageError} if the backbone is not the configuration's; @throws {DataError} if there is nothing to imitate, or nothing says what to do
 */
export function policyFacts(
  options: Pick<TrainPolicyOptions, "config" | "sources" | "cameras" | "backbone">,
): PolicyFacts {
  const { config, sources } = options;
  return factsOf(config, chooseDemonstrations(sources, config.demonstrations).sources, options);
}

function factsOf(
  config: PolicyConfig,
  sources: readonly TrainingSource[],
  { cameras, backbone }: Pick<TrainPolicyOptions, "cameras" | "backbone">,
): PolicyFacts {
  if ((config.backbone === null) !== (backbone === undefined)) {
    throw new UsageError(
      `trainPolicy: the configuration's backbone is ${config.backbone ?? "none"}, ${backbone === undefined ? "none was" : "one was"} passed on. Open config.backbone with openBackbone.`,
    );
  }
  const facts = streamFacts(sources, cameras);
  if (facts.actionWidth === 0) {
    throw new DataError(
      `trainPolicy: ${sources.map(({ dataset }) => dataset.files.root).join(", ")} must hold actions to imitate, there are none.`,
    );
  }
  const vocabulary = config.family === "bc" ? [] : buildVocabulary(instructionsOf(sources));
  if (config.family === "vla" && vocabulary.length === 0) {
    throw new DataError(
      `trainPolicy: a policy with language needs episodes with an instruction, ${sources.map(({ dataset }) => dataset.files.root).join(", ")} has none. Train bc-tiny instead.`,
    );
  }
  return { ...facts, vocabulary, features: backbone?.widths ?? null };
}

/** Means and deviations of the imitated episodes. */
function setScales(net: PolicyNet, loader: ClipLoader): void {
  const state = vectorStats(loader.episodes, "state");
  const action = vectorStats(loader.episodes, "action");
  noGrad(() => {
    if (state !== null) net.stateScale.set(state);
    if (action !== null) net.actionScale.set(action);
  });
}

function describe({ episodes, leftOut }: Chosen): string {
  const parts = [`${episodes} episodes to imitate`];
  if (leftOut.play > 0) parts.push(`${leftOut.play} of play left out, which have no task to name`);
  if (leftOut.failures > 0) parts.push(`${leftOut.failures} failed ones left out, which are no example`);
  return parts.join("; ");
}

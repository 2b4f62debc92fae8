/**
 * What training is for every kind of model: a run folder, clips, a log, a time limit, and phases that can be stopped
 * at any step and resumed to the same trajectory. What is trained in which phase belongs to the family.
 */
import { join } from "node:path";
import { AbortedError, makeRng, Rng } from "@orrery/core";
import type { ClipLoader } from "@orrery/data";
import { autocast, Generator, noGrad, scope, type Module } from "@orrery/torch";
import type { AnyConfig, PhaseConfig } from "../config.ts";
import { writeCheckpoint, type Checkpoint, type PhaseName } from "./checkpoint.ts";
import { WARM_START } from "./clock.ts";
import type { TrainingSource } from "./latent-store.ts";
import { MetricLog } from "./metrics.ts";
import { Phase, type LossFn } from "./phase.ts";
import { choosePrecision } from "./precision.ts";
import { writeTrunk } from "./trunk.ts";

export interface TrainProgress<Name extends string = PhaseName> {
  readonly phase: Name | "encode";
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

/** What any training is told, whatever it trains; `Name` are its phases. */
export interface SessionOptions<Name extends string = PhaseName> {
  /** Run folder. */
  readonly out: string;
  readonly seed: number;
  /** Time for everything, set-up and saving included; the configuration's steps decide where left out. */
  readonly minutes?: number;
  readonly resume?: boolean;
  readonly device?: string;
  readonly onProgress?: (progress: TrainProgress<Name>) => void;
  /** One line on each choice made for the user. */
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
}

export interface TrainOptions extends SessionOptions {
  readonly config: AnyConfig;
  readonly sources: readonly TrainingSource[];
  /** All that the datasets share where left out. */
  readonly cameras?: readonly string[];
  /** A finished run of the same tokenizer configuration, whose tokenizer is taken over instead of training one. */
  readonly tokenizerFrom?: string;
  /** A finished run of the same network, from whose trunk this one goes on (trunk.ts); words and scales stay. */
  readonly continueFrom?: string;
}

type ByPhase<Name extends string = PhaseName> = Readonly<{ [Phase in Name]?: number }>;

/** What came of training a model of either family; numbers by the phases that it has. */
export interface AnyTrainResult<Numbers = ByPhase> {
  readonly run: string;
  readonly steps: Numbers;
  /** Last averages of the losses. */
  readonly loss: Readonly<Record<string, number>>;
  readonly framesPerSecond: Numbers;
  readonly parameters: Numbers;
  readonly seconds: number;
}

/** Of the generative family. */
export type TrainResult = AnyTrainResult<{ readonly tokenizer: number; readonly dynamics: number }>;

/**
 * One phase under way; `prepare` may wait for data and is told whether the learning rate falls, `watch` adds numbers to a
 * line of the log.
 */
export interface PhaseWork {
  readonly framesPerStep: number;
  readonly prepare: (isDecaying: boolean) => Promise<LossFn>;
  readonly watch?: (step: number) => Readonly<Record<string, number>>;
  /** Whether later runs may go on from this phase, so that its trunk is kept. */
  readonly hasTrunk?: boolean;
}

const CHECKPOINT_EVERY_SEC = 60;
const LOG_EVERY_STEPS = 20;
/** Kept back for saving the release when a time limit is given. */
const SAVING_SEC = 3;

/** A model as training sees it. */
export type Trainable = Pick<Module, "stateDict" | "free"> & { readonly device: string };

interface SessionParts<Model, Name extends string> {
  readonly model: Model;
  readonly loader: ClipLoader;
  readonly checkpoint: Checkpoint<Name> | null;
  /** In the order in which they are trained. */
  readonly phases: readonly Name[];
  /** What a phase of that name goes on from where there is no checkpoint of it yet; its weights are in the model already. */
  readonly trunk?: Checkpoint<Name> | null;
}

export class Session<
  Model extends Trainable = Trainable,
  Name extends string = PhaseName,
  Options extends SessionOptions<Name> = SessionOptions<Name> & TrainOptions,
> {
  readonly options: Options;
  readonly model: Model;
  readonly loader: ClipLoader;
  readonly generator: Generator;
  readonly usesBfloat16: boolean;
  readonly rng: Rng;
  /** What the run is resumed from, until its phase has been opened. */
  checkpoint: Checkpoint<Name> | null;
  readonly #trunk: Checkpoint<Name> | null;
  readonly #phases: readonly Name[];
  readonly #log: MetricLog;
  readonly #began = performance.now();
  #earlierSec = 0;
  #loss: Record<string, number> = {};
  /** Losses with which phases ended. */
  readonly #ended: Record<string, number> = {};
  readonly #rate: { [Phase in Name]?: number } = {};
  readonly #steps: { [Phase in Name]?: number } = {};

  constructor(options: Options, parts: SessionParts<Model, Name>) {
    const { model, loader, checkpoint, phases, trunk = null } = parts;
    const device = options.device ?? "cpu";
    this.options = options;
    this.model = model;
    this.loader = loader;
    this.checkpoint = checkpoint;
    this.#trunk = trunk;
    this.generator = new Generator(options.seed, device);
    this.rng = checkpoint === null ? makeRng(options.seed, "training") : new Rng(checkpoint.state.rng);
    this.#phases = phases;
    this.#log = new MetricLog(options.out);
    for (const name of phases) this.#rate[name] = this.#steps[name] = 0;
    const precision = choosePrecision(device);
    this.usesBfloat16 = precision.usesBfloat16;
    options.onNote?.(precision.reason);
    if (checkpoint !== null) this.#resumeFrom(checkpoint);
    else if (options.resume === true) this.#log.rewindTo(phases[0] ?? "", 0, phases); // stopped before its first checkpoint
  }

  /** Whether the run stands in this phase or has yet to come to it. */
  isAhead(name: Name): boolean {
    const at = this.checkpoint?.state.phase;
    return at === undefined || this.#phases.indexOf(name) >= this.#phases.indexOf(at);
  }

  /**
   * Trains the parameters of `module` in a phase, to its end.
   * @param share of the time that is left
   */
  async train(
    name: Name,
    module: Module,
    config: PhaseConfig,
    share: number,
    work: PhaseWork,
  ): Promise<void> {
    const phase = this.#openPhase(name, module, config, share);
    try {
      await this.#loop(name, phase, work);
      Object.assign(this.#ended, this.#loss);
      phase.settle();
    } finally {
      phase.close();
    }
    this.checkpoint = null;
  }

  /** Puts the loader where a resumed phase left it; a new phase goes on where it is. */
  restoreLoader(name: Name): void {
    const saved = this.checkpoint?.state;
    if (saved?.phase === name && saved.loader !== null) this.loader.restore(saved.loader);
  }

  /** Averages in the trunk begin anew at what an earlier phase of this run has made of the parameters of `module`. */
  amendTrunk(module: Module): void {
    const averages = this.#trunk?.averages;
    scope(() =>
      noGrad(() => {
        for (const [name, parameter] of module.namedParameters()) averages?.get(name)?.copy_(parameter);
      }),
    );
  }

  autocast<T>(fn: () => T): T {
    const device = this.model.device.startsWith("cuda") ? "cuda" : "cpu";
    return autocast({ enabled: this.usesBfloat16, device }, fn);
  }

  result(parameters: ByPhase<Name>): AnyTrainResult<ByPhase<Name>> {
    return {
      run: this.options.out,
      steps: this.#steps,
      loss: { ...this.#ended },
      framesPerSecond: this.#rate,
      parameters,
      seconds: this.#elapsedSec,
    };
  }

  /** Time spent on this run, earlier sessions up to their last checkpoint included. */
  get #elapsedSec(): number {
    return this.#earlierSec + (performance.now() - this.#began) / 1000;
  }

  #resumeFrom({ state }: Checkpoint<Name>): void {
    this.#earlierSec = state.elapsedSec;
    Object.assign(this.#steps, state.steps);
    this.generator.setState(Buffer.from(state.generator, "base64"));
    this.#log.rewindTo(state.phase, state.clock.step, this.#phases);
    this.options.onNote?.(`resumed in phase ${state.phase} at step ${state.clock.step}`);
  }

  /** What is left of the time limit for a phase, or undefined without one. */
  #limitSec(share: number, spentInPhaseSec: number): number | undefined {
    const { minutes } = this.options;
    if (minutes === undefined) return undefined;
    return Math.max(1, (minutes * 60 - SAVING_SEC - (this.#elapsedSec - spentInPhaseSec)) * share);
  }

  #openPhase(name: Name, module: Module, config: PhaseConfig, share: number): Phase {
    const saved = this.checkpoint?.state.phase === name ? this.checkpoint : null;
    const trunk = this.#trunk?.state.phase === name ? this.#trunk : null;
    const limit = this.#limitSec(share, saved?.state.clock.elapsedSec ?? 0);
    const clock = saved?.state.clock ?? (trunk === null ? undefined : WARM_START);
    const phase = new Phase(module, config, limit, clock);
    const from = saved ?? trunk;
    if (from !== null) {
      phase.optimizer.loadStateDict(from.optimizer);
      phase.ema.loadStateDict(from.averages);
      phase.ema.updates = from.state.emaUpdates;
      phase.rms.restore(from.state.lossRms);
    }
    return phase;
  }

  /** Steps until the phase is done, with log, progress and checkpoints. */
  async #loop(name: Name, phase: Phase, work: PhaseWork): Promise<void> {
    const { onProgress } = this.options;
    let lastSave = performance.now();
    let waitSec = 0;
    const began = { step: phase.clock.step, elapsedSec: phase.clock.elapsedSec };
    const average = new Map<string, number>();
    while (!phase.clock.isDone) {
      this.#keepTrunk(name, phase, work);
      const waitFrom = performance.now();
      const losses = await work.prepare(phase.clock.isDecaying);
      const waited = (performance.now() - waitFrom) / 1000;
      waitSec += waited;
      const report = phase.step(losses, waited);
      for (const [key, value] of Object.entries(report.losses)) {
        average.set(key, 0.95 * (average.get(key) ?? value) + 0.05 * value);
      }
      const { step, elapsedSec, factor } = phase.clock;
      const seconds = Math.max(1e-9, elapsedSec - began.elapsedSec);
      const rate = ((step - began.step) * work.framesPerStep) / seconds;
      const dataWait = waitSec / seconds;
      this.#loss = Object.fromEntries(average);
      this.#rate[name] = rate;
      this.#steps[name] = step;
      if (step % LOG_EVERY_STEPS === 0) {
        this.#log.write({
          phase: name,
          step,
          ...this.#loss,
          ...work.watch?.(step),
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
      const isAborted = this.options.signal?.aborted ?? false;
      if (isAborted || performance.now() - lastSave > CHECKPOINT_EVERY_SEC * 1000) {
        this.#save(name, phase);
        lastSave = performance.now();
      }
      if (isAborted)
        throw new AbortedError(`Stopped in phase ${name} at step ${step}; run again with --resume to go on.`);
      // Lets Ctrl-C and the decoding threads' messages through.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#keepTrunk(name, phase, work); // of a phase without decay
    this.#save(name, phase);
  }

  #save(name: Name, phase: Phase): void {
    writeCheckpoint(join(this.options.out, "training"), this.#standing(name, phase));
  }

  #keepTrunk(name: Name, phase: Phase, { hasTrunk = false }: PhaseWork): void {
    if (hasTrunk && phase.clock.isAtTrunk) writeTrunk(this.options.out, this.#standing(name, phase));
  }

  /** All that a phase can be gone on with from where it stands. */
  #standing(phaseName: Name, phase: Phase): Checkpoint<Name> {
    return {
      state: {
        phase: phaseName,
        clock: phase.clock.state,
        elapsedSec: this.#elapsedSec,
        steps: this.#steps,
        emaUpdates: phase.ema.updates,
        lossRms: phase.rms.state,
        rng: this.rng.state,
        generator: Buffer.from(this.generator.getState()).toString("base64"),
        loader: this.loader.state,
      },
      weights: this.model.stateDict(),
      averages: phase.ema.stateDict(),
      optimizer: phase.optimizer.stateDict(),
    };
  }
}

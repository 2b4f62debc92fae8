/**
 * A training run of one phase on clips as they are recorded, for the small networks beside the world model: inverse
 * dynamics and latent actions. Every random choice follows the seed; a run can be stopped and resumed to the same weights.
 */
import { join } from "node:path";
import { AbortedError, makeRng, type Clip } from "@orrery/core";
import type { ClipLoader } from "@orrery/data";
import { noGrad, type Generator, type Module } from "@orrery/torch";
import type { PhaseConfig } from "../config-parts.ts";
import { readCheckpoint, writeCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { MetricLog } from "./metrics.ts";
import { Phase, type LossFn } from "./phase.ts";

export interface FitProgress {
  readonly phase: string;
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

export interface FitOptions {
  /** Name of the phase in log and checkpoints. */
  readonly name: string;
  readonly module: Module;
  readonly training: PhaseConfig;
  readonly loader: ClipLoader;
  /** All noise of the losses; its state is part of the checkpoint. */
  readonly generator: Generator;
  /** Run folder. */
  readonly out: string;
  readonly seed: number;
  readonly resume: boolean;
  readonly minutes?: number;
  readonly lossesOf: (clip: Clip) => LossFn;
  /** More numbers for the log, computed from the last clip whenever a line is written. */
  readonly watch?: (clip: Clip, step: number) => Readonly<Record<string, number>>;
  readonly onProgress?: (progress: FitProgress) => void;
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
}

export interface FitResult {
  readonly steps: number;
  /** Last averages of the losses. */
  readonly losses: Readonly<Record<string, number>>;
  readonly framesPerSec: number;
  readonly seconds: number;
}

const CHECKPOINT_EVERY_SEC = 60;
const LOG_EVERY_STEPS = 20;
/** Part of a loss average that each step renews. */
const RENEWAL = 0.05;

/**
 * Trains `module` and leaves the averaged weights in it.
 * @throws {AbortedError} if the signal fires; the checkpoint is then on disk
 */
export async function fitClips(options: FitOptions): Promise<FitResult> {
  const { name, loader, out, signal, onProgress } = options;
  const log = new MetricLog(out);
  const saved = options.resume ? readCheckpoint<string>(join(out, "training")) : null;
  const phase = openPhase(options, saved);
  log.rewindTo(name, phase.clock.step);
  const { T, B, V } = loader.shape;
  const losses: Record<string, number> = {};
  const began = { step: phase.clock.step, elapsedSec: phase.clock.elapsedSec };
  let waitSec = 0;
  let lastSave = performance.now();
  const rate = (): number =>
    ((phase.clock.step - began.step) * B * T * V) / Math.max(1e-9, phase.clock.elapsedSec - began.elapsedSec);
  try {
    while (!phase.clock.isDone) {
      const waitFrom = performance.now();
      const clip = await loader.next();
      const waited = (performance.now() - waitFrom) / 1000;
      waitSec += waited;
      const report = phase.step(options.lossesOf(clip), waited);
      for (const [key, value] of Object.entries(report.losses))
        losses[key] = (1 - RENEWAL) * (losses[key] ?? value) + RENEWAL * value;
      const { step, factor, progress, secondsLeft, elapsedSec } = phase.clock;
      const dataWait = waitSec / Math.max(1e-9, elapsedSec - began.elapsedSec);
      if (step % LOG_EVERY_STEPS === 0) {
        const watched = options.watch?.(clip, step) ?? {};
        const { gradNorm } = report;
        log.write({
          phase: name,
          step,
          ...losses,
          ...watched,
          gradNorm,
          lrFactor: factor,
          framesPerSec: rate(),
          dataWait,
        });
      }
      onProgress?.({
        phase: name,
        step,
        progress,
        losses: { ...losses },
        framesPerSec: rate(),
        dataWait,
        secondsLeft,
      });
      const isAborted = signal?.aborted ?? false;
      if (isAborted || performance.now() - lastSave > CHECKPOINT_EVERY_SEC * 1000) {
        save(options, phase);
        lastSave = performance.now();
      }
      if (isAborted)
        throw new AbortedError(`Stopped in phase ${name} at step ${step}; run again with --resume to go on.`);
      // Lets Ctrl-C and the decoding threads' messages through.
      await new Promise((resolve) => setImmediate(resolve));
    }
    save(options, phase);
    phase.settle();
    return { steps: phase.clock.step, losses, framesPerSec: rate(), seconds: phase.clock.elapsedSec };
  } finally {
    phase.close();
  }
}

function openPhase(
  { name, module, training, loader, generator, minutes, onNote }: FitOptions,
  saved: Checkpoint<string> | null,
): Phase {
  const limitSec = minutes === undefined ? undefined : Math.max(1, minutes * 60);
  if (saved !== null) noGrad(() => module.loadStateDict(saved.weights));
  const phase = new Phase(module, training, limitSec, saved?.state.clock);
  if (saved === null) return phase;
  const { state } = saved;
  phase.optimizer.loadStateDict(saved.optimizer);
  phase.ema.loadStateDict(saved.averages);
  phase.ema.updates = state.emaUpdates;
  phase.rms.restore(state.lossRms);
  generator.setState(Buffer.from(state.generator, "base64"));
  if (state.loader !== null) loader.restore(state.loader);
  onNote?.(`resumed in phase ${name} at step ${state.clock.step}`);
  return phase;
}

function save({ name, module, loader, generator, out, seed }: FitOptions, phase: Phase): void {
  writeCheckpoint(join(out, "training"), {
    state: {
      phase: name,
      clock: phase.clock.state,
      elapsedSec: phase.clock.elapsedSec,
      steps: { [name]: phase.clock.step },
      emaUpdates: phase.ema.updates,
      lossRms: phase.rms.state,
      rng: makeRng(seed, name).state, // nothing here is drawn in JavaScript
      generator: Buffer.from(generator.getState()).toString("base64"),
      loader: loader.state,
    },
    weights: module.stateDict(),
    averages: phase.ema.stateDict(),
    optimizer: phase.optimizer.stateDict(),
  });
}

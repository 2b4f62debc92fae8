/** One phase of training: optimiser, averages, schedule and the step that all kinds of model share. */
import { OrreryError } from "@orrery/core";
import {
  AdamW,
  clipGradNorm,
  Ema,
  MuonWithAdamW,
  scope,
  type Module,
  type NamedParameters,
  type Optimizer,
  type Tensor,
} from "@orrery/torch";
import type { PhaseConfig } from "../config.ts";
import { RunningRms } from "../nets/running-rms.ts";
import { PhaseClock, type ClockState } from "./clock.ts";

/** A scalar loss and its weight beside the others once each is normalised by its running size. */
export interface WeightedLoss {
  readonly value: Tensor;
  readonly weight: number;
  /** Takes the loss as it is instead of dividing it by its running size: where the balance of losses is the method. */
  readonly isAbsolute?: boolean;
}

/** Computes the losses of one batch, inside a scope. */
export type LossFn = () => Readonly<Record<string, WeightedLoss>>;

export interface StepReport {
  /** Losses as they are, before normalisation. */
  readonly losses: Readonly<Record<string, number>>;
  readonly gradNorm: number;
}

/** This many steps in a row without a finite gradient end the run: it has diverged. */
const MAX_BAD_STEPS = 20;

export class Phase {
  readonly parameters: NamedParameters;
  readonly optimizer: Optimizer;
  readonly ema: Ema;
  readonly clock: PhaseClock;
  readonly rms = new RunningRms();
  readonly #config: PhaseConfig;
  #badSteps = 0;

  constructor(module: Module, config: PhaseConfig, limitSec: number | undefined, clock?: ClockState) {
    // What is frozen is not averaged either: that would round it.
    this.parameters = module.namedParameters().filter(([, parameter]) => parameter.requiresGrad);
    this.#config = config;
    this.optimizer = makeOptimizer(this.parameters, config);
    this.ema = new Ema(this.parameters, { decay: config.emaDecay });
    const { warmupSteps, decayShare, steps } = config;
    const limit = limitSec === undefined ? {} : { limitSec };
    this.clock = new PhaseClock({ warmupSteps, decayShare, steps, ...limit }, clock);
  }

  /**
   * One optimiser step on what `losses` computes inside a scope. Steps whose gradient is not finite are left out.
   * @param waitedSec time that its batch was waited for, which counts towards a time limit
   */
  step(losses: LossFn, waitedSec = 0): StepReport {
    const began = performance.now();
    const report = scope(() => {
      const parts = Object.entries(losses());
      const values: Record<string, number> = {};
      let total: Tensor | undefined;
      for (const [name, { value, weight, isAbsolute = false }] of parts) {
        const number = value.item();
        values[name] = number;
        const term = value.mul(weight * (isAbsolute ? 1 : this.rms.factor(name, number)));
        total = total === undefined ? term : total.add(term);
      }
      this.optimizer.zeroGrad();
      total?.backward();
      const gradNorm = clipGradNorm(
        this.parameters.map(([, p]) => p),
        this.#config.clipNorm,
      );
      return { losses: values, gradNorm };
    });
    this.#update(report);
    this.clock.tick(waitedSec + (performance.now() - began) / 1000);
    return report;
  }

  /** Puts the averages in place of the weights for good, at the end of the phase. */
  settle(): void {
    const averages = this.ema.stateDict();
    scope(() => {
      for (const [name, parameter] of this.parameters) parameter.detach().copy_(averages.get(name) as Tensor);
    });
  }

  /** Frees averages and gradients. */
  close(): void {
    this.optimizer.zeroGrad();
    for (const state of this.optimizer.stateDict().values()) state.free();
    this.ema.free();
  }

  #update({ losses, gradNorm }: StepReport): void {
    const isFinite = Number.isFinite(gradNorm) && Object.values(losses).every(Number.isFinite);
    if (isFinite) {
      this.#badSteps = 0;
      this.optimizer.step(this.clock.factor);
      this.ema.update();
      return;
    }
    this.#badSteps += 1;
    if (this.#badSteps < MAX_BAD_STEPS) return;
    throw new OrreryError(
      `training: ${MAX_BAD_STEPS} steps in a row had no finite gradient (losses ${JSON.stringify(losses)}). ` +
        "Lower training's learningRate and resume from the last checkpoint.",
    );
  }
}

function makeOptimizer(parameters: NamedParameters, config: PhaseConfig): Optimizer {
  const { learningRate: lr, weightDecay } = config;
  const adamw = { lr, weightDecay, betas: [0.9, 0.95] as const };
  // Muon's update has the root mean square of AdamW's, so both take the same rate (Liu et al. 2025, arXiv:2502.16982).
  return config.optimizer === "adamw"
    ? new AdamW(parameters, adamw)
    : new MuonWithAdamW(parameters, { muon: { lr, weightDecay }, adamw });
}

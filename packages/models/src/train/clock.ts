/**
 * How far a phase of training is, and the learning rate factor that follows: warm-up, constant, linear decay.
 *
 * Where the constant part ends there is a trunk: weights as a longer training would have them too, from which another
 * phase may go on as if no decay had been (Hu et al. 2024, MiniCPM, arXiv:2404.06395, section 4; Haegele et al. 2024,
 * arXiv:2405.18392).
 *
 * A phase ends after a number of steps or, with a time limit, when its time is used up. Time decides one thing only,
 * the step at which the decay begins; from then on the rest is counted in steps. So a run resumed from a checkpoint
 * goes through the same factors as one that was never stopped.
 */

export interface ClockOptions {
  readonly warmupSteps: number;
  readonly decayShare: number;
  /** Steps in all where there is no time limit. */
  readonly steps: number;
  readonly limitSec?: number;
}

export interface ClockState {
  readonly step: number;
  readonly elapsedSec: number;
  readonly decayStart: number | null;
  /** Whether the phase began at the full rate, because it goes on from a trunk. */
  readonly isWarm?: boolean;
}

/** Of a phase that goes on from the trunk of another one. */
export const WARM_START: ClockState = { step: 0, elapsedSec: 0, decayStart: null, isWarm: true };

/** A phase held up by a busy machine is cut off at this multiple of its limit. */
const OVERTIME = 1.1;
const FINAL_FACTOR = 0.01;

export class PhaseClock {
  readonly #options: ClockOptions;
  #step = 0;
  #elapsedSec = 0;
  #decayStart: number | null;
  readonly #isWarm: boolean;

  constructor(options: ClockOptions, state?: ClockState) {
    this.#options = options;
    this.#decayStart =
      options.limitSec === undefined ? Math.round(options.steps * (1 - options.decayShare)) : null;
    this.#isWarm = state?.isWarm ?? false;
    if (state === undefined) return;
    this.#step = state.step;
    this.#elapsedSec = state.elapsedSec;
    this.#decayStart = state.decayStart ?? this.#decayStart;
  }

  get state(): ClockState {
    const { step, elapsedSec } = this;
    return { step, elapsedSec, decayStart: this.#decayStart, ...(this.#isWarm ? { isWarm: true } : {}) };
  }

  get step(): number {
    return this.#step;
  }

  get elapsedSec(): number {
    return this.#elapsedSec;
  }

  /** Counts one step that took `seconds`. */
  tick(seconds: number): void {
    this.#step += 1;
    this.#elapsedSec += seconds;
    const { limitSec, decayShare } = this.#options;
    if (
      limitSec !== undefined &&
      this.#decayStart === null &&
      this.#elapsedSec >= limitSec * (1 - decayShare)
    ) {
      this.#decayStart = this.#step;
    }
  }

  /** Whether the next step is the first of the decay: here is the trunk. */
  get isAtTrunk(): boolean {
    return this.#step === this.#decayStart;
  }

  /** Whether the learning rate falls from the next step on. */
  get isDecaying(): boolean {
    return this.#decayStart !== null && this.#step >= this.#decayStart;
  }

  get isDone(): boolean {
    const { limitSec } = this.#options;
    if (limitSec !== undefined && this.#elapsedSec > limitSec * OVERTIME) return true;
    return this.#decayStart !== null && this.#step >= this.#totalSteps(this.#decayStart);
  }

  /** Factor of the peak learning rate for the step to come. */
  get factor(): number {
    const warm = this.#isWarm ? 1 : Math.min(1, (this.#step + 1) / Math.max(1, this.#options.warmupSteps));
    if (this.#decayStart === null || !this.isDecaying) return warm;
    const total = this.#totalSteps(this.#decayStart);
    const progress = (this.#step - this.#decayStart) / Math.max(1, total - this.#decayStart);
    return warm * (1 - (1 - FINAL_FACTOR) * Math.min(1, progress));
  }

  /** Share of the phase that is done, for progress. */
  get progress(): number {
    const { limitSec, decayShare } = this.#options;
    if (this.#decayStart !== null)
      return Math.min(1, this.#step / Math.max(1, this.#totalSteps(this.#decayStart)));
    return Math.min(1 - decayShare, this.#elapsedSec / Math.max(1e-9, limitSec ?? Infinity));
  }

  /** Seconds left at the present rate. */
  get secondsLeft(): number {
    if (this.#step === 0) return Number.NaN;
    return this.#elapsedSec * (1 / Math.max(this.progress, 1e-6) - 1);
  }

  #totalSteps(decayStart: number): number {
    const { limitSec, steps, decayShare } = this.#options;
    return limitSec === undefined
      ? steps
      : Math.max(decayStart, Math.round(decayStart / Math.max(1 - decayShare, 0.05)));
  }
}

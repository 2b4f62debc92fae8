/**
 * Learning rate schedules: pure functions of the step, so that resuming a run needs no schedule state.
 * Each gives a factor in [0, 1] to multiply the peak rate with.
 */
import { ConfigError } from "@orrery/core";

/** Step (counted from 0) to the factor of the peak learning rate. */
export type Schedule = (step: number) => number;

export interface WarmupStableDecayConfig {
  /** Steps of linear rise; the first step already uses 1 / warmupSteps. */
  readonly warmupSteps: number;
  /** Steps in all; from here on the factor stays at `finalFactor`. */
  readonly totalSteps: number;
  /** Steps of decay at the end. */
  readonly decaySteps: number;
  /** Factor at the end. */
  readonly finalFactor?: number;
  /** Form of the decay: `sqrt` falls as 1 - sqrt(progress), which Hägele et al. 2024 found best. */
  readonly decay?: "linear" | "sqrt" | "cosine";
}

/**
 * Warm-up, then constant, then decay. A run can be lengthened before its decay starts without redoing anything.
 *
 * Source: Hu et al. 2024 (MiniCPM), arXiv:2404.06395; decay forms from Hägele et al. 2024, arXiv:2405.18392.
 * @throws {ConfigError} if the phases are negative or do not fit into the total
 */
export function warmupStableDecay(config: WarmupStableDecayConfig): Schedule {
  const { warmupSteps, totalSteps, decaySteps, finalFactor = 0, decay = "sqrt" } = config;
  const problems: string[] = [];
  for (const [name, value] of Object.entries({ warmupSteps, totalSteps, decaySteps })) {
    if (!Number.isInteger(value) || value < 0) {
      problems.push(`${name} must be a whole number of at least 0, got ${value}`);
    }
  }
  if (warmupSteps + decaySteps > totalSteps) {
    problems.push(
      `warmupSteps + decaySteps must be at most totalSteps ${totalSteps}, got ${warmupSteps + decaySteps}`,
    );
  }
  if (!(finalFactor >= 0 && finalFactor <= 1))
    problems.push(`finalFactor must lie in [0, 1], got ${finalFactor}`);
  if (problems.length > 0) throw new ConfigError("warmupStableDecay", problems);

  const decayStart = totalSteps - decaySteps;
  return (step) => {
    if (step < warmupSteps) return (step + 1) / warmupSteps;
    if (step < decayStart) return 1;
    const progress = decaySteps === 0 ? 1 : Math.min(1, (step - decayStart) / decaySteps);
    return finalFactor + (1 - finalFactor) * remaining(decay, progress);
  };
}

/** What is left of the height at `progress` in [0, 1] through the decay. */
function remaining(decay: "linear" | "sqrt" | "cosine", progress: number): number {
  if (decay === "linear") return 1 - progress;
  if (decay === "sqrt") return 1 - Math.sqrt(progress);
  return (1 + Math.cos(Math.PI * progress)) / 2;
}

/** Warm-up only: for runs that are stopped by the clock rather than by a step count. */
export function warmupConstant(warmupSteps: number): Schedule {
  return (step) => (step < warmupSteps ? (step + 1) / warmupSteps : 1);
}

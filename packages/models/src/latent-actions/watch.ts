/**
 * Whether the latent actions still say something. A collapsed encoder says the same of every pair of frames (all
 * numbers stay at the prior), or uses one direction only; the reconstruction alone does not show it for long.
 */
import { noGrad, ops, scope } from "@orrery/torch";
import { informationOf, type LatentBelief } from "./latent-action-model.ts";

export interface Spread {
  /** Numbers whose mean varies by at least a tenth of the prior's variance over the batch. */
  readonly activeNumbers: number;
  /** Participation ratio of the means' covariance: 1 = a single direction, Z = all alike. */
  readonly rank: number;
  /** Mean variance of the means, the prior's being 1. */
  readonly variance: number;
  /** Nats told per latent action. */
  readonly told: number;
}

const ACTIVE_VARIANCE = 0.1;
const LEAST_RANK = 1.2;
const LEAST_VARIANCE = 0.02;

/** Of the beliefs about a batch of at least two clips. */
export function measureLatents(belief: LatentBelief): Spread {
  return noGrad(() =>
    scope(() => {
      const { mean } = belief; // [B, Z]
      const centred = mean.sub(mean.mean(0, true)).double();
      const covariance = centred
        .t()
        .matmul(centred)
        .div(Math.max(1, mean.size(0) - 1)); // [Z, Z]
      const variances = Array.from(covariance.diagonal().toFloat64());
      const values = Array.from(ops.linalgEigvalsh(covariance).toFloat64(), (v) => Math.max(0, v));
      const sum = values.reduce((a, b) => a + b, 0);
      const squares = values.reduce((a, b) => a + b * b, 0);
      return {
        activeNumbers: variances.filter((v) => v >= ACTIVE_VARIANCE).length,
        rank: squares === 0 ? 0 : sum ** 2 / squares,
        variance: sum / variances.length,
        told: informationOf(belief).mean().item(),
      };
    }),
  );
}

/**
 * What is wrong with the latent actions at a step, in words; null while all is well or it is too early to tell.
 * @param settledSteps from here on little spread is no longer the beginning's
 */
export function collapseWarning(
  { rank, variance, told }: Spread,
  step: number,
  settledSteps: number,
): string | null {
  if (step < settledSteps) return null;
  if (variance < LEAST_VARIANCE) {
    return `the latent actions have collapsed at step ${step}: they tell ${told.toFixed(2)} nats and vary by ${variance.toFixed(3)} of the prior's variance. Lower beta, or train on video in which something moves`;
  }
  if (rank < LEAST_RANK) {
    return `the latent actions use one direction only at step ${step} (rank ${rank.toFixed(2)}). Lower beta, or make latentWidth larger`;
  }
  return null;
}

/**
 * The policy prior: what was done, in the recordings, on the way from one state to another. A planner takes what it
 * proposes into its search: it alone knows the ways that people took, from above and round what stands about, where a
 * search in a learned model finds actions that nobody ever took, for which the model is wrong (docs/experiments.md).
 *
 * It sees what the body feels and a goal, no pictures: where a task leads is the reader's to say (reader.ts), how a body
 * gets there is the same for all tasks, and play teaches it as well as demonstrations do (habits.ts).
 *
 * Sources: a policy beside a model in planning, TD-MPC2 (Hansen et al. 2024, arXiv:2310.16828); imitation of ways to goals
 * in hindsight, Ghosh et al. 2019, arXiv:1912.06088, from play, Lynch et al. 2019, arXiv:1903.01973.
 *
 * Shapes: B streams, P state width, K longest block, A action width.
 */
import { buffer, cat, zeros, type Generator, type Tensor } from "@orrery/torch";
import { ModesHead, pickMode, type Guess, type Modes } from "./modes.ts";

/** Normalised states to get to, [B, P]. */
export interface Aim {
  readonly mean: Tensor;
  /** 1 for every number that is told; others may become anything. */
  readonly isTold: Tensor;
  /** 1 where that is what a task asked for, and the way to it is how the task is done, [B, 1]; 0 where it may be any way. */
  readonly isAsked: Tensor;
}

/** A Gaussian of each number of the actions to come, normalised, [B, K, A]. */
export type PriorGuess = Guess;

export interface PriorSize {
  readonly width: number;
  readonly maxBlock: number;
  readonly stateWidth: number;
  readonly actionWidth: number;
  /** Ways that are told side by side where more than one may be right. */
  readonly modes: number;
}

/** People are not more exact than an eighth of a deviation; were they called so, a single slip would drown all else. */
export const PRIOR_LOG_VARIANCE = { low: -4, high: 1 };

/** How steep a distance looks close by, per deviation: the last centimetres decide. */
const NEAR = 2;

export class PriorNet extends ModesHead {
  /** 1 once it has been trained; scalar. */
  readonly isTrained: Tensor;
  readonly #block: readonly [K: number, A: number];

  constructor({ width, maxBlock, stateWidth, actionWidth, modes }: PriorSize, generator: Generator) {
    const numOutputs = maxBlock * actionWidth;
    super({ numInputs: 5 * stateWidth + 1, width, depth: 2, numOutputs, modes }, generator);
    this.isTrained = buffer(zeros([]));
    this.#block = [maxBlock, actionWidth];
  }

  /** One way each, by the number of its mode, int64 [B]. */
  way(modes: Modes, mode: Tensor): PriorGuess {
    const { mean, logVariance } = pickMode(modes, mode);
    const { low, high } = PRIOR_LOG_VARIANCE;
    return {
      mean: mean.unflatten(-1, this.#block),
      logVariance: logVariance.clamp(low, high).unflatten(-1, this.#block),
    };
  }

  /** All ways that may be right, their K A numbers in a row. @param state normalised, [B, P] */
  modes(state: Tensor, { mean, isTold, isAsked }: Aim): Modes {
    const away = mean.sub(state).mul(isTold);
    const inputs = cat([state, mean.mul(isTold), isTold, away, away.mul(NEAR).tanh(), isAsked], -1);
    return this.modesOf(inputs);
  }
}

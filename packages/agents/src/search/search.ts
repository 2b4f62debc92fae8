/**
 * What every search over action sequences is made of. A search knows no model: it is given a cost function and a
 * space, and returns the sequence it would carry out.
 *
 * Shapes: S samples, H horizon (planned steps), A action width, E elites.
 */
import { NoDecisionError, ShapeError } from "@orrery/core";
import { cat, type Generator, type Tensor } from "@orrery/torch";

/** Costs [S] of action sequences [S, H, A]; lower is better. Differentiable for `GradientSearch` only. */
export type CostFunction = (actions: Tensor) => Tensor;

/** Which sequences there are. A search borrows the tensors. */
export interface SearchSpace {
  readonly horizon: number; // H
  /** Limits of each number of an action, [A]; infinite where there are none. */
  readonly low: Tensor;
  readonly high: Tensor;
  /** Where a search without a warm start begins, [A]: usually the action that holds still. */
  readonly rest: Tensor;
  /** Standard deviation of the first samples, [A]: usually that of recorded actions. 0 leaves a number at rest. */
  readonly spread: Tensor;
  /**
   * Sequences that compete in every iteration, as a policy's do in TD-MPC2, [C, H, A]; null for none. Gradient descent takes none.
   */
  readonly candidates: Tensor | null;
}

/** What an earlier search left to begin from; see `shiftWarmStart`. */
export interface WarmStart {
  readonly actions: Tensor; // [H, A]
  readonly elites: Tensor | null; // [E, H, A]
}

/** What a search found. The tensors belong to the caller. */
export interface Found {
  /** Within the limits, [H, A]. */
  readonly actions: Tensor;
  /** Best sequences of the last iteration, best first, [E, H, A]; null where the method keeps none. */
  readonly elites: Tensor | null;
  /** Lowest cost in each iteration. */
  readonly costs: readonly number[];
  /** Sequences evaluated. */
  readonly evaluations: number;
}

export interface Search {
  readonly name: string;
  /**
   * Looks for a cheap sequence. Everything random comes from `generator`.
   * @throws {PlanningError} if a cost is not a finite number
   */
  find(cost: CostFunction, space: SearchSpace, warm: WarmStart | null, generator: Generator): Found;
}

/** A model gave costs that are no numbers. */
export class PlanningError extends NoDecisionError {
  /** Which samples, counted from 0. */
  readonly samples: readonly number[];

  constructor(message: string, samples: readonly number[]) {
    super(message);
    this.samples = samples;
  }
}

/** How many samples an error names before it only counts. */
const MAX_NAMED = 5;

/**
 * Costs of samples [S, H, A], checked.
 *
 * @param caller named in errors
 * @throws {ShapeError} if `cost` does not return one number per sample
 * @throws {PlanningError} naming the samples whose cost is NaN or infinite
 */
export function evaluate(caller: string, iteration: number, cost: CostFunction, actions: Tensor): Tensor {
  const S = actions.size(0);
  const costs = cost(actions);
  if (costs.rank !== 1 || costs.size(0) !== S) {
    throw new ShapeError(caller, "the costs", `[${S}], one per sample`, costs.shape);
  }
  const finite = costs.isfinite();
  if (finite.all().item() !== 0) return costs;
  const bad = Array.from(finite.logicalNot().nonzero().flatten().toTyped(), Number);
  const first = bad[0] ?? 0;
  const named = bad.slice(0, MAX_NAMED).join(", ") + (bad.length > MAX_NAMED ? ", ..." : "");
  const inputs = actions.select(0, first).isfinite().all().item() !== 0 ? "are finite" : "are not finite";
  throw new PlanningError(
    `${caller}: every sample must have a finite cost, got ${costs.select(0, first).item()} for ${bad.length} of ` +
      `${S} samples (${named}) in iteration ${iteration}; the actions of sample ${first} ${inputs}. ` +
      "The model leaves its range there: look at its surprise, train it for longer, or plan over a shorter horizon.",
    bad,
  );
}

/** Moves every number of actions [..., A] to within its limits. */
export function clampToLimits(actions: Tensor, { low, high }: SearchSpace): Tensor {
  return actions.maximum(low).minimum(high);
}

/** Samples [S, H, A] and the space's candidates, all within the limits: [S + C, H, A]. */
export function withCandidates(samples: Tensor, space: SearchSpace): Tensor {
  const { candidates } = space;
  return clampToLimits(candidates === null ? samples : cat([samples, candidates]), space);
}

/**
 * Where a search begins, [H, A]: its warm start, or the resting action at every step.
 * @throws {ShapeError} if the warm start is of another shape
 */
export function startOf(caller: string, space: SearchSpace, warm: WarmStart | null): Tensor {
  const H = space.horizon;
  const A = space.rest.size(0);
  const start = warm?.actions ?? space.rest.expand([H, A]);
  if (start.rank !== 2 || start.size(0) !== H || start.size(1) !== A) {
    throw new ShapeError(caller, "the warm start", `[${H}, ${A}]`, start.shape);
  }
  return clampToLimits(start, space);
}

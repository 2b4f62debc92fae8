/**
 * What makes an imagined future good: near to a goal picture, near to a goal state, or rich in reward and success and
 * near to what the model takes the task to feel like when it is done. All objectives are costs per sample, and each can
 * add what the model expects to be surprised by.
 *
 * Shapes: S futures, H imagined steps, E numbers of an embedding, P state width.
 */
import type { Rollout } from "@orrery/models";
import { fromTyped, type Tensor } from "@orrery/torch";

/** Costs [S] of futures; lower is better. Borrows the rollout. */
export type Objective = (futures: Rollout) => Tensor;

export interface ObjectiveOptions {
  /** Weight of each imagined step beside the next one's in rewards, in (0, 1]. */
  readonly discount: number;
  /** What a sure success is worth, in rewards. */
  readonly successWeight: number;
  /** Weight of the squared distance to what the body will feel when the task is done, in rewards per deviation. */
  readonly goalWeight: number;
  /**
   * Share of the cost of the mean over all steps of the way to a goal; the rest is the last step's. With none of it a
   * planner that plans anew at every step puts off what can still be done at the end.
   */
  readonly alongWeight: number;
  /** Cost of one unit of expected surprise, averaged over the steps. */
  readonly surpriseWeight: number;
}

/**
 * Mean squared distance of embeddings to that of the goal picture, `goal` [E].
 *
 * @param weights of their numbers, [E]; null where all count alike
 */
export function imageObjective(goal: Tensor, weights: Tensor | null, options: ObjectiveOptions): Objective {
  return (futures) => {
    const squared = futures.embedding.sub(goal).square();
    const distance = (weights === null ? squared : squared.mul(weights)).mean(2); // [S, H]
    return withSurprise(towardsEnd(distance, options), futures, options);
  };
}

/**
 * Mean squared distance of predicted states to `goal`, each number in its deviation.
 *
 * @param goal [P]; NaN where any value will do
 * @param std deviations of the recorded states, [P]; numbers that never changed do not count
 */
export function stateObjective(goal: Float32Array, std: Float32Array, options: ObjectiveOptions): Objective {
  const weights = goal.map((value, i) => (Number.isNaN(value) || !std[i] ? 0 : 1 / (std[i] ?? 1) ** 2));
  const counted = Math.max(1, weights.filter((weight) => weight > 0).length);
  const target = goal.map((value) => (Number.isNaN(value) ? 0 : value));
  return (futures) => {
    const { device } = futures.state;
    const weight = fromTyped(
      weights.map((w) => w / counted),
      [weights.length],
      { device },
    );
    const distance = futures.state
      .sub(fromTyped(target, [target.length], { device }))
      .square()
      .mul(weight)
      .sum(2);
    return withSurprise(towardsEnd(distance, options), futures, options);
  };
}

/**
 * The negative of discounted reward and success, averaged over the steps so that horizons compare, and the distance to
 * the goal that the model makes itself. Rewards say how well it is done close by and are flat far away; the goal leads there.
 */
export function rewardObjective(options: ObjectiveOptions): Objective {
  return (futures) => {
    const [, H = 1] = futures.reward.shape;
    const discounts = Float32Array.from({ length: H }, (_, h) => options.discount ** h);
    const total = discounts.reduce((sum, d) => sum + d, 0);
    const weight = fromTyped(
      discounts.map((d) => d / total),
      [H],
      { device: futures.reward.device },
    );
    const value = futures.reward.add(futures.success.mul(options.successWeight)).mul(weight).sum(1);
    const goal = towardsEnd(futures.goalDistance, options).mul(options.goalWeight);
    return withSurprise(goal.sub(value), futures, options);
  };
}

/** [S, H] to [S]: the last step's, and a share of the way's mean. */
function towardsEnd(distance: Tensor, { alongWeight }: ObjectiveOptions): Tensor {
  const last = distance.select(1, distance.size(1) - 1);
  return alongWeight === 0 ? last : last.lerp(distance.mean(1), alongWeight);
}

function withSurprise(cost: Tensor, { surprise }: Rollout, { surpriseWeight }: ObjectiveOptions): Tensor {
  return surpriseWeight === 0 ? cost : cost.add(surprise.mean(1).mul(surpriseWeight));
}

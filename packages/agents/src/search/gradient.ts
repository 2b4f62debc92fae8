/**
 * Gradient descent on the actions themselves, through a differentiable cost, from several starts side by side.
 *
 * The step is Adam's (Kingma and Ba 2015, arXiv:1412.6980) on actions measured in the space's spread; after each step
 * they are moved back to within their limits. Starts beside the warm one are drawn at random: a cost through a learned
 * model has many valleys.
 *
 * Shapes: S starts, H horizon, A action width.
 */
import { enableGrad, noGrad, scope, zerosLike, type Tensor } from "@orrery/torch";
import { checkOptions } from "./options.ts";
import { actionNoise, colourMatrix } from "./noise.ts";
import { clampToLimits, evaluate, PlanningError, startOf, type Search } from "./search.ts";

export interface GradientOptions {
  readonly samples: number; // S
  readonly iterations: number;
  /** Length of a step in spreads of the space. */
  readonly learningRate: number;
  readonly colour: number;
}

export const GRADIENT_DEFAULTS: GradientOptions = {
  samples: 16,
  iterations: 30,
  learningRate: 0.1,
  colour: 1,
};

/** Adam's forgetting; quicker than usual, since there are tens of steps and not thousands. */
const BETA1 = 0.9;
const BETA2 = 0.98;
const EPSILON = 1e-8;

/** @throws {ConfigError} if an option is unknown or out of range */
export function makeGradient(options: Partial<GradientOptions> = {}): Search {
  const config = checkOptions("makeGradient", GRADIENT_DEFAULTS, options);
  const { samples: S, iterations, learningRate } = config;
  return {
    name: "gradient",
    find: (cost, space, warm, generator) =>
      scope(() => {
        const { horizon: H, spread } = space;
        const A = spread.size(0);
        // Numbers that the space holds at rest have no unit to be measured in; any will do, they are put back.
        const unit = spread.clampMin(1e-6);
        const isFree = spread.gt(0);
        const start = startOf("gradient", space, warm); // [H, A]
        const noise = actionNoise([S, H, A], colourMatrix(H, config.colour), generator);
        noise.select(0, 0).zero_();
        const scaled = clampToLimits(noise.mul(spread).add(start), space).div(unit).requiresGrad_();
        const actionsOf = (x: Tensor): Tensor => x.mul(unit).where(isFree, start);
        const mean = zerosLike(scaled); // of the gradient
        const power = zerosLike(scaled); // of its square
        const costs: number[] = [];
        for (let i = 0; i < iterations; i++) {
          scope(() => {
            const total = enableGrad(() => {
              const each = evaluate("gradient", i, cost, actionsOf(scaled));
              costs.push(each.amin().item());
              return each.sum();
            });
            scaled.grad = null;
            total.backward();
            const gradient = checkedGradient(scaled, i);
            noGrad(() => {
              mean.lerp_(gradient, 1 - BETA1);
              power.lerp_(gradient.square(), 1 - BETA2);
              const rate = learningRate / (1 - BETA1 ** (i + 1));
              const step = mean
                .div(
                  power
                    .div(1 - BETA2 ** (i + 1))
                    .sqrt()
                    .add(EPSILON),
                )
                .mul(rate);
              scaled.copy_(clampToLimits(scaled.sub(step).mul(unit), space).div(unit));
            });
          });
        }
        scaled.grad = null;
        return noGrad(() => {
          const actions = clampToLimits(actionsOf(scaled.detach()), space);
          const last = evaluate("gradient", iterations, cost, actions);
          costs.push(last.amin().item());
          const order = last.argsort(0);
          const elites = actions.indexSelect(0, order);
          return { actions: elites.select(0, 0).clone(), elites, costs, evaluations: S * (iterations + 1) };
        });
      }),
  };
}

/** @throws {PlanningError} if no gradient came back, or one that is no number */
function checkedGradient(actions: Tensor, iteration: number): Tensor {
  const gradient = actions.grad;
  if (gradient === null) {
    throw new PlanningError(
      "gradient: the cost must depend on the actions through recorded operations, got no gradient. " +
        "Use a differentiable rollout, or plan with cem, icem or mppi.",
      [],
    );
  }
  const finite = gradient.isfinite().flatten(1).all(1);
  if (finite.all().item() !== 0) return gradient;
  const bad = Array.from(finite.logicalNot().nonzero().flatten().toTyped(), Number);
  throw new PlanningError(
    `gradient: gradients must be finite, but those of samples ${bad.join(", ")} are not in iteration ${iteration}. ` +
      "Plan over a shorter horizon, or with cem, icem or mppi.",
    bad,
  );
}

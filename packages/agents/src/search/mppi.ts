/**
 * MPPI: sample around a mean and average the samples, each weighted by how cheap it is.
 *
 * Source: Williams et al. 2017, arXiv:1509.01149; elites and an adapting spread as in TD-MPC2 (Hansen et al. 2024,
 * arXiv:2310.16828). Departures: the temperature is in standard deviations of the elites'
 * costs, so that one value fits costs of any scale; the mean is carried out rather than a sampled elite.
 *
 * Shapes: S samples, H horizon, A action width, E elites.
 */
import { noGrad, scope, type Tensor } from "@orrery/torch";
import { checkOptions } from "./options.ts";
import { actionNoise, colourMatrix } from "./noise.ts";
import { evaluate, startOf, withCandidates, type Search } from "./search.ts";

export interface MppiOptions {
  readonly samples: number; // S
  readonly elites: number; // E
  readonly iterations: number;
  /** In standard deviations of the elites' costs: near 0 only the best counts, large values weigh all alike. */
  readonly temperature: number;
  readonly colour: number;
  readonly minSpread: number;
}

export const MPPI_DEFAULTS: MppiOptions = {
  samples: 300,
  elites: 60,
  iterations: 6,
  temperature: 0.5,
  colour: 1,
  minSpread: 0.05,
};

/** Keeps weights finite where all elites cost the same. */
const EPSILON = 1e-8;

/** @throws {ConfigError} if an option is unknown or out of range */
export function makeMppi(options: Partial<MppiOptions> = {}): Search {
  const config = checkOptions("makeMppi", MPPI_DEFAULTS, options);
  const { samples: S, elites: E, iterations, temperature, minSpread } = config;
  return {
    name: "mppi",
    find: (cost, space, warm, generator) =>
      noGrad(() =>
        scope(() => {
          const { horizon: H, spread } = space;
          const A = spread.size(0);
          const matrix = colourMatrix(H, config.colour);
          let mean = startOf("mppi", space, warm); // [H, A]
          let std = spread.expand([H, A]);
          let elites: Tensor = mean.unsqueeze(0);
          const costs: number[] = [];
          let evaluations = 0;
          for (let i = 0; i < iterations; i++) {
            const noise = actionNoise([S, H, A], matrix, generator);
            noise.select(0, 0).zero_();
            const actions = withCandidates(noise.mul(std).add(mean), space);
            evaluations += actions.size(0);
            const best = evaluate("mppi", i, cost, actions).topk(E, 0, false);
            costs.push(best.values.select(0, 0).item());
            elites = actions.indexSelect(0, best.indices);
            const weight = weights(best.values, temperature).view([-1, 1, 1]);
            mean = elites.mul(weight).sum(0);
            std = elites.sub(mean).square().mul(weight).sum(0).sqrt().maximum(spread.mul(minSpread));
          }
          return { actions: mean.clone(), elites, costs, evaluations };
        }),
      ),
  };
}

/** Softmax of -cost / temperature, the costs in their own deviations; [E]. */
function weights(costs: Tensor, temperature: number): Tensor {
  const scale = costs.std(0, false, 0).mul(temperature).add(EPSILON);
  return costs.amin().sub(costs).div(scale).softmax(0);
}

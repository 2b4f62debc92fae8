/**
 * Cross-entropy method: sample, keep the best, fit a Gaussian to them, repeat.
 *
 * Source: Rubinstein and Kroese 2004; as used by DINO-WM (Zhou et al. 2024, arXiv:2411.04983). The answer is the last
 * mean: in a learned model the single best sample is often best because the model errs there.
 *
 * Shapes: S samples, H horizon, A action width, E elites.
 */
import { noGrad, scope, type Tensor } from "@orrery/torch";
import { checkOptions } from "./options.ts";
import { actionNoise } from "./noise.ts";
import { evaluate, startOf, withCandidates, type Search } from "./search.ts";

export interface CemOptions {
  readonly samples: number; // S
  readonly elites: number; // E, at most S
  readonly iterations: number;
  /** Share of the old mean and deviation that is kept in each iteration. */
  readonly momentum: number;
  /** The deviation never falls below this share of the space's spread. */
  readonly minSpread: number;
}

export const CEM_DEFAULTS: CemOptions = {
  samples: 300,
  elites: 30,
  iterations: 10,
  momentum: 0.1,
  minSpread: 0.05,
};

/** @throws {ConfigError} if an option is unknown or out of range */
export function makeCem(options: Partial<CemOptions> = {}): Search {
  const config = checkOptions("makeCem", CEM_DEFAULTS, options);
  const { samples: S, elites: E, iterations, momentum, minSpread } = config;
  return {
    name: "cem",
    find: (cost, space, warm, generator) =>
      noGrad(() =>
        scope(() => {
          const { horizon: H, spread } = space;
          const A = spread.size(0);
          let mean = startOf("cem", space, warm); // [H, A]
          let std = spread.expand([H, A]);
          let elites: Tensor = mean.unsqueeze(0);
          const costs: number[] = [];
          let evaluations = 0;
          for (let i = 0; i < iterations; i++) {
            // The mean itself is the first sample, so that an iteration cannot lose what it began with.
            const noise = actionNoise([S, H, A], null, generator);
            noise.select(0, 0).zero_();
            const actions = withCandidates(noise.mul(std).add(mean), space);
            evaluations += actions.size(0);
            const best = evaluate("cem", i, cost, actions).topk(E, 0, false);
            costs.push(best.values.select(0, 0).item());
            elites = actions.indexSelect(0, best.indices);
            mean = elites.mean(0).lerp(mean, momentum);
            std = elites.std(0, false, 0).lerp(std, momentum).maximum(spread.mul(minSpread));
          }
          return { actions: mean.clone(), elites, costs, evaluations };
        }),
      ),
  };
}

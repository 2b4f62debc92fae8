/**
 * iCEM: the cross-entropy method with coloured noise, elites kept from iteration to iteration and from plan to plan,
 * and fewer samples as the search narrows.
 *
 * Source: Pinneri et al. 2020, arXiv:2008.06389. Departures: the spread is floored at a share of its start, and limits
 * are met by clamping rather than by a truncated normal.
 *
 * Shapes: S samples, H horizon, A action width, E elites.
 */
import { cat, noGrad, scope, type Tensor } from "@orrery/torch";
import { checkOptions } from "./options.ts";
import { actionNoise, colourMatrix } from "./noise.ts";
import { evaluate, startOf, withCandidates, type Search } from "./search.ts";

export interface IcemOptions {
  readonly samples: number; // S of the first iteration
  readonly elites: number; // E
  readonly iterations: number;
  /** Each iteration draws 1 / decay of the samples of the one before, but at least 2 E. */
  readonly decay: number;
  /** Share of the elites that is carried into the next iteration and into the next plan. */
  readonly keep: number;
  /** Colour of the noise over time: 0 white, larger smoother. */
  readonly colour: number;
  readonly momentum: number;
  readonly minSpread: number;
}

export const ICEM_DEFAULTS: IcemOptions = {
  samples: 300,
  elites: 30,
  iterations: 5,
  decay: 1.25,
  keep: 0.3,
  colour: 2,
  momentum: 0.1,
  minSpread: 0.05,
};

/** @throws {ConfigError} if an option is unknown or out of range */
export function makeIcem(options: Partial<IcemOptions> = {}): Search {
  const config = checkOptions("makeIcem", ICEM_DEFAULTS, options);
  const { elites: E, iterations, momentum, minSpread, keep } = config;
  const kept = Math.round(keep * E);
  return {
    name: "icem",
    find: (cost, space, warm, generator) =>
      noGrad(() =>
        scope(() => {
          const { horizon: H, spread } = space;
          const A = spread.size(0);
          const matrix = colourMatrix(H, config.colour);
          const first = startOf("icem", space, warm);
          let mean = first; // [H, A]
          let std = spread.expand([H, A]);
          let elites: Tensor = first.unsqueeze(0);
          let carried: Tensor | null =
            warm?.elites?.narrow(0, 0, Math.min(kept, warm.elites.size(0))) ?? null;
          const costs: number[] = [];
          let evaluations = 0;
          for (let i = 0; i < iterations; i++) {
            const S = Math.max(2 * E, Math.round(config.samples * config.decay ** -i));
            const drawn = actionNoise([S, H, A], matrix, generator).mul(std).add(mean);
            // Where the search began and its present mean compete too: neither can get lost.
            const rivals = [
              drawn,
              first.unsqueeze(0),
              mean.unsqueeze(0),
              ...(carried === null ? [] : [carried]),
            ];
            const actions = withCandidates(cat(rivals), space);
            evaluations += actions.size(0);
            const best = evaluate("icem", i, cost, actions).topk(E, 0, false);
            costs.push(best.values.select(0, 0).item());
            elites = actions.indexSelect(0, best.indices);
            carried = kept > 0 ? elites.narrow(0, 0, kept) : null;
            mean = elites.mean(0).lerp(mean, momentum);
            std = elites.std(0, false, 0).lerp(std, momentum).maximum(spread.mul(minSpread));
          }
          return { actions: elites.select(0, 0).clone(), elites, costs, evaluations };
        }),
      ),
  };
}

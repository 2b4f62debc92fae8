/**
 * Random shooting: draw N sequences once, carry out the best. For models whose imagined steps are too dear for a search
 * with iterations, such as the generative one: N dreams, and the one that turns out best is lived.
 *
 * The rest of the last plan is among the N, so that a good plan is followed until a better one turns up.
 */
import { noGrad, scope } from "@orrery/torch";
import { checkOptions } from "./options.ts";
import { actionNoise, colourMatrix } from "./noise.ts";
import { evaluate, startOf, withCandidates, type Search } from "./search.ts";

export interface ShootingOptions {
  readonly samples: number; // N
  readonly colour: number;
}

export const SHOOTING_DEFAULTS: ShootingOptions = { samples: 16, colour: 2 };

/** @throws {ConfigError} if an option is unknown or out of range */
export function makeShooting(options: Partial<ShootingOptions> = {}): Search {
  const { samples: S, colour } = checkOptions("makeShooting", SHOOTING_DEFAULTS, options);
  return {
    name: "shooting",
    find: (cost, space, warm, generator) =>
      noGrad(() =>
        scope(() => {
          const { horizon: H, rest, spread } = space;
          const A = spread.size(0);
          // Fresh draws are about rest and not about the old plan: with one round there is nothing to narrow down.
          const noise = actionNoise([S, H, A], colourMatrix(H, colour), generator);
          const drawn = noise.mul(spread).add(rest);
          drawn.select(0, 0).copy_(startOf("shooting", space, warm));
          const actions = withCandidates(drawn, space);
          const costs = evaluate("shooting", 0, cost, actions);
          const best = costs.argmin(0, true);
          return {
            actions: actions.indexSelect(0, best).select(0, 0).clone(),
            elites: null,
            costs: [costs.amin().item()],
            evaluations: actions.size(0),
          };
        }),
      ),
  };
}

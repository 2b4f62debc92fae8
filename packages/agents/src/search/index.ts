/** Searches by name. */
import { UsageError } from "@orrery/core";
import { makeCem } from "./cem.ts";
import { makeGradient } from "./gradient.ts";
import { makeIcem } from "./icem.ts";
import { makeMppi } from "./mppi.ts";
import { makeShooting } from "./shooting.ts";
import type { Search } from "./search.ts";

export { makeCem, type CemOptions } from "./cem.ts";
export { makeGradient, type GradientOptions } from "./gradient.ts";
export { makeIcem, type IcemOptions } from "./icem.ts";
export { makeMppi, type MppiOptions } from "./mppi.ts";
export { makeShooting, type ShootingOptions } from "./shooting.ts";
export {
  PlanningError,
  type CostFunction,
  type Found,
  type Search,
  type SearchSpace,
  type WarmStart,
} from "./search.ts";
export { shiftWarmStart } from "./warm-start.ts";

const MAKERS: Readonly<Record<string, (options: Record<string, number>) => Search>> = {
  cem: makeCem,
  icem: makeIcem,
  mppi: makeMppi,
  gradient: makeGradient,
  shooting: makeShooting,
};

export const SEARCHES: readonly string[] = Object.keys(MAKERS);

/**
 * Makes a search by its name.
 * @throws {UsageError} for a name that is not in SEARCHES
 * @throws {ConfigError} for options that the search does not know or allow
 */
export function makeSearch(name: string, options: Readonly<Record<string, number>> = {}): Search {
  const make = MAKERS[name];
  if (!make) {
    throw new UsageError(`makeSearch: the search must be one of ${SEARCHES.join(", ")}, got "${name}".`);
  }
  return make(options);
}

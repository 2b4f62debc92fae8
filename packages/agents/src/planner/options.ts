/** How a planner looks ahead, checked. */
import { ConfigError } from "@orrery/core";
import type { ObjectiveOptions } from "./objective.ts";

export interface PlannerOptions extends ObjectiveOptions {
  /** Imagined steps, H. */
  readonly horizon: number;
  /** Control steps that an imagined step covers, n. */
  readonly block: number;
  /** Control steps for which an action is held; divides H n. Fewer choices make the search easier. */
  readonly hold: number;
  /** Control steps between plans, at most H n. */
  readonly replanEvery: number;
  /** The first samples spread by this many deviations of the recorded actions. */
  readonly spread: number;
  /** Ways that the model's policy prior proposes to every search, where it has one; 0 for none. */
  readonly proposals: number;
  /** Cost of a plan that is one deviation of the recorded actions from the way that the prior expects, in rewards. */
  readonly priorWeight: number;
  /**
   * Control steps after which the search goes for another draw of where the task's goal may be, as long as it is not
   * done: what is not where it was expected is looked for around there. Infinity for never. Only with a goal in words.
   */
  readonly redrawEvery: number;
  /**
   * A goal on the way counts as reached at this distance, in recorded deviations; then words and picture are asked what is
   * next. Only where the model tells such goals.
   */
  readonly arrival: number;
  /** Control steps without coming nearer to it after which they are asked as well. */
  readonly patience: number;
  /** Observed surprise above which the body holds still; Infinity for never. */
  readonly stopAbove: number;
}

export const PLANNER_DEFAULTS: PlannerOptions = {
  horizon: 5,
  block: 1,
  hold: 1,
  replanEvery: 1,
  spread: 1,
  proposals: 24,
  priorWeight: 0,
  redrawEvery: Infinity,
  arrival: 0.1,
  patience: 6,
  stopAbove: Infinity,
  discount: 1,
  successWeight: 1,
  goalWeight: 100,
  alongWeight: 0.3,
  surpriseWeight: 0,
};

const RANGES: Readonly<Record<keyof PlannerOptions, readonly [low: number, high: number]>> = {
  horizon: [1, 1000],
  block: [1, 100],
  hold: [1, 1000],
  replanEvery: [1, 1000],
  spread: [1e-3, 100],
  proposals: [0, 10_000],
  priorWeight: [0, 1e6],
  redrawEvery: [1, Infinity],
  arrival: [0, 100],
  patience: [1, Infinity],
  stopAbove: [0, Infinity],
  discount: [0.01, 1],
  successWeight: [0, 1e6],
  goalWeight: [0, 1e6],
  alongWeight: [0, 1],
  surpriseWeight: [0, 1e6],
};
const WHOLE: readonly string[] = ["horizon", "block", "hold", "replanEvery", "proposals"];

export function isPlannerOption(name: string): name is keyof PlannerOptions {
  return Object.hasOwn(RANGES, name);
}

/** @throws {ConfigError} listing unknown options, numbers out of range, and steps that do not divide */
export function checkPlannerOptions(given: Partial<PlannerOptions>): PlannerOptions {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (!isPlannerOption(name)) {
      problems.push(`unknown option "${name}", known: ${Object.keys(RANGES).join(", ")}`);
      continue;
    }
    const [low, high] = RANGES[name];
    const isWhole = WHOLE.includes(name);
    if (!(value >= low && value <= high) || (isWhole && !Number.isInteger(value))) {
      problems.push(
        `${name} must be ${isWhole ? "a whole number" : "a number"} from ${low} to ${high}, got ${value}`,
      );
    }
  }
  const options = { ...PLANNER_DEFAULTS, ...given };
  const steps = options.horizon * options.block;
  if (problems.length === 0 && steps % options.hold !== 0) {
    problems.push(
      `hold must divide the ${steps} control steps of a plan (horizon times block), got ${options.hold}`,
    );
  }
  if (problems.length === 0 && options.replanEvery > steps) {
    problems.push(
      `replanEvery must be at most the ${steps} control steps of a plan, got ${options.replanEvery}`,
    );
  }
  if (problems.length > 0) throw new ConfigError("Planner", problems);
  return options;
}

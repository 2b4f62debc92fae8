/** Policies that look at nothing: the lower end of the scale. */
import { makeRng, type Decision, type Embodiment, type Goal, type Policy, type Rng } from "@orrery/core";
import { actionLimits } from "../planner/space.ts";

/** Draws every number of every action evenly from within its limits; a standard normal where there are none. */
export class RandomPolicy implements Policy {
  readonly name = "random";
  readonly #low: Float32Array;
  readonly #high: Float32Array;
  #rng: Rng = makeRng(0, "policy", "random");

  constructor(embodiment: Embodiment) {
    ({ low: this.#low, high: this.#high } = actionLimits(embodiment));
  }

  async reset(seed: number, _goal: Goal): Promise<void> {
    this.#rng = makeRng(seed, "policy", "random");
  }

  async act(): Promise<Decision> {
    const action = this.#low.map((low, i) => {
      const high = this.#high[i] ?? Infinity;
      return Number.isFinite(high - low) ? this.#rng.uniform(low, high) : this.#rng.normal();
    });
    return { actions: [action], belief: {} };
  }

  async close(): Promise<void> {}
}

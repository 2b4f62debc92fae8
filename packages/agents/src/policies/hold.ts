/** Does nothing, so that one sees how often a task is done by waiting. */
import { type Decision, type Embodiment, type Observation, type Policy } from "@orrery/core";
import { restingAction } from "../planner/space.ts";

export class HoldPolicy implements Policy {
  readonly name = "hold";
  readonly #embodiment: Embodiment;

  constructor(embodiment: Embodiment) {
    this.#embodiment = embodiment;
  }

  async reset(): Promise<void> {}

  async act({ state }: Observation): Promise<Decision> {
    // An absolute number that the body does not report is held at 0, for want of a better one.
    return { actions: [restingAction(this.#embodiment, state, null, new Float32Array())], belief: {} };
  }

  async close(): Promise<void> {}
}

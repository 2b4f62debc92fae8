/** How far a body has come on its way to the goal that it goes for, and whether it is time for another one. */
import type { PlannerOptions } from "./options.ts";

/** What to do: go on, ask words and picture what is next, or go for another place where the same goal may be. */
export type Next = "go on" | "ask" | "draw";

export class Way {
  readonly #options: Pick<PlannerOptions, "arrival" | "patience" | "redrawEvery">;
  #steps = 0;
  #nearest = Infinity;
  #stalled = 0;

  constructor(options: Pick<PlannerOptions, "arrival" | "patience" | "redrawEvery">) {
    this.#options = options;
  }

  /**
   * One control step on.
   * @param distance to a goal on the way, in recorded deviations; Infinity where there are none but the last
   */
  take(distance: number): Next {
    const { arrival, patience, redrawEvery } = this.#options;
    this.#steps++;
    // Trembling about a place is no progress.
    const isNearer = distance < this.#nearest - arrival / 10;
    this.#stalled = isNearer ? 0 : this.#stalled + 1;
    if (isNearer) this.#nearest = distance;
    if (distance < arrival || (distance < Infinity && this.#stalled >= patience)) {
      this.#steps = 0;
      this.#stalled = 0;
      this.#nearest = Infinity;
      return "ask";
    }
    return this.#steps % redrawEvery === 0 ? "draw" : "go on";
  }
}

/** How far a body has come on its way to the goal that it goes for, and whether it is time for another one. */
import type { PlannerOptions } from "./options.ts";

/** What to do: go on, ask words and picture what is next, or go for another place where the same goal may be. */
export type Next = "go on" | "ask" | "draw";

/** How far it still is to a goal on the way, in recorded deviations. */
export interface Distance {
  /** In what a plan's cost counts: where the hand is, say. */
  readonly counted: number;
  /** In all that the task is about: how wide the hand is open as well. */
  readonly told: number;
}

/** Whose hand is there, but is in all that was told still this many times as far away as would do, has not done it. */
const NOT_DONE = 5;

/** Control steps without change after which what a task is about has settled: a hand that opens is not open yet. */
const SETTLED = 2;

export class Way {
  readonly #options: Pick<PlannerOptions, "arrival" | "patience" | "redrawEvery">;
  #counted = new Approach();
  #told = new Approach();
  #steps = 0;
  #isStuck = false;

  constructor(options: Pick<PlannerOptions, "arrival" | "patience" | "redrawEvery">) {
    this.#options = options;
  }

  /** True from when it came no nearer to a goal until it does again: what it does leads nowhere. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /**
   * One control step on.
   * @param distance null where there are no goals but the last
   */
  take(distance: Distance | null): Next {
    const { arrival, patience, redrawEvery } = this.#options;
    this.#steps++;
    if (distance !== null) {
      // Trembling about a place is no progress.
      this.#counted.take(distance.counted, arrival / 10);
      this.#told.take(distance.told, arrival / 10);
      if (this.#steps > 1 && this.#told.idle === 0) this.#isStuck = false;
      const isThere = distance.counted < arrival && this.#told.idle >= SETTLED;
      if (isThere || Math.min(this.#counted.idle, this.#told.idle) >= patience) {
        this.#isStuck = !isThere || distance.told > NOT_DONE * arrival;
        this.#steps = 0;
        this.#counted = new Approach();
        this.#told = new Approach();
        return "ask";
      }
    }
    return this.#steps % redrawEvery === 0 ? "draw" : "go on";
  }
}

/** How near it came, and since when no nearer. */
class Approach {
  /** Control steps since it last came nearer. */
  idle = 0;
  #nearest = Infinity;

  take(distance: number, least: number): void {
    const isNearer = distance < this.#nearest - least;
    this.idle = isNearer ? 0 : this.idle + 1;
    if (isNearer) this.#nearest = distance;
  }
}

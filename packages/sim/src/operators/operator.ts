/** Scripted operators: who moves the robot while episodes are recorded. */
import { type Rng, UsageError, didYouMean } from "@orrery/core";
import type { Motion, TaskSetting } from "../tasks/task.ts";
import type { SceneView } from "../world/scene-view.ts";
import { Hands } from "./hands.ts";
import { playMotion } from "./play.ts";
import { drawStyle } from "./style.ts";

export const OPERATORS = ["expert", "play"] as const;
export type OperatorName = (typeof OPERATORS)[number];

/** @throws {UsageError} for a name that is not in OPERATORS */
export function checkOperator(name: string): OperatorName {
  const found = OPERATORS.find((known) => known === name);
  if (!found)
    throw new UsageError(
      `checkOperator: the operator must be one of ${OPERATORS.join(", ")}, got "${name}".${didYouMean(name, OPERATORS)}`,
    );
  return found;
}

/** One episode of an operator. */
export class OperatorRun {
  readonly hands: Hands;
  readonly #motion: Motion;
  #finished = false;

  constructor(name: OperatorName, setting: TaskSetting, view: SceneView, rng: Rng) {
    this.hands = new Hands(view, rng, drawStyle(rng));
    this.#motion = beginning(
      this.hands,
      name === "expert" ? setting.expert(this.hands) : playMotion(this.hands),
    );
  }

  /** True once the script has nothing more to do; it then holds still. */
  get finished(): boolean {
    return this.#finished;
  }

  /** The next action in the ee-delta space; valid until the next call. */
  next(): Float32Array {
    this.hands.relax();
    if (!this.#finished) this.#finished = this.#motion.next().done === true;
    return this.hands.action;
  }
}

/** People look before they move. */
function* beginning(hands: Hands, motion: Motion): Motion {
  yield* hands.wait(hands.style.reactionSec);
  yield* motion;
}

/** Scripted operators: who moves the robot while episodes are recorded. */
import { type Rng, UsageError, didYouMean } from "@orrery/core";
import type { Vec3 } from "../control/vec.ts";
import type { Motion, TaskSetting } from "../tasks/task.ts";
import type { SceneView } from "../world/scene-view.ts";
import { Hands } from "./hands.ts";
import { playMotion } from "./play.ts";
import { drawStyle } from "./style.ts";

export const OPERATORS = ["expert", "play", "trainee"] as const;
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
  readonly #learner: Learner | null;
  readonly #expert: () => Motion;
  #motion: Motion;
  #steps = 0;
  #finished = false;

  constructor(name: OperatorName, setting: TaskSetting, view: SceneView, rng: Rng) {
    const hands = new Hands(view, rng, drawStyle(rng));
    this.hands = hands;
    this.#expert = () => beginning(hands, setting.expert(hands));
    this.#motion = name === "play" ? beginning(hands, playMotion(hands)) : this.#expert();
    this.#learner = name === "trainee" ? drawLearner(rng, view.spec.controlRateHz) : null;
  }

  /** True once the script has nothing more to do; it then holds still. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Step from which on an expert acted in the place of a trainee; null where nobody took over. */
  get takeover(): number | null {
    const learner = this.#learner;
    return learner !== null && this.#steps > learner.steps ? learner.steps : null;
  }

  /** The next action in the ee-delta space; valid until the next call. */
  next(): Float32Array {
    this.hands.relax();
    const learner = this.#learner;
    if (this.#steps === learner?.steps) {
      this.#motion = this.#expert();
      this.#finished = false;
    }
    if (!this.#finished) {
      const go = () => this.#motion.next();
      const errs = learner !== null && this.#steps < learner.steps;
      this.#finished = (errs ? this.hands.view.displaced(learner.errorM, go) : go()).done === true;
    }
    this.#steps++;
    return this.hands.action;
  }
}

/** Knows how a task is done, but not quite where things are. */
interface Learner {
  readonly errorM: Vec3;
  /** Control steps until an expert takes over. */
  readonly steps: number;
}

/** Errors at which a hand misses, and times at which it is on its way, at work, or about to try again. */
function drawLearner(rng: Rng, rateHz: number): Learner {
  const [angle, far] = [rng.uniform(0, 2 * Math.PI), rng.uniform(0.03, 0.09)];
  return {
    errorM: [far * Math.cos(angle), far * Math.sin(angle), 0],
    steps: Math.round(rng.uniform(1.5, 7) * rateHz),
  };
}

/** People look before they move. */
function* beginning(hands: Hands, motion: Motion): Motion {
  yield* hands.wait(hands.style.reactionSec);
  yield* motion;
}

/**
 * The operator's hands: turns "move there, like a person" into end-effector-delta actions, one per control step.
 * Works from the commanded pose, as an operator's controller does, and looks at the scene through `view`.
 */
import type { Rng } from "@orrery/core";
import {
  type Quat,
  type Vec3,
  add,
  conjugate,
  distance,
  limitNorm,
  multiply,
  norm,
  rotate,
  scale,
  sub,
  toRotationVector,
  yaw,
} from "../control/vec.ts";
import type { Motion } from "../tasks/task.ts";
import type { SceneView } from "../world/scene-view.ts";
import type { Style } from "./style.ts";

export interface MoveOptions {
  /** Times the style's speed. */
  readonly speed?: number;
  /** Stop when this near, m. */
  readonly toleranceM?: number;
  /** Turn of the hand about the vertical, rad in the base frame; away from the shoulder where left out. */
  readonly twistRad?: number;
  /** Bows the path upward by this much, m, to clear what lies between. */
  readonly archM?: number;
}

export class Hands {
  readonly view: SceneView;
  readonly rng: Rng;
  readonly style: Style;
  /** The action of the coming control step, in the layout of the ee-delta space. */
  readonly action: Float32Array;
  readonly #homeQuats: readonly Quat[];
  /** Turn asked for each hand; undefined follows the arm. */
  readonly #twists: (number | undefined)[];
  #tremorPhase: number;

  constructor(view: SceneView, rng: Rng, style: Style) {
    this.view = view;
    this.rng = rng;
    this.style = style;
    const arms = view.spec.arms.length;
    this.action = new Float32Array(7 * arms + (view.spec.base ? 3 : 0));
    this.#homeQuats = view.spec.arms.map(() => toolQuat(view.spec.toolPitchRad));
    this.#twists = view.spec.arms.map(() => undefined);
    this.#tremorPhase = rng.uniform(0, 100);
    this.relax();
  }

  /** Clears motion for the next control step; grippers keep what they were told. */
  relax(): void {
    const arms = this.view.spec.arms.length;
    const grippers = this.view.spec.arms.map((_, arm) => this.view.gripperCommand(arm));
    this.action.fill(0);
    this.action.set(grippers, 6 * arms);
  }

  /** The arm on the side of a point, or the other one now and then when the point is near the middle. */
  armFor(point: Vec3): number {
    if (this.view.spec.arms.length < 2) return 0;
    const inBase = this.#toBase(sub(point, [this.view.base[0], this.view.base[1], 0]));
    const own = inBase[1] > 0 ? 0 : 1;
    return Math.abs(inBase[1]) < 0.06 && this.rng.chance(0.3) ? 1 - own : own;
  }

  /** The other arm of a body that has two, the only one of a body that has one. */
  otherArm(arm: number): number {
    return this.view.spec.arms.length < 2 ? arm : 1 - arm;
  }

  /** True where the other arm would reach a point (world) much more easily. */
  isAwkward(arm: number, point: Vec3): boolean {
    if (this.view.spec.arms.length < 2) return false;
    const inBase = this.#toBase(sub(point, [this.view.base[0], this.view.base[1], 0]));
    return arm === 0 ? inBase[1] < -0.1 : inBase[1] > 0.1;
  }

  /** Takes a hand up and back to its own side, out of the other one's way. */
  *retreat(arm: number): Motion {
    const { view } = this;
    if (arm >= view.spec.arms.length) return; // "the other hand" of a body that has none
    const { pos } = view.commandedTool(arm);
    const [baseX, baseY, turn] = view.base;
    const side = this.view.spec.arms[arm]!.shoulder[1];
    const rest = add([baseX, baseY, 0], rotate(yaw(turn), [0.4, 1.25 * side, 0]));
    if (Math.hypot(pos[0] - rest[0], pos[1] - rest[1]) < 0.08) return;
    const height = view.tableTop + 0.14;
    if (pos[2] < height - 0.04) yield* this.moveTo(arm, [pos[0], pos[1], height]);
    yield* this.moveTo(arm, [rest[0], rest[1], height]);
  }

  /** Walks the tool to a point (world, m) with a bell-shaped speed; the point may move while it is under way. */
  *moveTo(arm: number, goal: Vec3 | (() => Vec3), options: MoveOptions = {}): Motion {
    const aim = typeof goal === "function" ? goal : () => goal;
    const start = this.view.commandedTool(arm).pos;
    const length = distance(start, aim());
    const rate = this.view.spec.controlRateHz;
    const speed = this.style.speed * (options.speed ?? 1);
    const steps = Math.max(2, Math.ceil((length / speed) * rate));
    const bow = this.#bowOf(start, aim(), length, options.archM ?? 0);
    this.#twists[arm] = options.twistRad;
    for (let k = 1; k <= steps; k++) {
      const s = minimumJerk(k / steps);
      const along = add(add(start, scale(sub(aim(), start), s)), scale(bow, 4 * s * (1 - s)));
      this.headFor(arm, k === steps ? aim() : add(along, this.#tremor()));
      yield;
      if (k < steps && this.rng.chance(this.style.hesitation)) yield* this.wait(this.rng.uniform(0.1, 0.6));
    }
    // Catch up with what limits kept back.
    const tolerance = options.toleranceM ?? 0.008;
    for (let k = 0; k < 6 && distance(this.view.commandedTool(arm).pos, aim()) > tolerance; k++) {
      this.headFor(arm, aim());
      yield;
    }
  }

  /** One control step towards a point (world), with the hand turned by `twistRad`: for paths that are no straight line. */
  *step(arm: number, point: Vec3, twistRad?: number): Motion {
    this.#twists[arm] = twistRad;
    this.headFor(arm, point);
    yield;
  }

  /** Prepares one step of the tool towards a point (world), as far as one step reaches. */
  headFor(arm: number, point: Vec3): void {
    const { pos, quat } = this.view.commandedTool(arm);
    const { maxToolStepM, maxToolStepRad } = this.view.spec;
    const step = limitNorm(this.#toBase(sub(point, pos)), maxToolStepM);
    const heading = this.view.base[2];
    const twist = this.#twists[arm] ?? this.naturalTwist(arm, pos);
    const wanted = multiply(yaw(heading + twist), this.#homeQuats[arm]!);
    const turn = limitNorm(this.#toBase(toRotationVector(multiply(wanted, conjugate(quat)))), maxToolStepRad);
    this.action.set(step, 6 * arm);
    this.action.set(turn, 6 * arm + 3);
  }

  /** Holds still for a while. */
  *wait(seconds: number): Motion {
    const steps = Math.max(1, Math.round(seconds * this.view.spec.controlRateHz));
    for (let k = 0; k < steps; k++) yield;
  }

  /** Opens (0) or closes (1) a gripper at the style's speed. */
  *grip(arm: number, closed: number): Motion {
    const most = this.style.gripSpeed / this.view.spec.controlRateHz;
    for (let k = 0; k < 20; k++) {
      const now = this.view.gripperCommand(arm);
      const gap = closed - now;
      if (Math.abs(gap) < 1e-3) return;
      this.action[6 * this.view.spec.arms.length + arm] = now + Math.max(-most, Math.min(most, gap));
      yield;
    }
  }

  /** Swings a hand along a direction (world) as fast as it goes for some steps, and opens it after `releaseAt` of them. */
  *swing(arm: number, direction: Vec3, steps: number, releaseAt: number): Motion {
    const far = scale(direction, 1 / norm(direction)); // a metre ahead: every step is a full one
    for (let k = 0; k < steps; k++) {
      this.headFor(arm, add(this.view.commandedTool(arm).pos, far));
      if (k >= releaseAt) this.action[6 * this.view.spec.arms.length + arm] = 0;
      yield;
    }
  }

  /** Drives the base at a velocity in its own frame for a while, starting and ending gently. */
  *drive(velocity: Vec3, seconds: number): Motion {
    const steps = Math.max(2, Math.round(seconds * this.view.spec.controlRateHz));
    for (let k = 0; k < steps; k++) {
      const ramp = Math.sin((Math.PI * (k + 0.5)) / steps);
      if (this.view.spec.base) this.action.set(scale(velocity, ramp), this.action.length - 3);
      yield;
    }
  }

  /** A point near `target` that a person might hit instead of it, or the target itself. */
  aimAt(target: Vec3): Vec3 {
    if (!this.rng.chance(this.style.missChance)) return target;
    const { missM } = this.style;
    return add(target, [this.rng.normal(0, missM), this.rng.normal(0, missM), this.rng.uniform(0, missM)]);
  }

  /** Turn of a hand at a point (world) that points away from its shoulder, most of the way; rad in the base frame. */
  naturalTwist(arm: number, tool: Vec3): number {
    const [baseX, baseY] = this.view.base;
    const [x, y] = this.#toBase(sub(tool, [baseX, baseY, 0]));
    const [shoulderX, shoulderY] = this.view.spec.arms[arm]!.shoulder;
    return 0.8 * Math.atan2(y - shoulderY, Math.max(0.15, x - shoulderX));
  }

  #toBase(v: Vec3): Vec3 {
    return rotate(yaw(-this.view.base[2]), v);
  }

  #bowOf(start: Vec3, end: Vec3, length: number, archM: number): Vec3 {
    const along = sub(end, start);
    const side: Vec3 = [-along[1], along[0], 0];
    const sideLength = norm(side);
    const amount = this.style.bow * length;
    const sideways = sideLength > 1e-6 ? scale(side, amount / sideLength) : ([0, 0, 0] as const);
    return add(sideways, [0, 0, archM + Math.abs(amount) * 0.5]);
  }

  /** Two slow waves per axis: unsteady, not noisy. */
  #tremor(): Vec3 {
    this.#tremorPhase += 0.7;
    const p = this.#tremorPhase;
    const { tremorM } = this.style;
    return [tremorM * Math.sin(p), tremorM * Math.sin(1.3 * p + 1), tremorM * Math.sin(0.8 * p + 2)];
  }
}

/** Fingers down, tipped forward by `pitchRad`. */
export function toolQuat(pitchRad: number): Quat {
  return [Math.cos(pitchRad / 2), 0, -Math.sin(pitchRad / 2), 0];
}

/** The path of least jerk from 0 to 1 (Flash and Hogan 1985), which human reaches follow closely. */
export function minimumJerk(s: number): number {
  return s * s * s * (10 - 15 * s + 6 * s * s);
}

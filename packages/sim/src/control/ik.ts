/**
 * Whole-body inverse kinematics: damped least squares over lift, waist and both arms at once, on a ghost of the
 * robot that stands at the origin and holds the *commanded* joints. Solving on measured joints instead feeds the
 * motors' lag back into the command, which oscillates.
 *
 * Source: Wampler 1986 (damping); Siciliano, "Robotics", 3.5 (weights and the null-space pull towards home).
 * R = 6 rows per arm, J controlled joints.
 */
import type { BodySpec } from "../bodies/body.ts";
import type { Physics } from "../mujoco/physics.ts";
import { solveInPlace } from "./cholesky.ts";
import { SelfCollision } from "./self-collision.ts";
import {
  type Quat,
  type Vec3,
  conjugate,
  fromMatrix,
  limitNorm,
  multiply,
  toRotationVector,
  vec3At,
} from "./vec.ts";

/** Where a tool is or should be, in the base frame. */
export interface ToolPose {
  readonly pos: Vec3;
  readonly quat: Quat;
}

const DAMPING = 0.02; // as a length in m and an angle in rad: errors smaller than this are closed more slowly
const HOME_PULL = 0.02; // share of the way back to home per iteration, where the task leaves freedom
/** How often one iteration may find joints at their limits and solve again without them. */
const MAX_PASSES = 3;
/** Largest error that one iteration tries to close, so that far targets do not overshoot. */
const MAX_POS_ERROR_M = 0.08;
const MAX_ROT_ERROR_RAD = 0.4;
/** Rotation counts less than position: 0.2 m per rad. */
const ROT_WEIGHT = 0.2;

export class InverseKinematics {
  /** Works on the same ghost. `solve` does not ask it: its iterations may cut through the body on the way. */
  readonly selfCollision: SelfCollision;
  readonly #ghost: Physics;
  readonly #siteIds: readonly number[];
  readonly #qposAdr: readonly number[];
  readonly #dofAdr: readonly number[];
  /** [J] of the specification, as numbers: reading them out of objects took a third of an iteration. */
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #home: Float64Array;
  readonly #ikWeight: Float64Array;
  /** [J] weights of this iteration; zero leaves a joint alone. */
  readonly #weights: Float64Array;
  readonly #rows: number;
  readonly #jacobian: Float64Array; // [R, J]
  readonly #weighted: Float64Array; // [J], one row of the Jacobian times the weights
  readonly #jacPos: Float64Array;
  readonly #jacRot: Float64Array;
  readonly #normal: Float64Array; // [R, R]
  readonly #error: Float64Array; // [R]
  readonly #rhs: Float64Array; // [R]
  readonly #step: Float64Array; // [J]

  /** `ghost` is the body alone with a fixed base (`buildGhost`); it stays the caller's to close. */
  constructor(spec: BodySpec, ghost: Physics) {
    this.#ghost = ghost;
    this.selfCollision = new SelfCollision(spec, ghost);
    this.#siteIds = spec.arms.map((arm) => ghost.id("site", arm.tool));
    const jointIds = spec.joints.map((joint) => ghost.id("joint", joint.name));
    this.#qposAdr = jointIds.map((id) => ghost.constants.jntQposAdr[id]!);
    this.#dofAdr = jointIds.map((id) => ghost.constants.jntDofAdr[id]!);
    this.#low = Float64Array.from(spec.joints, ({ range }) => range[0]);
    this.#high = Float64Array.from(spec.joints, ({ range }) => range[1]);
    this.#home = Float64Array.from(spec.joints, ({ home }) => home);
    this.#ikWeight = Float64Array.from(spec.joints, ({ ikWeight }) => ikWeight);
    this.#weights = new Float64Array(spec.joints.length);
    this.#rows = 6 * spec.arms.length;
    this.#jacobian = new Float64Array(this.#rows * spec.joints.length);
    this.#weighted = new Float64Array(spec.joints.length);
    this.#jacPos = new Float64Array(3 * ghost.constants.nv);
    this.#jacRot = new Float64Array(3 * ghost.constants.nv);
    this.#normal = new Float64Array(this.#rows * this.#rows);
    this.#error = new Float64Array(this.#rows);
    this.#rhs = new Float64Array(this.#rows);
    this.#step = new Float64Array(spec.joints.length);
  }

  /** Tool poses in the base frame for joint positions [J]. */
  forward(joints: Float64Array): ToolPose[] {
    this.#pose(joints);
    return this.#siteIds.map((site) => ({
      pos: vec3At(this.#ghost.sitePos, site),
      quat: fromMatrix(this.#ghost.siteMat, 9 * site),
    }));
  }

  /**
   * Moves `joints` [J] towards the targets, one per arm, within joint limits; writes into `joints`.
   * @param iterations 4 follow an operator's steps to a millimetre, 60 solve from anywhere
   * @returns the tool poses reached
   */
  solve(joints: Float64Array, targets: readonly ToolPose[], iterations: number): ToolPose[] {
    for (let i = 0; i < iterations; i++) this.#iterate(joints, targets);
    return this.forward(joints);
  }

  #pose(joints: Float64Array): void {
    const { qpos } = this.#ghost;
    for (let j = 0; j < joints.length; j++) qpos[this.#qposAdr[j]!] = joints[j]!;
    this.#ghost.kinematics();
  }

  /**
   * One step. A joint that would leave its range is put at the limit and left out, and the others are solved again;
   * merely clamping it would waste the part of the motion that was meant for it.
   */
  #iterate(joints: Float64Array, targets: readonly ToolPose[]): void {
    this.#pose(joints);
    this.#linearise(targets);
    this.#weights.set(this.#ikWeight);
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      this.#solveStep(joints);
      if (!this.#freezeAtLimits(joints) || pass === MAX_PASSES - 1) break;
    }
    for (let j = 0; j < joints.length; j++) {
      joints[j] = Math.min(this.#high[j]!, Math.max(this.#low[j]!, joints[j]! + this.#step[j]!));
    }
  }

  /** Zeroes the weight of joints that the step takes out of range; true if there were any. */
  #freezeAtLimits(joints: Float64Array): boolean {
    let frozen = false;
    for (let j = 0; j < joints.length; j++) {
      const next = joints[j]! + this.#step[j]!;
      if (this.#weights[j]! > 0 && (next > this.#high[j]! || next < this.#low[j]!)) {
        this.#weights[j] = 0;
        frozen = true;
      }
    }
    return frozen;
  }

  /** step = pull + W J' y with (J W J' + damping^2) y = error - J pull, into `#step` [J]. */
  #solveStep(joints: Float64Array): void {
    const J = joints.length;
    const R = this.#rows;
    const jacobian = this.#jacobian,
      weighted = this.#weighted,
      normal = this.#normal,
      weights = this.#weights,
      rhs = this.#rhs,
      step = this.#step,
      home = this.#home;
    for (let j = 0; j < J; j++) {
      // A frozen joint stays where it is; the others drift home where the task leaves them free to.
      step[j] = weights[j]! > 0 ? HOME_PULL * (home[j]! - joints[j]!) : 0;
    }
    for (let r = 0; r < R; r++) {
      const row = r * J;
      let sum = this.#error[r]!;
      for (let j = 0; j < J; j++) {
        sum -= jacobian[row + j]! * step[j]!;
        weighted[j] = jacobian[row + j]! * weights[j]!;
      }
      rhs[r] = sum;
      for (let s = 0; s <= r; s++) {
        const other = s * J;
        let product = r === s ? DAMPING * DAMPING : 0;
        for (let j = 0; j < J; j++) product += weighted[j]! * jacobian[other + j]!;
        normal[r * R + s] = product;
      }
    }
    solveInPlace(normal, rhs, R);
    for (let j = 0; j < J; j++) {
      let sum = 0;
      for (let r = 0; r < R; r++) sum += jacobian[r * J + j]! * rhs[r]!;
      step[j]! += weights[j]! * sum;
    }
  }

  /** Fills the error [R] and the Jacobian [R, J] at the ghost's pose. */
  #linearise(targets: readonly ToolPose[]): void {
    const { sitePos, siteMat } = this.#ghost;
    const J = this.#dofAdr.length;
    const nv = this.#ghost.constants.nv;
    for (let a = 0; a < this.#siteIds.length; a++) {
      const site = this.#siteIds[a]!;
      const target = targets[a]!;
      const at = vec3At(sitePos, site);
      const turn = multiply(target.quat, conjugate(fromMatrix(siteMat, 9 * site)));
      const posError = limitNorm(
        [target.pos[0] - at[0], target.pos[1] - at[1], target.pos[2] - at[2]],
        MAX_POS_ERROR_M,
      );
      const rotError = limitNorm(toRotationVector(turn), MAX_ROT_ERROR_RAD);
      this.#ghost.siteJacobian(site, this.#jacPos, this.#jacRot);
      for (let i = 0; i < 3; i++) {
        const row = 6 * a + i;
        this.#error[row] = posError[i]!;
        this.#error[row + 3] = ROT_WEIGHT * rotError[i]!;
        for (let j = 0; j < J; j++) {
          const dof = this.#dofAdr[j]!;
          this.#jacobian[row * J + j] = this.#jacPos[i * nv + dof]!;
          this.#jacobian[(row + 3) * J + j] = ROT_WEIGHT * this.#jacRot[i * nv + dof]!;
        }
      }
    }
  }
}

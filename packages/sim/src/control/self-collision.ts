/**
 * Keeps commanded joints from running parts of the body into each other. Capsules stand for the parts (they are in the
 * body's specification); a step that would bring two of them nearer than the margin is bent aside, along the gradient
 * of their distance, and cut short where that does not help. Working on commands, it acts in every action space alike.
 *
 * C capsules, K pairs, J joints.
 */
import type { BodySpec } from "../bodies/body.ts";
import type { Physics } from "../mujoco/physics.ts";
import { nearest, nearestAt } from "./segments.ts";

/** How often a step is bent before what is left of it is cut short. */
const MAX_BENDS = 4;
/** A step is checked at this many places, since thin parts could pass through each other between its ends. */
const PARTS = 5;
/** Bends aim this much beyond the margin, so that they need not creep up to it. */
const SLACK_M = 0.0005;
/** Added to how far a capsule's ends moved: on its way it leaves the straight line a little. */
const ARC_SHARE = 1.1;
const ARC_M = 0.003;

export class SelfCollision {
  readonly marginM: number;
  readonly #spec: BodySpec;
  readonly #ghost: Physics;
  readonly #qposAdr: readonly number[];
  readonly #dofAdr: readonly number[];
  readonly #bodies: readonly number[]; // [C]
  readonly #radii: readonly number[]; // [C]
  readonly #pairs: readonly (readonly [number, number])[]; // [K]
  /** [C, 6] ends in the base frame: at the step's beginning, and where the ghost stands now. */
  readonly #before: Float64Array;
  readonly #ends: Float64Array;
  readonly #gapsBefore: Float64Array; // [K]
  readonly #jacobianA: Float64Array; // [3, nv]
  readonly #jacobianB: Float64Array;
  readonly #gradient: Float64Array; // [J]
  readonly #bend: Float64Array; // [J]
  readonly #probe: Float64Array; // [J]

  /** `ghost` is the body alone with a fixed base (`buildGhost`); it may be shared with inverse kinematics. */
  constructor(spec: BodySpec, ghost: Physics) {
    const { capsules, pairs, marginM } = spec.selfCollision;
    this.marginM = marginM;
    this.#spec = spec;
    this.#ghost = ghost;
    const joints = spec.joints.map((joint) => ghost.id("joint", joint.name));
    this.#qposAdr = joints.map((id) => ghost.constants.jntQposAdr[id]!);
    this.#dofAdr = joints.map((id) => ghost.constants.jntDofAdr[id]!);
    this.#bodies = capsules.map((capsule) => ghost.id("body", capsule.body));
    this.#radii = capsules.map((capsule) => capsule.radiusM);
    const indexOf = (name: string): number => {
      const index = capsules.findIndex((capsule) => capsule.name === name);
      if (index < 0) throw new Error(`internal: ${spec.name} has no capsule "${name}".`);
      return index;
    };
    this.#pairs = pairs.flatMap(([some, others]) =>
      some.flatMap((a) => others.map((b) => [indexOf(a), indexOf(b)] as const)),
    );
    this.#before = new Float64Array(6 * capsules.length);
    this.#ends = new Float64Array(6 * capsules.length);
    this.#gapsBefore = new Float64Array(this.#pairs.length);
    this.#jacobianA = new Float64Array(3 * ghost.constants.nv);
    this.#jacobianB = new Float64Array(3 * ghost.constants.nv);
    this.#gradient = new Float64Array(joints.length);
    this.#bend = new Float64Array(joints.length);
    this.#probe = new Float64Array(joints.length);
  }

  /** Smallest gap (m) of any pair with the joints [J] so; negative where two parts overlap. */
  gap(joints: Float64Array): number {
    this.#place(joints);
    return this.#pairs.reduce((least, _, k) => Math.min(least, this.#gapOf(k)), Infinity);
  }

  /**
   * Changes `to` [J] so that no pair comes nearer than the margin on the way from `from`; joint and speed limits that
   * `to` keeps stay kept. A pair that is too near already may only come apart.
   * @returns whether anything had to change
   */
  keepApart(from: Float64Array, to: Float64Array): boolean {
    this.#place(from);
    this.#before.set(this.#ends);
    for (let k = 0; k < this.#pairs.length; k++) this.#gapsBefore[k] = this.#gapOf(k);
    this.#place(to);
    if (this.#isFarApart()) return false;
    let isChanged = false;
    for (let i = 0; i < MAX_BENDS && this.#bendAside(from, to); i++) {
      isChanged = true;
      this.#place(to);
    }
    return this.#cutShort(from, to) || isChanged;
  }

  /** True if no pair can have met, judging by how far each part moved. */
  #isFarApart(): boolean {
    for (let k = 0; k < this.#pairs.length; k++) {
      const pair = this.#pairs[k]!;
      if (this.#gapsBefore[k]! - this.#moved(pair[0]) - this.#moved(pair[1]) < this.marginM) return false;
    }
    return true;
  }

  /** No more than this has any point of a capsule moved since `#before`, m. */
  #moved(capsule: number): number {
    let most = 0;
    for (let end = 6 * capsule; end < 6 * capsule + 6; end += 3) {
      const dx = this.#ends[end]! - this.#before[end]!;
      const dy = this.#ends[end + 1]! - this.#before[end + 1]!;
      const dz = this.#ends[end + 2]! - this.#before[end + 2]!;
      most = Math.max(most, Math.sqrt(dx * dx + dy * dy + dz * dz));
    }
    return ARC_SHARE * most + (most > 0 ? ARC_M : 0);
  }

  /** One Gauss-Seidel sweep over the pairs that are too near at `to`; false if there were none. */
  #bendAside(from: Float64Array, to: Float64Array): boolean {
    const bend = this.#bend.fill(0);
    let isBent = false;
    for (let k = 0; k < this.#pairs.length; k++) {
      const gap = this.#gapOf(k);
      const wanted = this.#leastGap(k);
      if (gap >= wanted) continue;
      isBent = true;
      this.#fillGradient(k);
      let slope = 0;
      let already = 0;
      for (let j = 0; j < bend.length; j++) {
        const g = this.#gradient[j]!;
        slope += this.#spec.joints[j]!.ikWeight * g * g;
        already += g * bend[j]!;
      }
      const missing = wanted + SLACK_M - gap - already;
      if (missing <= 0 || slope < 1e-6) continue;
      for (let j = 0; j < bend.length; j++) {
        bend[j]! += (this.#spec.joints[j]!.ikWeight * this.#gradient[j]! * missing) / slope;
      }
    }
    for (let j = 0; j < bend.length; j++) {
      const { range, maxSpeed } = this.#spec.joints[j]!;
      const most = maxSpeed / this.#spec.controlRateHz;
      const low = Math.max(range[0], from[j]! - most);
      const high = Math.min(range[1], from[j]! + most);
      to[j] = Math.min(high, Math.max(low, to[j]! + bend[j]!));
    }
    return isBent;
  }

  /** Ends the step before the first place on its way where a pair is too near; true if there was one. */
  #cutShort(from: Float64Array, to: Float64Array): boolean {
    for (let part = 1; part <= PARTS; part++) {
      if (this.#isClear(from, to, part / PARTS)) continue;
      const share = this.#lastClear(from, to, (part - 1) / PARTS, part / PARTS);
      for (let j = 0; j < to.length; j++) to[j] = from[j]! + share * (to[j]! - from[j]!);
      return true;
    }
    return false;
  }

  /** The largest clear share between one that is and one that is not, to a sixteenth. */
  #lastClear(from: Float64Array, to: Float64Array, clear: number, blocked: number): number {
    for (let i = 0; i < 4; i++) {
      const middle = (clear + blocked) / 2;
      if (this.#isClear(from, to, middle)) clear = middle;
      else blocked = middle;
    }
    return clear;
  }

  #isClear(from: Float64Array, to: Float64Array, share: number): boolean {
    for (let j = 0; j < to.length; j++) this.#probe[j] = from[j]! + share * (to[j]! - from[j]!);
    this.#place(this.#probe);
    for (let k = 0; k < this.#pairs.length; k++) if (this.#gapOf(k) < this.#leastGap(k)) return false;
    return true;
  }

  /** The margin, or what there was before where that was less (but for rounding). */
  #leastGap(k: number): number {
    return Math.min(this.marginM, this.#gapsBefore[k]! - 1e-9);
  }

  /** Gap of a pair where the ghost stands. */
  #gapOf(k: number): number {
    const pair = this.#pairs[k]!;
    const a = pair[0],
      b = pair[1];
    return nearest(this.#ends, 6 * a, 6 * b) - this.#radii[a]! - this.#radii[b]!;
  }

  /** How the gap of a pair grows with each joint, into `#gradient` [J]. */
  #fillGradient(k: number): void {
    const [a, b] = this.#pairs[k]!;
    const distance = nearest(this.#ends, 6 * a, 6 * b);
    const pointA = this.#pointOn(a, nearestAt.s);
    const pointB = this.#pointOn(b, nearestAt.t);
    this.#ghost.pointJacobian(this.#bodies[a]!, pointA, this.#jacobianA);
    this.#ghost.pointJacobian(this.#bodies[b]!, pointB, this.#jacobianB);
    const nv = this.#ghost.constants.nv;
    this.#gradient.fill(0);
    for (let i = 0; i < 3; i++) {
      const away = (pointB[i]! - pointA[i]!) / Math.max(1e-6, distance);
      this.#dofAdr.forEach((dof, j) => {
        this.#gradient[j]! += away * (this.#jacobianB[i * nv + dof]! - this.#jacobianA[i * nv + dof]!);
      });
    }
  }

  #pointOn(capsule: number, share: number): [number, number, number] {
    const at = 6 * capsule;
    const along = (i: number): number =>
      this.#ends[at + i]! + share * (this.#ends[at + 3 + i]! - this.#ends[at + i]!);
    return [along(0), along(1), along(2)];
  }

  /** Poses the ghost and finds the ends of all capsules. */
  #place(joints: Float64Array): void {
    const { qpos } = this.#ghost;
    for (let j = 0; j < joints.length; j++) qpos[this.#qposAdr[j]!] = joints[j]!;
    this.#ghost.kinematics();
    const { bodyPos, bodyMat } = this.#ghost;
    const { capsules } = this.#spec.selfCollision;
    for (let c = 0; c < capsules.length; c++) {
      const body = this.#bodies[c]!;
      this.#placeEnd(6 * c, capsules[c]!.from, body, bodyPos, bodyMat);
      this.#placeEnd(6 * c + 3, capsules[c]!.to, body, bodyPos, bodyMat);
    }
  }

  #placeEnd(
    at: number,
    local: readonly [number, number, number],
    body: number,
    pos: Float64Array,
    mat: Float64Array,
  ): void {
    for (let i = 0; i < 3; i++) {
      const row = 9 * body + 3 * i;
      this.#ends[at + i] =
        pos[3 * body + i]! + mat[row]! * local[0] + mat[row + 1]! * local[1] + mat[row + 2]! * local[2];
    }
  }
}

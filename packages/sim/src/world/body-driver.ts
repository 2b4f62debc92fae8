/** Carries commands to the motors and reads proprioception back, for any body. */
import { widthOf } from "@orrery/core";
import { type BodySpec, stateParts } from "../bodies/body.ts";
import type { BodyCommand } from "../control/command.ts";
import { rotate, sub, vec3At, yaw } from "../control/vec.ts";
import type { Physics } from "../mujoco/physics.ts";

/** Motor targets move to the new command in this many equal parts, so that 10 Hz commands do not jerk. */
const RAMP_PARTS = 5;

export class BodyDriver {
  readonly #spec: BodySpec;
  readonly #physics: Physics;
  readonly #joints: readonly Wire[];
  readonly #base: readonly Wire[];
  readonly #fingers: readonly (readonly Wire[])[];
  readonly #tools: readonly number[];
  readonly #substepsPerPart: number;
  readonly #stateWidth: number;

  constructor(spec: BodySpec, physics: Physics) {
    this.#spec = spec;
    this.#physics = physics;
    const wire = (name: string): Wire => {
      const joint = physics.id("joint", name);
      return {
        qpos: physics.constants.jntQposAdr[joint]!,
        dof: physics.constants.jntDofAdr[joint]!,
        ctrl: physics.id("actuator", name),
      };
    };
    this.#joints = spec.joints.map((joint) => wire(joint.name));
    this.#base = spec.base ? spec.base.joints.map(wire) : [];
    this.#fingers = spec.arms.map((arm) => arm.fingers.map(wire));
    this.#tools = spec.arms.map((arm) => physics.id("site", arm.tool));
    const substeps = Math.round(1 / (spec.controlRateHz * physics.constants.timestepSec));
    this.#substepsPerPart = substeps / RAMP_PARTS;
    this.#stateWidth = widthOf(stateParts(spec));
  }

  /** Puts the body where the command says, at rest, and holds it there. */
  place(command: BodyCommand): void {
    const { qpos } = this.#physics;
    this.#joints.forEach((wire, j) => (qpos[wire.qpos] = command.joints[j]!));
    this.#base.forEach((wire, i) => (qpos[wire.qpos] = command.base[i]!));
    this.#fingers.forEach((wires, a) => {
      for (const wire of wires) qpos[wire.qpos] = this.#openingM(a, command.grippers[a]!);
    });
    this.#setMotors(command, command, 1);
  }

  /** One control step of physics, from one command to the next; `onPart` is called several times on the way. */
  drive(from: BodyCommand, to: BodyCommand, onPart: () => void = () => {}): void {
    for (let part = 1; part <= RAMP_PARTS; part++) {
      this.#setMotors(from, to, part / RAMP_PARTS);
      this.#physics.step(this.#substepsPerPart, part === RAMP_PARTS);
      onPart();
    }
    this.#physics.poses();
  }

  /** [P] in the order of `stateParts`. */
  readState(): Float32Array {
    const { qpos, qvel, sitePos } = this.#physics;
    const state = new Float32Array(this.#stateWidth);
    let i = 0;
    for (const wire of this.#joints) state[i++] = qpos[wire.qpos]!;
    for (const [a, wires] of this.#fingers.entries()) {
      const sum = wires.reduce((total, wire) => total + qpos[wire.qpos]!, 0);
      state[i++] = sum / (wires.length * this.#spec.arms[a]!.openM);
    }
    const [x = 0, y = 0, turn = 0] = this.#base.map((wire) => qpos[wire.qpos]!);
    for (const site of this.#tools) {
      for (const value of rotate(yaw(-turn), sub(vec3At(sitePos, site), [x, y, 0]))) state[i++] = value;
    }
    if (this.#base.length > 0) {
      const [vx = 0, vy = 0, vyaw = 0] = this.#base.map((wire) => qvel[wire.dof]!);
      for (const value of rotate(yaw(-turn), [vx, vy, 0]).slice(0, 2)) state[i++] = value;
      state[i++] = vyaw;
    }
    return state;
  }

  #setMotors(from: BodyCommand, to: BodyCommand, share: number): void {
    const { ctrl } = this.#physics;
    for (let j = 0; j < this.#joints.length; j++) {
      ctrl[this.#joints[j]!.ctrl] = mix(from.joints, to.joints, j, share);
    }
    for (let i = 0; i < this.#base.length; i++) {
      ctrl[this.#base[i]!.ctrl] = mix(from.base, to.base, i, share);
    }
    for (let a = 0; a < this.#fingers.length; a++) {
      const opening = this.#openingM(a, mix(from.grippers, to.grippers, a, share));
      for (const wire of this.#fingers[a]!) ctrl[wire.ctrl] = opening;
    }
  }

  #openingM(arm: number, closed: number): number {
    return this.#spec.arms[arm]!.openM * (1 - closed);
  }
}

/** The share of the way from entry `i` of `from` to that of `to`. */
function mix(from: Float64Array, to: Float64Array, i: number, share: number): number {
  return from[i]! + share * (to[i]! - from[i]!);
}

/** Where one joint's numbers are. */
interface Wire {
  readonly qpos: number;
  readonly dof: number;
  readonly ctrl: number;
}

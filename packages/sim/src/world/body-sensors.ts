/** Reads what a body feels: one array per sensor part of its embodiment. */
import type { ArmSpec, BodySpec } from "../bodies/body.ts";
import {
  FINGERTIP_TOUCH,
  JOINT_TORQUE,
  WRIST_FORCE,
  WRIST_TORQUE,
  forceSensor,
  torqueSensor,
  touchSite,
} from "../bodies/sensors.ts";
import type { Physics } from "../mujoco/physics.ts";

export class BodySensors {
  readonly #physics: Physics;
  readonly #forces: readonly number[];
  readonly #torques: readonly number[];
  readonly #touches: readonly number[];
  readonly #dofs: readonly number[];

  constructor(spec: BodySpec, physics: Physics) {
    this.#physics = physics;
    const { sensorAdr, jntDofAdr } = physics.constants;
    const at = (sensor: string): number => sensorAdr[physics.id("sensor", sensor)]!;
    // Force and torque are three numbers in a row.
    const three = (sensorOf: (arm: ArmSpec) => string): number[] =>
      spec.arms.flatMap((arm) => [0, 1, 2].map((axis) => at(sensorOf(arm)) + axis));
    this.#forces = three(forceSensor);
    this.#torques = three(torqueSensor);
    this.#touches = spec.arms.flatMap((arm) => arm.fingers.map((finger) => at(touchSite(finger))));
    this.#dofs = spec.joints.map((joint) => jntDofAdr[physics.id("joint", joint.name)]!);
  }

  /** As of the last physics step that sensed (`Physics.step`), by part name; the arrays are the caller's. */
  read(): Record<string, Float32Array> {
    const { sensorData, actuatorForce, gravityForce } = this.#physics;
    const torques = new Float32Array(this.#dofs.length);
    for (let j = 0; j < torques.length; j++) {
      // Gravity is balanced before the position drive; a torque sensor behind both sees the sum.
      torques[j] = actuatorForce[this.#dofs[j]!]! + gravityForce[this.#dofs[j]!]!;
    }
    return {
      [WRIST_FORCE]: picked(sensorData, this.#forces),
      [WRIST_TORQUE]: picked(sensorData, this.#torques),
      [FINGERTIP_TOUCH]: picked(sensorData, this.#touches),
      [JOINT_TORQUE]: torques,
    };
  }
}

function picked(values: Float64Array, places: readonly number[]): Float32Array {
  const out = new Float32Array(places.length);
  for (let i = 0; i < out.length; i++) out[i] = values[places[i]!]!;
  return out;
}

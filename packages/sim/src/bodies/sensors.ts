/**
 * What a body feels, beside its state: force and torque at each wrist, touch of each fingertip, and what each joint
 * bears. Parts of the embodiment, and the MuJoCo sensors that measure them; both follow from the specification.
 */
import type { StatePart } from "@orrery/core";
import { el } from "../scene/mjcf.ts";
import type { ArmSpec, BodySpec } from "./body.ts";

/** Names of the parts, which are also the names of the recorded streams. */
export const WRIST_FORCE = "wrist_force";
export const WRIST_TORQUE = "wrist_torque";
export const FINGERTIP_TOUCH = "fingertip_touch";
export const JOINT_TORQUE = "joint_torque";

/**
 * - `wrist_force` (N) and `wrist_torque` (N m): what the wrist exerts to carry the hand and all that it holds, in the
 *   hand's frame. At rest it points up and is their weight; the hand's own is in it, as on a sensor that is not tared.
 * - `fingertip_touch` (N): sum of the normal forces of all contacts of a finger.
 * - `joint_torque` (N m, or N for joints that slide): what the drive bears, its share against gravity included.
 */
export function sensorParts(spec: BodySpec): StatePart[] {
  const arms = spec.arms.length;
  const perAxis = (what: string): string[] =>
    spec.arms.flatMap((arm) => ["x", "y", "z"].map((axis) => `${arm.name}_${what}_${axis}`));
  const fingers = spec.arms.flatMap((arm) => arm.fingers);
  return [
    { name: WRIST_FORCE, width: 3 * arms, unit: "N", names: perAxis(WRIST_FORCE) },
    { name: WRIST_TORQUE, width: 3 * arms, unit: "N m", names: perAxis(WRIST_TORQUE) },
    {
      name: FINGERTIP_TOUCH,
      width: fingers.length,
      unit: "N",
      names: fingers.map((finger) => `${finger}_touch`),
    },
    {
      name: JOINT_TORQUE,
      width: spec.joints.length,
      unit: "N m",
      names: spec.joints.map((joint) => `${joint.name}_torque`),
    },
  ];
}

/** The contents of MJCF's `<sensor>`. Joint torques need none: they are read from the drives. */
export function sensorMjcf(spec: BodySpec): string {
  return spec.arms
    .flatMap((arm) => [
      el("force", { name: forceSensor(arm), site: arm.wrist }),
      el("torque", { name: torqueSensor(arm), site: arm.wrist }),
      ...arm.fingers.map((finger) => el("touch", { name: touchSite(finger), site: touchSite(finger) })),
    ])
    .join("");
}

export function forceSensor(arm: ArmSpec): string {
  return `${arm.wrist}_force`;
}

export function torqueSensor(arm: ArmSpec): string {
  return `${arm.wrist}_torque`;
}

/** Site around a finger, and the sensor on it. */
export function touchSite(finger: string): string {
  return `${finger}_touch`;
}

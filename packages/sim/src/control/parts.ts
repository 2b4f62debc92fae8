/** Action parts that several action spaces share. */
import type { ActionPart } from "@orrery/core";
import type { BodySpec } from "../bodies/body.ts";

/** One number per arm: 0 open, 1 closed. */
export function gripperPart(spec: BodySpec): ActionPart {
  return {
    name: "gripper",
    width: spec.arms.length,
    unit: "1",
    kind: "continuous",
    mode: "absolute",
    names: spec.arms.map((arm) => `${arm.name}_gripper`),
    limits: spec.arms.map(() => [0, 1] as const),
  };
}

/** Forward and left m/s and turn rad/s, in the base's own frame; no part where the body has no base. */
export function basePart(spec: BodySpec): ActionPart[] {
  if (!spec.base) return [];
  return [
    {
      name: "base_velocity",
      width: 3,
      unit: "m/s",
      kind: "continuous",
      mode: "velocity",
      names: ["base_vx", "base_vy", "base_vyaw"],
      limits: spec.base.maxSpeed.map((speed) => [-speed, speed] as const),
    },
  ];
}

/** Reads grippers and base velocity at the end of an action and returns where they leave the command. */
export function tailOf(
  spec: BodySpec,
  action: Float32Array,
): { grippers: Float64Array; baseVelocity: Float32Array } {
  const arms = spec.arms.length;
  const baseWidth = spec.base ? 3 : 0;
  const end = action.length - baseWidth;
  return {
    grippers: Float64Array.from(action.subarray(end - arms, end)),
    baseVelocity: action.subarray(end),
  };
}

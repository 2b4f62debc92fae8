/** What the robot is told to do next, whatever action space it was said in. */
import type { BodySpec } from "../bodies/body.ts";

/** Commanded positions at the end of a control step. */
export interface BodyCommand {
  /** [J] in the order of `BodySpec.joints`. */
  readonly joints: Float64Array;
  /** One per arm, 0 open to 1 closed. */
  readonly grippers: Float64Array;
  /** Base pose in the world: x, y (m), yaw (rad); empty where the body has no base. */
  readonly base: Float64Array;
}

export function copyCommand(command: BodyCommand): BodyCommand {
  return { joints: command.joints.slice(), grippers: command.grippers.slice(), base: command.base.slice() };
}

/** Home pose at the origin with open grippers. */
export function homeCommand(spec: BodySpec): BodyCommand {
  return {
    joints: Float64Array.from(spec.joints, (joint) => joint.home),
    grippers: new Float64Array(spec.arms.length),
    base: new Float64Array(spec.base ? 3 : 0),
  };
}

/** Moves the commanded base by a velocity in its own frame (m/s, m/s, rad/s) for `seconds`. */
export function driveBase(base: Float64Array, velocity: ArrayLike<number>, seconds: number): void {
  const heading = base[2]! + 0.5 * velocity[2]! * seconds; // midpoint rule
  const forward = velocity[0]! * seconds;
  const left = velocity[1]! * seconds;
  base[0]! += Math.cos(heading) * forward - Math.sin(heading) * left;
  base[1]! += Math.sin(heading) * forward + Math.cos(heading) * left;
  base[2]! += velocity[2]! * seconds;
}

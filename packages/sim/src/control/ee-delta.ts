/**
 * The action space that operators use: per arm a change of tool position (m) and orientation (rotation vector, rad)
 * in the base frame, then grippers, then base velocity.
 *
 * A target pose per arm is carried from step to step, so that small moves add up exactly; where inverse kinematics
 * cannot follow (limits, out of reach, another part of the body), the target is pulled back to what was reached and
 * does not run away.
 */
import type { ActionPart } from "@orrery/core";
import type { BodySpec } from "../bodies/body.ts";
import type { ActionSpace, ActionSpaceContext } from "./action-space.ts";
import { type BodyCommand, driveBase } from "./command.ts";
import type { ToolPose } from "./ik.ts";
import { basePart, gripperPart, tailOf } from "./parts.ts";
import {
  add,
  conjugate,
  fromRotationVector,
  limitNorm,
  multiply,
  normalise,
  sub,
  toRotationVector,
  vec3At,
} from "./vec.ts";

const ITERATIONS = 4;
/** How far the target may run ahead of what inverse kinematics reached. */
const MAX_LEAD_M = 0.02;
const MAX_LEAD_RAD = 0.1;

export class EeDelta implements ActionSpace {
  readonly name = "ee-delta";
  readonly parts: readonly ActionPart[];
  readonly #context: ActionSpaceContext;
  #targets: ToolPose[] = [];
  /** Tilt of the head camera, rad, which leaning must not change. */
  #gazeRad = 0;

  constructor(context: ActionSpaceContext) {
    this.#context = context;
    const { spec } = context;
    this.parts = [
      ...spec.arms.flatMap((arm) => armParts(arm.name, spec)),
      gripperPart(spec),
      ...basePart(spec),
    ];
  }

  reset(command: BodyCommand): void {
    this.#targets = this.#context.ik.forward(command.joints);
    const gaze = gazeJoints(this.#context.spec);
    this.#gazeRad = gaze ? command.joints[gaze.head]! + command.joints[gaze.trunk]! : 0;
  }

  apply(action: Float32Array, from: BodyCommand): BodyCommand {
    const { spec, ik } = this.#context;
    const wanted = this.#targets.map((target, a) => moved(target, action, 6 * a));
    const joints = from.joints.slice();
    let reached = ik.solve(joints, wanted, ITERATIONS);
    limitSpeed(joints, from.joints, spec);
    if (ik.selfCollision.keepApart(from.joints, joints)) reached = ik.forward(joints);
    this.#steadyGaze(joints);
    this.#targets = wanted.map((target, a) => leashed(target, reached[a]!));
    const { grippers, baseVelocity } = tailOf(spec, action);
    const base = from.base.slice();
    if (spec.base) driveBase(base, baseVelocity, 1 / spec.controlRateHz);
    return { joints, grippers, base };
  }

  /** The tool motion between two commands; joints that inverse kinematics would choose otherwise are not kept. */
  between(from: BodyCommand, to: BodyCommand): Float32Array {
    const { spec, ik } = this.#context;
    const before = ik.forward(from.joints);
    const after = ik.forward(to.joints);
    const numbers = before.flatMap((pose, a) => [
      ...sub(after[a]!.pos, pose.pos),
      ...toRotationVector(multiply(after[a]!.quat, conjugate(pose.quat))),
    ]);
    return Float32Array.from([...numbers, ...to.grippers, ...baseVelocityBetween(from, to, spec)]);
  }

  save(): unknown {
    return { targets: [...this.#targets], gazeRad: this.#gazeRad };
  }

  load(saved: unknown): void {
    const { targets, gazeRad } = saved as { targets: ToolPose[]; gazeRad: number };
    this.#targets = [...targets];
    this.#gazeRad = gazeRad;
  }

  /** Turns the head against the trunk, so that leaning to reach does not swing the picture. */
  #steadyGaze(joints: Float64Array): void {
    const gaze = gazeJoints(this.#context.spec);
    if (!gaze) return;
    const [low, high] = this.#context.spec.joints[gaze.head]!.range;
    joints[gaze.head] = Math.min(high, Math.max(low, this.#gazeRad - joints[gaze.trunk]!));
  }
}

/** Per arm move and turn, then grippers, then base velocity. */
export function eeDeltaParts(spec: BodySpec): ActionPart[] {
  return [...spec.arms.flatMap((arm) => armParts(arm.name, spec)), gripperPart(spec), ...basePart(spec)];
}

function armParts(arm: string, spec: BodySpec): ActionPart[] {
  const three = (limit: number): (readonly [number, number])[] => [
    [-limit, limit],
    [-limit, limit],
    [-limit, limit],
  ];
  return [
    {
      name: `${arm}_tool_delta`,
      width: 3,
      unit: "m",
      kind: "continuous",
      mode: "delta",
      names: ["x", "y", "z"].map((axis) => `${arm}_d${axis}`),
      limits: three(spec.maxToolStepM),
    },
    {
      name: `${arm}_tool_turn`,
      width: 3,
      unit: "rad",
      kind: "continuous",
      mode: "delta",
      names: ["x", "y", "z"].map((axis) => `${arm}_r${axis}`),
      limits: three(spec.maxToolStepRad),
    },
  ];
}

function moved(pose: ToolPose, action: Float32Array, at: number): ToolPose {
  const turn = fromRotationVector([action[at + 3]!, action[at + 4]!, action[at + 5]!]);
  return {
    pos: add(pose.pos, vec3At(action.subarray(at, at + 3), 0)),
    quat: normalise(multiply(turn, pose.quat)),
  };
}

/** The target, no farther from what was reached than the leash. */
function leashed(target: ToolPose, reached: ToolPose): ToolPose {
  const lead = limitNorm(sub(target.pos, reached.pos), MAX_LEAD_M);
  const turn = limitNorm(toRotationVector(multiply(target.quat, conjugate(reached.quat))), MAX_LEAD_RAD);
  return { pos: add(reached.pos, lead), quat: normalise(multiply(fromRotationVector(turn), reached.quat)) };
}

/** The two joints whose sum says how far the head camera is tilted. */
function gazeJoints(spec: BodySpec): { head: number; trunk: number } | null {
  if (!spec.gaze) return null;
  const { joint, against } = spec.gaze;
  const indexOf = (wanted: string): number => spec.joints.findIndex(({ name }) => name === wanted);
  return { head: indexOf(joint), trunk: indexOf(against) };
}

/** No joint may be told to move faster than its limit allows in one control step. */
export function limitSpeed(joints: Float64Array, from: Float64Array, spec: BodySpec): void {
  for (let j = 0; j < joints.length; j++) {
    const most = spec.joints[j]!.maxSpeed / spec.controlRateHz;
    joints[j] = from[j]! + Math.min(most, Math.max(-most, joints[j]! - from[j]!));
  }
}

/** Inverse of `driveBase`. */
export function baseVelocityBetween(from: BodyCommand, to: BodyCommand, spec: BodySpec): number[] {
  if (!spec.base) return [];
  const rate = spec.controlRateHz;
  const turn = to.base[2]! - from.base[2]!;
  const heading = from.base[2]! + 0.5 * turn;
  const dx = to.base[0]! - from.base[0]!;
  const dy = to.base[1]! - from.base[1]!;
  return [
    rate * (Math.cos(heading) * dx + Math.sin(heading) * dy),
    rate * (-Math.sin(heading) * dx + Math.cos(heading) * dy),
    rate * turn,
  ];
}

/** The two joint action spaces: absolute targets, and velocities held for one control step. Base and grippers as in ee-delta. */
import type { ActionPart } from "@orrery/core";
import type { BodySpec } from "../bodies/body.ts";
import type { ActionSpace, ActionSpaceContext } from "./action-space.ts";
import { type BodyCommand, driveBase } from "./command.ts";
import { baseVelocityBetween, limitSpeed } from "./ee-delta.ts";
import { basePart, gripperPart, tailOf } from "./parts.ts";

abstract class JointSpace implements ActionSpace {
  abstract readonly name: "joint-position" | "joint-velocity";
  abstract readonly parts: readonly ActionPart[];
  protected readonly context: ActionSpaceContext;

  constructor(context: ActionSpaceContext) {
    this.context = context;
  }

  /** New joint targets, before limits. */
  protected abstract targets(action: Float32Array, from: Float64Array): Float64Array;
  /** The joint numbers of an action that leads from one set of targets to the next. */
  protected abstract numbers(from: Float64Array, to: Float64Array): Float64Array;

  apply(action: Float32Array, from: BodyCommand): BodyCommand {
    const { spec, ik } = this.context;
    const joints = this.targets(action, from.joints);
    limitSpeed(joints, from.joints, spec);
    spec.joints.forEach(({ range }, j) => {
      joints[j] = Math.min(range[1], Math.max(range[0], joints[j]!));
    });
    ik.selfCollision.keepApart(from.joints, joints);
    const { grippers, baseVelocity } = tailOf(spec, action);
    const base = from.base.slice();
    if (spec.base) driveBase(base, baseVelocity, 1 / spec.controlRateHz);
    return { joints, grippers, base };
  }

  between(from: BodyCommand, to: BodyCommand): Float32Array {
    return Float32Array.from([
      ...this.numbers(from.joints, to.joints),
      ...to.grippers,
      ...baseVelocityBetween(from, to, this.context.spec),
    ]);
  }

  // Nothing is carried from step to step.
  reset(): void {}
  save(): unknown {
    return null;
  }
  load(): void {}
}

export class JointPosition extends JointSpace {
  readonly name = "joint-position";
  readonly parts: readonly ActionPart[];

  constructor(context: ActionSpaceContext) {
    super(context);
    this.parts = jointPositionParts(context.spec);
  }

  protected targets(action: Float32Array): Float64Array {
    return Float64Array.from(action.subarray(0, this.context.spec.joints.length));
  }

  protected numbers(_from: Float64Array, to: Float64Array): Float64Array {
    return to;
  }
}

export class JointVelocity extends JointSpace {
  readonly name = "joint-velocity";
  readonly parts: readonly ActionPart[];

  constructor(context: ActionSpaceContext) {
    super(context);
    this.parts = jointVelocityParts(context.spec);
  }

  protected targets(action: Float32Array, from: Float64Array): Float64Array {
    const rate = this.context.spec.controlRateHz;
    return from.map((position, j) => position + action[j]! / rate);
  }

  protected numbers(from: Float64Array, to: Float64Array): Float64Array {
    const rate = this.context.spec.controlRateHz;
    return to.map((position, j) => (position - from[j]!) * rate);
  }
}

/** One target per joint, then grippers, then base velocity. */
export function jointPositionParts(spec: BodySpec): ActionPart[] {
  return [
    {
      name: "joint_target",
      width: spec.joints.length,
      unit: "rad",
      kind: "continuous",
      mode: "absolute",
      names: spec.joints.map((joint) => joint.name),
      limits: spec.joints.map((joint) => joint.range),
    },
    gripperPart(spec),
    ...basePart(spec),
  ];
}

/** One velocity per joint, then grippers, then base velocity. */
export function jointVelocityParts(spec: BodySpec): ActionPart[] {
  return [
    {
      name: "joint_velocity",
      width: spec.joints.length,
      unit: "rad/s",
      kind: "continuous",
      mode: "velocity",
      names: spec.joints.map((joint) => `${joint.name}_velocity`),
      limits: spec.joints.map((joint) => [-joint.maxSpeed, joint.maxSpeed] as const),
    },
    gripperPart(spec),
    ...basePart(spec),
  ];
}

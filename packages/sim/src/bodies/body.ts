/**
 * What the simulator must know of a robot, as data: its joints and limits, arms, grippers, cameras. The JSON file
 * beside a body's MJCF builder holds it. Control, tasks and operators read this and know no robot by name.
 */
import type { Embodiment, StatePart } from "@orrery/core";
import { UsageError } from "@orrery/core";
import type { Look } from "../render/scene.ts";
import { sensorParts } from "./sensors.ts";

export interface JointSpec {
  readonly name: string;
  readonly unit: "rad" | "m";
  readonly range: readonly [number, number];
  readonly home: number;
  /** rad/s or m/s, for commands; the motors can go faster. */
  readonly maxSpeed: number;
  /** How readily inverse kinematics uses the joint, 1 for an arm joint, 0 for never. */
  readonly ikWeight: number;
  /** Position actuator: stiffness (N/m or N m/rad) and the largest force. */
  readonly stiffness: number;
  readonly maxForce: number;
  readonly armature: number;
  readonly damping: number;
}

export interface ArmSpec {
  readonly name: string;
  /** Site between the fingertips. */
  readonly tool: string;
  /** Site at the last joint, in the hand's frame: what the hand carries is felt there. */
  readonly wrist: string;
  /** Where the arm begins in the base frame (forward, left, m): hands point away from it when nothing else is asked. */
  readonly shoulder: readonly [number, number];
  /** Joint names, shoulder to wrist; all appear in `BodySpec.joints`. */
  readonly joints: readonly string[];
  /** Finger joints, 0 when closed and `openM` when open, all driven by one command. */
  readonly fingers: readonly string[];
  readonly openM: number;
}

export interface CameraMount {
  readonly name: string;
  readonly mount: string;
  readonly fovyDeg: number;
  /** The second eye of a stereo pair: looks the same way as `camera` from a baseline to its right, and moves with it. */
  readonly rightOf?: { readonly camera: string; readonly baselineM: number };
}

export interface BaseSpec {
  /** Joint names: forward, left, turn. */
  readonly joints: readonly [string, string, string];
  /** m/s, m/s, rad/s */
  readonly maxSpeed: readonly [number, number, number];
}

/** A capsule that stands for a part of the body when commands are kept from running parts into each other. */
export interface CapsuleSpec {
  readonly name: string;
  /** MuJoCo body that it moves with; ends of its middle line in that body's frame, m. */
  readonly body: string;
  readonly from: readonly [number, number, number];
  readonly to: readonly [number, number, number];
  readonly radiusM: number;
}

export interface SelfCollisionSpec {
  /** Commanded joints keep this much room between any two capsules of a pair. */
  readonly marginM: number;
  readonly capsules: readonly CapsuleSpec[];
  /** Each capsule of the first list against each of the second. Neighbours at a joint are in none. */
  readonly pairs: readonly (readonly [readonly string[], readonly string[]])[];
}

export interface BodySpec {
  readonly name: string;
  readonly controlRateHz: number;
  readonly base: BaseSpec | null;
  /** Every commanded joint except base and fingers, in the order of state and actions. */
  readonly joints: readonly JointSpec[];
  readonly arms: readonly ArmSpec[];
  readonly cameras: readonly CameraMount[];
  readonly selfCollision: SelfCollisionSpec;
  /** A joint that turns against another to keep the head camera level, as eyes do when the trunk leans. */
  readonly gaze: { readonly joint: string; readonly against: string } | null;
  /** How far the fingers point forward from straight down in the working pose. */
  readonly toolPitchRad: number;
  /** How high above a surface the tool must stay in the working pose for the fingertips not to scrape it. */
  readonly toolClearanceM: number;
  /** Largest end-effector change of one control step. */
  readonly maxToolStepM: number;
  readonly maxToolStepRad: number;
}

/** A body that can be put into a scene. */
export interface Body {
  readonly spec: BodySpec;
  /** MJCF of `<default>` classes, the body tree under its root, and actuators. Sensors follow from the specification. */
  mjcf(options: BodyOptions): BodyMjcf;
}

export interface BodyOptions {
  /** Leaves out the base joints: the ghost that inverse kinematics runs on stands at the origin. */
  readonly fixedBase?: boolean;
  /** Adds to a camera's mount: position (m) and angles (rad) about its right, up and backward axes. */
  readonly cameraOffsets?: Readonly<Record<string, CameraOffset>>;
}

export interface CameraOffset {
  readonly pos: readonly [number, number, number];
  readonly angles: readonly [number, number, number];
}

export interface BodyMjcf {
  readonly defaults: string;
  readonly tree: string;
  readonly actuators: string;
  readonly looks: ReadonlyMap<string, Look>;
}

/** State vector: joints, gripper openings (0 closed to 1 open), tool positions in the base frame, base velocity. */
export function stateParts(spec: BodySpec): StatePart[] {
  const parts: StatePart[] = [
    {
      name: "joint_position",
      width: spec.joints.length,
      unit: "rad",
      names: spec.joints.map((joint) => joint.name),
      limits: spec.joints.map((joint) => joint.range),
    },
    {
      name: "gripper_opening",
      width: spec.arms.length,
      unit: "1",
      names: spec.arms.map((arm) => `${arm.name}_gripper_opening`),
      limits: spec.arms.map(() => [0, 1] as const),
    },
    {
      name: "tool_position",
      width: 3 * spec.arms.length,
      unit: "m",
      names: spec.arms.flatMap((arm) => ["x", "y", "z"].map((axis) => `${arm.name}_tool_${axis}`)),
    },
  ];
  if (spec.base) {
    parts.push({
      name: "base_velocity",
      width: 3,
      unit: "m/s",
      names: ["base_velocity_x", "base_velocity_y", "base_velocity_yaw"],
    });
  }
  return parts;
}

export interface CameraSize {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

const MAX_SIDE_PX = 4096;

/**
 * The embodiment of a body under one action space and choice of cameras.
 * @throws {UsageError} for a camera that the body does not have, twice the same one, or a size out of range
 */
export function embodimentOf(
  spec: BodySpec,
  action: Embodiment["action"],
  cameras: readonly CameraSize[],
): Embodiment {
  return {
    name: spec.name,
    controlRateHz: spec.controlRateHz,
    state: stateParts(spec),
    action,
    sensors: sensorParts(spec),
    cameras: cameras.map(({ name, width, height }) => {
      const mount = spec.cameras.find((camera) => camera.name === name);
      if (!mount) {
        const known = spec.cameras.map((camera) => camera.name).join(", ");
        throw new UsageError(`embodimentOf: ${spec.name}'s cameras are ${known}, got "${name}".`);
      }
      for (const side of [width, height]) {
        if (Number.isInteger(side) && side >= 1 && side <= MAX_SIDE_PX) continue;
        throw new UsageError(
          `embodimentOf: a picture's sides must be whole numbers from 1 to ${MAX_SIDE_PX}, got ${width} x ${height} ` +
            `for camera "${name}".`,
        );
      }
      if (cameras.filter((camera) => camera.name === name).length > 1) {
        throw new UsageError(`embodimentOf: each camera must be asked for once, got "${name}" twice.`);
      }
      return { name, width, height, fovyDeg: mount.fovyDeg, mount: mount.mount };
    }),
  };
}

/** What robots are built from: geoms with looks, joints from the specification, cameras, a hand of three fingers, motors. */
import type { Look, Rgb } from "../render/scene.ts";
import { el } from "../scene/mjcf.ts";
import type { BodySpec, CameraOffset, JointSpec } from "./body.ts";
import { cameraAxes } from "./camera-axes.ts";
import { touchSite } from "./sensors.ts";

const PALM: Look = { colour: [0.9, 0.88, 0.84], gloss: 0.2 };
const FINGER: Look = { colour: [0.22, 0.22, 0.25] };

/** Robot geoms meet the world (bit 1) but not each other; `shell` geoms meet nothing. */
export const DEFAULTS = [
  el("default", { class: "suit" }, el("geom", { contype: 2, conaffinity: 1, group: 1 })),
  el("default", { class: "shell" }, el("geom", { contype: 0, conaffinity: 0, group: 1 })),
  el(
    "default",
    { class: "palm" },
    el("geom", { contype: 2, conaffinity: 1, group: 1, friction: [1, 0.01, 0.001] }),
  ),
  el(
    "default",
    { class: "pad" },
    el("geom", {
      contype: 2,
      conaffinity: 1,
      group: 1,
      condim: 4,
      friction: [1.6, 0.02, 0.001],
      solref: [0.006, 1],
      priority: 1,
    }),
  ),
  el(
    "default",
    { class: "finger" },
    el("joint", { type: "slide", range: [0, 0.05], armature: 0.1, damping: 8 }),
    el("position", { kp: 600, dampratio: 1, ctrlrange: [0, 0.05], forcerange: [-25, 25] }),
  ),
  el(
    "default",
    { class: "base" },
    el("joint", { armature: 4, damping: 20 }),
    el("position", { kp: 2500, dampratio: 1, forcerange: [-400, 400], ctrlrange: [-5, 5] }),
  ),
].join("");

/** Emits named geoms with their looks, joints from the JSON, and cameras with their jitter. */
export class Parts {
  readonly #spec: BodySpec;
  readonly #looks: Map<string, Look>;
  readonly #cameraOffsets: Readonly<Record<string, CameraOffset>>;

  constructor(
    spec: BodySpec,
    looks: Map<string, Look>,
    cameraOffsets: Readonly<Record<string, CameraOffset>>,
  ) {
    this.#spec = spec;
    this.#looks = looks;
    this.#cameraOffsets = cameraOffsets;
  }

  geom(name: string, look: Look, attributes: Parameters<typeof el>[1]): string {
    this.#looks.set(name, look);
    return el("geom", { name, ...attributes });
  }

  joint(name: string, attributes: Parameters<typeof el>[1]): string {
    const { range, armature, damping } = this.#jointSpec(name);
    return el("joint", { name, range, armature, damping, ...attributes });
  }

  /** A camera looking along `forward` with `up` upwards, both in the parent's frame; and its second eye, if it has one. */
  camera(name: string, pos: readonly number[], forward: Rgb, up: Rgb): string {
    const offset = this.#cameraOffsets[name];
    const shift = offset?.pos ?? [0, 0, 0];
    const xyaxes = cameraAxes(forward, up, offset?.angles ?? [0, 0, 0]);
    return this.#spec.cameras
      .filter((mount) => mount.name === name || mount.rightOf?.camera === name)
      .map(({ name: eye, fovyDeg, rightOf }) =>
        el("camera", {
          name: eye,
          pos: pos.map((p, i) => p + shift[i]! + (rightOf?.baselineM ?? 0) * xyaxes[i]!),
          xyaxes,
          fovy: fovyDeg,
        }),
      )
      .join("");
  }

  #jointSpec(name: string): JointSpec {
    const found = this.#spec.joints.find((joint) => joint.name === name);
    if (!found) throw new Error(`internal: the specification of ${this.#spec.name} has no joint "${name}".`);
    return found;
  }
}

/** A body that floats against gravity, as all of a robot's do. */
export function body(name: string, pos: readonly number[], ...children: readonly string[]): string {
  return el("body", { name, pos, gravcomp: 1 }, ...children);
}

/** Palm, tool and wrist sites and fingers of one hand, hanging down; `s` prefixes the names. */
export function handParts(p: Parts, s: string): string[] {
  return [
    p.geom(`${s}_palm`, PALM, {
      class: "palm",
      type: "box",
      size: [0.026, 0.05, 0.03],
      pos: [0, 0, -0.043],
      mass: 0.35,
    }),
    el("site", { name: `${s}_tool`, pos: [0, 0, -0.14], size: 0.005, group: 4 }),
    el("site", { name: `${s}_wrist`, size: 0.005, group: 4 }),
    finger(p, `${s}_thumb`, 0, -1),
    finger(p, `${s}_finger_a`, 0.014, 1),
    finger(p, `${s}_finger_b`, -0.014, 1),
  ];
}

/** The box of a finger, half sides and middle in the finger's frame. */
const PAD = {
  half: [0.0115, 0.007, 0.045],
  pos: (toward: 1 | -1): readonly number[] => [0, toward * 0.0075, -0.042],
};

/** A finger that slides sideways from the middle of the hand; the thumb is the one on the other side. */
function finger(p: Parts, name: string, x: number, toward: 1 | -1): string {
  return body(
    name,
    [x, 0, -0.073],
    el("joint", { name, class: "finger", axis: [0, toward, 0] }),
    p.geom(name, FINGER, {
      class: "pad",
      type: "box",
      size: PAD.half,
      pos: PAD.pos(toward),
      mass: 0.05,
    }),
    // A little larger than the pad: contacts lie on its surface, and touch counts those inside.
    el("site", {
      name: touchSite(name),
      type: "box",
      size: PAD.half.map((side) => side + 0.002),
      pos: PAD.pos(toward),
      group: 4,
    }),
  );
}

/** Position motors of all joints in the order base, joints, fingers; the names are those of the joints. */
export function actuators(spec: BodySpec, fixedBase: boolean): string {
  const base = fixedBase
    ? []
    : (spec.base?.joints ?? []).map((joint) =>
        el("position", { name: joint, class: "base", joint, ...(joint === "base_yaw" ? { kp: 900 } : {}) }),
      );
  const joints = spec.joints.map(({ name, stiffness, maxForce, range }) =>
    el("position", {
      name,
      joint: name,
      kp: stiffness,
      dampratio: 1,
      ctrlrange: range,
      forcerange: [-maxForce, maxForce],
    }),
  );
  const fingers = spec.arms.flatMap((arm) =>
    arm.fingers.map((joint) =>
      // The thumb alone answers to two fingers, so it pushes twice as hard and things stay in the middle.
      el("position", {
        name: joint,
        class: "finger",
        joint,
        ...(joint.endsWith("thumb") ? { kp: 1200, forcerange: [-50, 50] } : {}),
      }),
    ),
  );
  return [...base, ...joints, ...fingers].join("");
}

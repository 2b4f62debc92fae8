/**
 * A NEO-like home humanoid from primitives: about 1.65 m tall, knit suit, on a holonomic base that stands in for
 * walking. Base 3, lift, waist, head pan and tilt, two arms of 7 joints, and hands with a thumb against two
 * fingers: 27 degrees of freedom. Numbers (limits, stiffness, home) are in neo.json, geometry is here.
 */
import { el } from "../scene/mjcf.ts";
import type { Look, Rgb } from "../render/scene.ts";
import type { Body, BodyMjcf, BodyOptions, BodySpec, CameraOffset, JointSpec } from "./body.ts";
import { cameraAxes } from "./camera-axes.ts";
import specJson from "./neo.json" with { type: "json" };

const spec = specJson as unknown as BodySpec;

const SUIT: Look = { colour: [0.8, 0.74, 0.65], second: [0.72, 0.65, 0.56], pattern: "noise", scaleM: 0.15 };
const JOINT: Look = { colour: [0.62, 0.55, 0.47] };
const PALM: Look = { colour: [0.9, 0.88, 0.84], gloss: 0.2 };
const FINGER: Look = { colour: [0.22, 0.22, 0.25] };
const VISOR: Look = { colour: [0.05, 0.05, 0.06], gloss: 1 };
const BASE: Look = { colour: [0.33, 0.31, 0.3] };

export const neo: Body = { spec, mjcf };

function mjcf(options: BodyOptions): BodyMjcf {
  const looks = new Map<string, Look>();
  const parts = new Parts(looks, options.cameraOffsets ?? {});
  return {
    defaults: DEFAULTS,
    tree: robot(parts, options.fixedBase ?? false),
    actuators: actuators(options.fixedBase ?? false),
    looks,
  };
}

/** Robot geoms meet the world (bit 1) but not each other; `shell` geoms meet nothing. */
const DEFAULTS = [
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
class Parts {
  readonly #looks: Map<string, Look>;
  readonly #cameraOffsets: Readonly<Record<string, CameraOffset>>;

  constructor(looks: Map<string, Look>, cameraOffsets: Readonly<Record<string, CameraOffset>>) {
    this.#looks = looks;
    this.#cameraOffsets = cameraOffsets;
  }

  geom(name: string, look: Look, attributes: Parameters<typeof el>[1]): string {
    this.#looks.set(name, look);
    return el("geom", { name, ...attributes });
  }

  joint(name: string, attributes: Parameters<typeof el>[1]): string {
    const { range, armature, damping } = jointSpec(name);
    return el("joint", { name, range, armature, damping, ...attributes });
  }

  /** A camera looking along `forward` with `up` upwards, both in the parent's frame. */
  camera(name: string, pos: readonly number[], forward: Rgb, up: Rgb): string {
    const mount = spec.cameras.find((camera) => camera.name === name);
    const offset = this.#cameraOffsets[name];
    const shift = offset?.pos ?? [0, 0, 0];
    return el("camera", {
      name,
      pos: pos.map((p, i) => p + shift[i]!),
      xyaxes: cameraAxes(forward, up, offset?.angles ?? [0, 0, 0]),
      fovy: mount?.fovyDeg,
    });
  }
}

function jointSpec(name: string): JointSpec {
  const found = spec.joints.find((joint) => joint.name === name);
  if (!found) throw new Error(`internal: neo.json has no joint "${name}".`);
  return found;
}

function body(name: string, pos: readonly number[], ...children: readonly string[]): string {
  return el("body", { name, pos, gravcomp: 1 }, ...children);
}

function robot(p: Parts, fixedBase: boolean): string {
  const drive = fixedBase
    ? ""
    : el("joint", { name: "base_x", class: "base", type: "slide", axis: [1, 0, 0] }) +
      el("joint", { name: "base_y", class: "base", type: "slide", axis: [0, 1, 0] }) +
      el("joint", { name: "base_yaw", class: "base", type: "hinge", axis: [0, 0, 1], armature: 2 });
  const legs = [1, -1].flatMap((side) => [
    p.geom(`shin_${side > 0 ? "l" : "r"}`, SUIT, {
      class: "shell",
      type: "capsule",
      size: 0.07,
      fromto: [0, side * 0.095, 0.14, 0, side * 0.09, 0.46],
      mass: 2,
    }),
    p.geom(`thigh_${side > 0 ? "l" : "r"}`, SUIT, {
      class: "shell",
      type: "capsule",
      size: 0.08,
      fromto: [0, side * 0.09, 0.48, 0, side * 0.08, 0.74],
      mass: 2,
    }),
  ]);
  return body(
    "base",
    [0, 0, 0],
    drive,
    p.geom("base_disc", BASE, {
      class: "suit",
      type: "cylinder",
      size: [0.22, 0.05],
      pos: [0, 0, 0.08],
      mass: 12,
    }),
    ...legs,
    body(
      "pelvis",
      [0, 0, 0.8],
      p.joint("lift", { type: "slide", axis: [0, 0, 1] }),
      p.geom("hips", SUIT, {
        class: "suit",
        type: "capsule",
        size: 0.11,
        fromto: [0, -0.06, 0, 0, 0.06, 0],
        mass: 4,
      }),
      body(
        "torso",
        [0, 0, 0.1],
        p.joint("waist", { axis: [0, 1, 0] }),
        p.geom("belly", SUIT, {
          class: "suit",
          type: "capsule",
          size: 0.115,
          fromto: [0, -0.03, 0.06, 0, 0.03, 0.06],
          mass: 3,
        }),
        p.geom("chest", SUIT, {
          class: "suit",
          type: "box",
          size: [0.085, 0.13, 0.13],
          pos: [0, 0, 0.27],
          mass: 5,
        }),
        p.geom("collar", SUIT, {
          class: "shell",
          type: "capsule",
          size: 0.085,
          fromto: [0, -0.1, 0.39, 0, 0.1, 0.39],
          mass: 1,
        }),
        head(p),
        arm(p, "l", 1),
        arm(p, "r", -1),
      ),
    ),
  );
}

function head(p: Parts): string {
  return body(
    "neck",
    [0, 0, 0.5],
    p.joint("head_pan", { axis: [0, 0, 1] }),
    p.geom("neck", JOINT, { class: "shell", type: "cylinder", size: [0.04, 0.04], mass: 0.3 }),
    body(
      "head",
      [0, 0, 0.09],
      p.joint("head_tilt", { axis: [0, 1, 0] }),
      p.geom("head", SUIT, {
        class: "shell",
        type: "ellipsoid",
        size: [0.095, 0.08, 0.115],
        pos: [0, 0, 0.03],
        mass: 1.2,
      }),
      p.geom("visor", VISOR, {
        class: "shell",
        type: "ellipsoid",
        size: [0.03, 0.06, 0.035],
        pos: [0.075, 0, 0.035],
        mass: 0.1,
      }),
      // Looks 17 degrees below straight ahead, so that the neck need not bend far to see a table.
      p.camera("head", [0.115, 0, 0.03], [0.956, 0, -0.292], [0.292, 0, 0.956]),
    ),
  );
}

/** One arm; `side` is 1 on the left and -1 on the right, `s` its prefix. Axes mirror so that limits are the same. */
function arm(p: Parts, s: "l" | "r", side: 1 | -1): string {
  const camera = s === "l" ? "left_wrist" : "right_wrist";
  const hand = body(
    `${s}_hand`,
    [0, 0, 0],
    p.joint(`${s}_wr_roll`, { axis: [side, 0, 0] }),
    p.geom(`${s}_palm`, PALM, {
      class: "palm",
      type: "box",
      size: [0.026, 0.05, 0.03],
      pos: [0, 0, -0.043],
      mass: 0.35,
    }),
    el("site", { name: `${s}_tool`, pos: [0, 0, -0.14], size: 0.005, group: 4 }),
    p.camera(camera, [0.085, 0, 0.02], [-0.3, 0, -0.954], [0.954, 0, -0.3]),
    finger(p, `${s}_thumb`, 0, -1),
    finger(p, `${s}_finger_a`, 0.014, 1),
    finger(p, `${s}_finger_b`, -0.014, 1),
  );
  const wrist = body(
    `${s}_wrist`,
    [0, 0, -0.245],
    p.joint(`${s}_wr_pitch`, { axis: [0, -1, 0] }),
    p.geom(`${s}_wrist`, JOINT, { class: "palm", type: "sphere", size: 0.032, mass: 0.15 }),
    hand,
  );
  const forearm = body(
    `${s}_forearm`,
    [0, 0, 0],
    p.joint(`${s}_wr_yaw`, { axis: [0, 0, side] }),
    p.geom(`${s}_forearm`, SUIT, {
      class: "suit",
      type: "capsule",
      size: 0.038,
      fromto: [0, 0, -0.04, 0, 0, -0.21],
      mass: 0.7,
    }),
    wrist,
  );
  const elbow = body(
    `${s}_elbow`,
    [0, 0, -0.28],
    p.joint(`${s}_elbow`, { axis: [0, -1, 0] }),
    p.geom(`${s}_elbow`, JOINT, { class: "suit", type: "sphere", size: 0.045, mass: 0.3 }),
    forearm,
  );
  const upper = body(
    `${s}_upper`,
    [0, 0, 0],
    p.joint(`${s}_sh_yaw`, { axis: [0, 0, side] }),
    p.geom(`${s}_upper`, SUIT, {
      class: "suit",
      type: "capsule",
      size: 0.047,
      fromto: [0, 0, -0.03, 0, 0, -0.25],
      mass: 1.1,
    }),
    elbow,
  );
  const roll = body(
    `${s}_roll`,
    [0, side * 0.045, 0],
    p.joint(`${s}_sh_roll`, { axis: [side, 0, 0] }),
    p.geom(`${s}_roll`, SUIT, { class: "suit", type: "sphere", size: 0.055, mass: 0.4 }),
    upper,
  );
  return body(
    `${s}_shoulder`,
    [0, side * 0.17, 0.4],
    p.joint(`${s}_sh_pitch`, { axis: [0, -1, 0] }),
    p.geom(`${s}_shoulder`, SUIT, { class: "suit", type: "sphere", size: 0.062, mass: 0.8 }),
    roll,
  );
}

/** A finger that slides sideways from the middle of the hand; the thumb is the one on the other side. */
function finger(p: Parts, name: string, x: number, toward: 1 | -1): string {
  return body(
    name,
    [x, 0, -0.073],
    el("joint", { name, class: "finger", axis: [0, toward, 0] }),
    p.geom(name, FINGER, {
      class: "pad",
      type: "box",
      size: [0.0115, 0.007, 0.045],
      pos: [0, toward * 0.0075, -0.042],
      mass: 0.05,
    }),
  );
}

function actuators(fixedBase: boolean): string {
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

/**
 * A NEO-like home humanoid from primitives: about 1.65 m tall, knit suit, on a holonomic base that stands in for
 * walking. Base 3, lift, waist, head pan and tilt, two arms of 7 joints, and hands with a thumb against two
 * fingers: 27 degrees of freedom. Numbers (limits, stiffness, home) are in neo.json, geometry is here.
 */
import { el } from "../scene/mjcf.ts";
import type { Look } from "../render/scene.ts";
import type { Body, BodyMjcf, BodyOptions, BodySpec } from "./body.ts";
import { DEFAULTS, Parts, actuators, body, handParts } from "./parts.ts";
import specJson from "./neo.json" with { type: "json" };

const spec = specJson as unknown as BodySpec;

const SUIT: Look = { colour: [0.8, 0.74, 0.65], second: [0.72, 0.65, 0.56], pattern: "noise", scaleM: 0.15 };
const JOINT: Look = { colour: [0.62, 0.55, 0.47] };
const VISOR: Look = { colour: [0.05, 0.05, 0.06], gloss: 1 };
const BASE: Look = { colour: [0.33, 0.31, 0.3] };

export const neo: Body = { spec, mjcf };

function mjcf(options: BodyOptions): BodyMjcf {
  const looks = new Map<string, Look>();
  const parts = new Parts(spec, looks, options.cameraOffsets ?? {});
  return {
    defaults: DEFAULTS,
    tree: robot(parts, options.fixedBase ?? false),
    actuators: actuators(spec, options.fixedBase ?? false),
    looks,
  };
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
    p.camera(camera, [0.085, 0, 0.02], [-0.3, 0, -0.954], [0.954, 0, -0.3]),
    ...handParts(p, s),
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

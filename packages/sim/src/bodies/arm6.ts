/**
 * A single arm of six joints on a pedestal, with a camera on its wrist: about the size and the joints of a Dobot CR5
 * (yaw, three pitches, two wrist turns; 0.9 m of reach). In the joint-velocity space its action is that of the CR5
 * recordings: six joint velocities and a gripper. At zero the upper arm stands up, the forearm points forward and the
 * tool down. Numbers are in arm6.json.
 */
import type { Look } from "../render/scene.ts";
import { el } from "../scene/mjcf.ts";
import type { Body, BodyMjcf, BodyOptions, BodySpec } from "./body.ts";
import { DEFAULTS, Parts, actuators, body, handParts } from "./parts.ts";
import specJson from "./arm6.json" with { type: "json" };

const spec = specJson as unknown as BodySpec;

export const arm6: Body = { spec, mjcf };

const SHELL: Look = { colour: [0.86, 0.87, 0.88], gloss: 0.5 };
const JOINT: Look = { colour: [0.25, 0.45, 0.75], gloss: 0.4 };
const POST: Look = { colour: [0.3, 0.3, 0.32] };

const PEDESTAL_TOP_M = 0.78;
const UPPER_M = 0.43;
const FOREARM_M = 0.37;

function mjcf(options: BodyOptions): BodyMjcf {
  const looks = new Map<string, Look>();
  const p = new Parts(spec, looks, options.cameraOffsets ?? {});
  return { defaults: DEFAULTS, tree: arm(p), actuators: actuators(spec, true), looks };
}

function arm(p: Parts): string {
  const hand = body(
    "hand",
    [0, 0, -0.1],
    p.joint("joint_5", { axis: [0, 0, 1] }),
    p.geom("flange", JOINT, { class: "palm", type: "cylinder", size: [0.035, 0.02], mass: 0.3 }),
    p.camera("wrist", [0.085, 0, 0.02], [-0.3, 0, -0.954], [0.954, 0, -0.3]),
    ...handParts(p, "arm"),
  );
  const roll = body(
    "wrist_roll",
    [0, 0, 0],
    p.joint("joint_4", { axis: [1, 0, 0] }),
    link(p, "wrist_link", 0.04, [0, 0, -0.02], [0, 0, -0.07], 0.8),
    hand,
  );
  const pitch = body(
    "wrist_pitch",
    [FOREARM_M, 0, 0],
    p.joint("joint_3", { axis: [0, 1, 0] }),
    knuckle(p, "wrist_knuckle", 0.045, 0.06, 1),
    roll,
  );
  const forearm = body(
    "forearm",
    [0, 0, UPPER_M],
    p.joint("joint_2", { axis: [0, 1, 0] }),
    knuckle(p, "elbow_knuckle", 0.06, 0.07, 1.5),
    link(p, "forearm", 0.05, [0.04, 0, 0], [FOREARM_M - 0.05, 0, 0], 2),
    pitch,
  );
  const upper = body(
    "upper",
    [0, 0, 0.12],
    p.joint("joint_1", { axis: [0, 1, 0] }),
    knuckle(p, "shoulder_knuckle", 0.075, 0.085, 3),
    link(p, "upper", 0.06, [0, 0, 0.06], [0, 0, UPPER_M - 0.06], 3),
    forearm,
  );
  const [x, y] = spec.arms[0]!.shoulder;
  return el(
    "body",
    { name: "pedestal", pos: [x, y, PEDESTAL_TOP_M] },
    p.geom("post", POST, {
      class: "suit",
      type: "cylinder",
      size: [0.08, PEDESTAL_TOP_M / 2],
      pos: [0, 0, -PEDESTAL_TOP_M / 2],
    }),
    p.camera("overview", [0.2, -0.8, 0.65], [0.35, 0.75, -0.56], [0.237, 0.507, 0.829]),
    body(
      "turret",
      [0, 0, 0],
      p.joint("joint_0", { axis: [0, 0, 1] }),
      p.geom("turret", SHELL, {
        class: "suit",
        type: "cylinder",
        size: [0.075, 0.05],
        pos: [0, 0, 0.05],
        mass: 3,
      }),
      upper,
    ),
  );
}

/** The blue drum around a pitch joint. */
function knuckle(p: Parts, name: string, radius: number, half: number, mass: number): string {
  return p.geom(name, JOINT, {
    class: "suit",
    type: "capsule",
    size: radius,
    fromto: [0, -half, 0, 0, half, 0],
    mass,
  });
}

function link(
  p: Parts,
  name: string,
  radius: number,
  from: readonly number[],
  to: readonly number[],
  mass: number,
): string {
  return p.geom(`${name}_tube`, SHELL, {
    class: "suit",
    type: "capsule",
    size: radius,
    fromto: [...from, ...to],
    mass,
  });
}

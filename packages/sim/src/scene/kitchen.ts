/** Turns a scene and a body into MJCF and looks: the room, the table, what lies on it, and the robot. */
import type { Body, BodyMjcf } from "../bodies/body.ts";
import { sensorMjcf } from "../bodies/sensors.ts";
import type { Look } from "../render/scene.ts";
import { cabinetWithDoor } from "./cabinet.ts";
import { drawerChest } from "./drawer.ts";
import { looseObject } from "./loose-object.ts";
import { el } from "./mjcf.ts";
import { roomGeoms } from "./room.ts";
import type { Mark, SceneSpec, TableSpec } from "./scene-spec.ts";
import { shelfBoard } from "./shelf.ts";
import { spiltDrops } from "./spill.ts";

export const TIMESTEP_SEC = 0.004;

export interface BuiltScene {
  readonly xml: string;
  readonly looks: ReadonlyMap<string, Look>;
}

/** MJCF of a kitchen; every geom that matters is named. */
export function buildKitchen(scene: SceneSpec, body: Body): BuiltScene {
  const robot = robotOf(scene, body);
  const looks = new Map(robot.looks);
  const world = [
    roomGeoms(scene, looks),
    table(scene.table, looks),
    ...scene.marks.map((mark) => markDisc(mark, scene.table, looks)),
    ...scene.drawers.map((drawer) => drawerChest(drawer, scene.table, looks)),
    ...scene.shelves.map((shelf) => shelfBoard(shelf, scene.table, looks)),
    ...scene.cabinets.map((cabinet) => cabinetWithDoor(cabinet, scene.table, looks)),
    ...scene.spills.map((spill) => spiltDrops(spill, scene.table, looks)),
    robot.tree,
    ...[...scene.objects, ...scene.dressing].map((object) => looseObject(object, scene.table, looks)),
  ];
  const drops = scene.spills.reduce((sum, spill) => sum + spill.drops.length, 0);
  const drives = el("actuator", {}, robot.actuators) + el("sensor", {}, sensorMjcf(body.spec));
  return { xml: mujoco(robot.defaults, world.join(""), drives, drops), looks };
}

/** Bodies with every camera where it belongs: most episodes of a recording, and the longest part of a scene's text. */
const plainBodies = new WeakMap<Body, BodyMjcf>();

function robotOf({ cameraOffsets }: SceneSpec, body: Body): BodyMjcf {
  if (Object.keys(cameraOffsets).length > 0) return body.mjcf({ cameraOffsets });
  const robot = plainBodies.get(body) ?? body.mjcf({});
  plainBodies.set(body, robot);
  return robot;
}

/** MJCF of the body alone at the origin, for inverse kinematics. */
export function buildGhost(body: Body): string {
  const robot = body.mjcf({ fixedBase: true });
  return mujoco(robot.defaults, robot.tree, el("actuator", {}, robot.actuators));
}

/** @param userNumbers room in the state for what physics does not know, such as which drops are wiped away */
function mujoco(defaults: string, world: string, drives: string, userNumbers = 0): string {
  return el(
    "mujoco",
    { model: "orrery" },
    el("compiler", { angle: "radian", autolimits: true }),
    // Elliptic cones with a high impratio: with pyramidal ones grasped objects slip out. Sleep nearly doubles speed.
    el(
      "option",
      {
        timestep: TIMESTEP_SEC,
        integrator: "implicitfast",
        cone: "elliptic",
        impratio: 10,
        iterations: 30,
        ls_iterations: 20,
      },
      // With one contact per pair, cups and jars rock, creep by a millimetre a second and never sleep.
      el("flag", { sleep: "enable", multiccd: "enable" }),
    ),
    el("size", { memory: "4M", nuserdata: userNumbers }), // the default arena is 15 MB for each of many episodes
    el(
      "default",
      {},
      el("geom", { solref: [0.008, 1], condim: 3, friction: [0.8, 0.005, 0.0001] }),
      // Of two frictions MuJoCo takes the larger, so furniture is slippery and each object brings its own.
      el(
        "default",
        { class: "env" },
        el("geom", { contype: 1, conaffinity: 3, friction: [0.2, 0.005, 0.0001] }),
      ),
      el("default", { class: "paint" }, el("geom", { contype: 0, conaffinity: 0 })),
      el("default", { class: "object" }, el("geom", { contype: 1, conaffinity: 3, condim: 4 })),
      defaults,
    ),
    el("worldbody", {}, world),
    drives,
  );
}

function table({ pos, half, topM, look, legLook }: TableSpec, looks: Map<string, Look>): string {
  const thickness = 0.02;
  const [x, y] = pos;
  looks.set("table_top", look);
  const legs = [0, 1, 2, 3].map((i) => {
    const name = `table_leg_${i}`;
    looks.set(name, legLook);
    const legX = x + (i & 1 ? 1 : -1) * (half[0] - 0.05);
    const legY = y + (i & 2 ? 1 : -1) * (half[1] - 0.05);
    const height = topM / 2 - thickness;
    return el("geom", {
      name,
      class: "env",
      type: "cylinder",
      size: [0.025, height],
      pos: [legX, legY, height],
    });
  });
  return (
    el("geom", {
      name: "table_top",
      class: "env",
      type: "box",
      size: [half[0], half[1], thickness],
      pos: [x, y, topM - thickness],
    }) + legs.join("")
  );
}

/** Thick enough to be seen above the table without the two surfaces fighting. */
const MARK_HALF_HEIGHT = 0.0008;

function markDisc(mark: Mark, { topM }: TableSpec, looks: Map<string, Look>): string {
  looks.set(mark.name, { colour: mark.colour });
  return el("geom", {
    name: mark.name,
    class: "paint",
    type: "cylinder",
    size: [mark.radiusM, MARK_HALF_HEIGHT],
    pos: [mark.pos[0], mark.pos[1], topM + MARK_HALF_HEIGHT],
  });
}

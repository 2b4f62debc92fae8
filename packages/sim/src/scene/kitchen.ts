/** Turns a scene and a body into MJCF and looks: the room, the table, what lies on it, and the robot. */
import type { Body } from "../bodies/body.ts";
import { sensorMjcf } from "../bodies/sensors.ts";
import type { Look } from "../render/scene.ts";
import { cabinetWithDoor } from "./cabinet.ts";
import { drawerChest } from "./drawer.ts";
import { el } from "./mjcf.ts";
import type { Part } from "./objects.ts";
import type { Mark, PlacedObject, SceneSpec, TableSpec } from "./scene-spec.ts";
import { shelfBoard } from "./shelf.ts";
import { spiltDrops } from "./spill.ts";

export const TIMESTEP_SEC = 0.004;

export interface BuiltScene {
  readonly xml: string;
  readonly looks: ReadonlyMap<string, Look>;
}

/** MJCF of a kitchen; every geom that matters is named. */
export function buildKitchen(scene: SceneSpec, body: Body): BuiltScene {
  const robot = body.mjcf({ cameraOffsets: scene.cameraOffsets });
  const looks = new Map(robot.looks);
  const world = [
    room(scene, looks),
    table(scene.table, looks),
    ...scene.marks.map((mark) => markDisc(mark, scene.table, looks)),
    ...scene.drawers.map((drawer) => drawerChest(drawer, scene.table, looks)),
    ...scene.shelves.map((shelf) => shelfBoard(shelf, scene.table, looks)),
    ...scene.cabinets.map((cabinet) => cabinetWithDoor(cabinet, scene.table, looks)),
    ...scene.spills.map((spill) => spiltDrops(spill, scene.table, looks)),
    robot.tree,
    ...scene.objects.map((object) => looseObject(object, scene.table, looks)),
  ];
  const drops = scene.spills.reduce((sum, spill) => sum + spill.drops.length, 0);
  const drives = el("actuator", {}, robot.actuators) + el("sensor", {}, sensorMjcf(body.spec));
  return { xml: mujoco(robot.defaults, world.join(""), drives, drops), looks };
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
      el("flag", { sleep: "enable", multiccd: "disable" }),
    ),
    el("size", { memory: "4M", nuserdata: userNumbers }), // the default arena is 15 MB for each of many episodes
    el(
      "default",
      {},
      el("geom", { solref: [0.008, 1], condim: 3, friction: [0.8, 0.005, 0.0001] }),
      el("default", { class: "env" }, el("geom", { contype: 1, conaffinity: 3 })),
      el("default", { class: "paint" }, el("geom", { contype: 0, conaffinity: 0 })),
      el("default", { class: "object" }, el("geom", { contype: 1, conaffinity: 3, condim: 4 })),
      defaults,
    ),
    el("worldbody", {}, world),
    drives,
  );
}

function room(scene: SceneSpec, looks: Map<string, Look>): string {
  looks.set("floor", scene.floor);
  looks.set("wall_back", scene.wall);
  looks.set("wall_left", scene.wall);
  looks.set("wall_right", scene.wall);
  return [
    el("geom", { name: "floor", class: "env", type: "plane", size: [5, 5, 0.1] }),
    // Walls are planes that face the room: cheap to draw and to collide with.
    el("geom", {
      name: "wall_back",
      class: "env",
      type: "plane",
      size: [5, 5, 0.1],
      pos: [2.4, 0, 0],
      zaxis: [-1, 0, 0],
    }),
    el("geom", {
      name: "wall_left",
      class: "env",
      type: "plane",
      size: [5, 5, 0.1],
      pos: [0, 2.4, 0],
      zaxis: [0, -1, 0],
    }),
    el("geom", {
      name: "wall_right",
      class: "env",
      type: "plane",
      size: [5, 5, 0.1],
      pos: [0, -2.4, 0],
      zaxis: [0, 1, 0],
    }),
  ].join("");
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

function looseObject(object: PlacedObject, { topM }: TableSpec, looks: Map<string, Look>): string {
  const shape = object.kind.shape(object.sizeM);
  const solid = shape.parts.filter((part) => part.solid !== false);
  const volume = solid.reduce((sum, part) => sum + volumeOf(part), 0);
  const geoms = shape.parts.map((part, i) => {
    const name = `${object.name}_${i}`;
    looks.set(name, { colour: colourOf(part, object), gloss: object.kind.gloss });
    const isSolid = part.solid !== false;
    return el("geom", {
      name,
      class: isSolid ? "object" : "paint",
      type: part.type,
      size: part.size,
      pos: part.pos,
      quat: part.quat,
      friction: isSolid ? [object.friction, 0.01, 0.002] : undefined,
      // Round things keep wobbling unless rolling friction acts too.
      condim: isSolid && object.kind.traits.includes("rolls") ? 6 : undefined,
      mass: isSolid ? Math.max(1e-4, (object.massKg * volumeOf(part)) / volume) : 0,
    });
  });
  return el(
    "body",
    {
      name: object.name,
      // A hair above the table: resting contact forms in the first steps instead of starting inside it.
      pos: [object.pos[0], object.pos[1], topM + (object.raisedM ?? 0) + shape.halfHeight + 0.0005],
      quat: [Math.cos(object.yawRad / 2), 0, 0, Math.sin(object.yawRad / 2)],
    },
    el("freejoint", { name: object.name }),
    ...geoms,
  );
}

function colourOf(part: Part, object: PlacedObject): readonly [number, number, number] {
  if (part.tone === undefined || part.tone === "own") return object.colour;
  return part.tone === "second" ? object.second : part.tone;
}

/** For sharing out the mass; trimmings of one object only need to be in proportion. */
function volumeOf({ type, size }: Part): number {
  const [a = 0, b = 0, c = 0] = size;
  switch (type) {
    case "sphere":
      return 4.19 * a ** 3;
    case "ellipsoid":
      return 4.19 * a * b * c;
    case "capsule":
      return 4.19 * a ** 3 + 6.28 * a * a * b;
    case "cylinder":
      return 6.28 * a * a * b;
    case "box":
      return 8 * a * b * c;
  }
}

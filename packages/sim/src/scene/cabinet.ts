/** A cabinet with one hinged door in front: five boards, a door, and an upright bar as its handle. */
import type { Look } from "../render/scene.ts";
import { el } from "./mjcf.ts";
import type { CabinetSpec, TableSpec } from "./scene-spec.ts";

/** Outer half sizes: depth (towards the robot is -x), width, height. */
export const CABINET_HALF = [0.09, 0.12, 0.11] as const;
export const DOOR_RANGE_RAD = 1.9;
/** From the hinge to the handle's bar, along the door and out of it. */
export const DOOR_HANDLE_M = [0.2, 0.045] as const;
/** Height of the handle's middle above the table. */
const HANDLE_HEIGHT_M = 0.1;
const BOARD = 0.006;
const HANDLE: Look = { colour: [0.25, 0.25, 0.27], gloss: 0.6 };

/** Where the hinge stands, in the world's plane. */
export function hingeOf({ pos, hinge }: CabinetSpec): readonly [number, number] {
  return [pos[0] - CABINET_HALF[0] - BOARD, pos[1] + hinge * CABINET_HALF[1]];
}

/** Joint, body and handle site are named after the cabinet: `name`, `name`, `name_handle`. */
export function cabinetWithDoor(cabinet: CabinetSpec, { topM }: TableSpec, looks: Map<string, Look>): string {
  const [depth, width, height] = CABINET_HALF;
  const { name, hinge, look, doorLook } = cabinet;
  const board = (part: string, size: readonly number[], pos: readonly number[]): string => {
    looks.set(`${name}_${part}`, look);
    return el("geom", { name: `${name}_${part}`, class: "env", type: "box", size, pos });
  };
  return el(
    "body",
    { name: `${name}_box`, pos: [cabinet.pos[0], cabinet.pos[1], topM + height] },
    board("lid", [depth, width, BOARD], [0, 0, height - BOARD]),
    board("floor", [depth, width, BOARD], [0, 0, BOARD - height]),
    board("side_l", [depth, BOARD, height - 2 * BOARD], [0, width - BOARD, 0]),
    board("side_r", [depth, BOARD, height - 2 * BOARD], [0, BOARD - width, 0]),
    board("rear", [BOARD, width, height - 2 * BOARD], [depth - BOARD, 0, 0]),
    door(name, hinge, doorLook, looks),
  );
}

function door(name: string, hinge: 1 | -1, look: Look, looks: Map<string, Look>): string {
  const [depth, width, height] = CABINET_HALF;
  const [along, out] = DOOR_HANDLE_M;
  const z = HANDLE_HEIGHT_M - height;
  looks.set(`${name}_door`, look);
  for (const part of ["bar", "stem_a", "stem_b"]) looks.set(`${name}_${part}`, HANDLE);
  const stem = (part: string, dz: number): string =>
    el("geom", {
      name: `${name}_${part}`,
      class: "paint",
      type: "capsule",
      size: 0.005,
      fromto: [-out, -hinge * along, z + dz, 0, -hinge * along, z + dz],
      mass: 0.01,
    });
  return el(
    "body",
    { name, pos: [-depth - BOARD - 0.001, hinge * width, 0] },
    el("joint", {
      name,
      type: "hinge",
      // Opening is positive on either side.
      axis: [0, 0, -hinge],
      range: [0, DOOR_RANGE_RAD],
      damping: 0.12,
      frictionloss: 0.03,
      armature: 0.003,
    }),
    el("geom", {
      name: `${name}_door`,
      class: "env",
      type: "box",
      size: [BOARD, width - 0.002, height - 0.003],
      pos: [0, -hinge * width, 0],
      mass: 0.4,
    }),
    el("geom", {
      name: `${name}_bar`,
      class: "object",
      type: "capsule",
      size: 0.008,
      fromto: [-out, -hinge * along, z - 0.04, -out, -hinge * along, z + 0.04],
      mass: 0.05,
      friction: [1.2, 0.01, 0.002],
    }),
    stem("stem_a", 0.032),
    stem("stem_b", -0.032),
    el("site", { name: `${name}_handle`, pos: [-out, -hinge * along, z], size: 0.005, group: 4 }),
  );
}

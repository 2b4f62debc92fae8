/** A chest with one drawer: five boards, a sliding tray, and an upright bar as its handle. */
import type { Look } from "../render/scene.ts";
import { el } from "./mjcf.ts";
import type { DrawerSpec, TableSpec } from "./scene-spec.ts";

/** Outer half sizes: depth (towards the robot is -x), width, height. */
export const CHEST_HALF = [0.11, 0.13, 0.07] as const;
export const DRAWER_TRAVEL_M = 0.16;
/** From the chest's middle to the handle's bar when closed. */
export const HANDLE_OUT_M = 0.16;
const BOARD = 0.006;
/** From the chest's middle to the middle of the front board when closed. */
export const FRONT_OUT_M = CHEST_HALF[0] + BOARD + 0.001;
const HANDLE: Look = { colour: [0.25, 0.25, 0.27], gloss: 0.6 };

/** Joint, body and handle site are named after the drawer: `name`, `name`, `name_handle`. */
export function drawerChest(drawer: DrawerSpec, { topM }: TableSpec, looks: Map<string, Look>): string {
  const [depth, width, height] = CHEST_HALF;
  const { name } = drawer;
  const board = (
    part: string,
    size: readonly number[],
    pos: readonly number[],
    look: Look,
    mass?: number,
  ): string => {
    looks.set(`${name}_${part}`, look);
    return el("geom", { name: `${name}_${part}`, class: "env", type: "box", size, pos, mass });
  };
  const { look, frontLook } = drawer;
  const inner = width - 2 * BOARD - 0.007;
  const tall = height - 2 * BOARD - 0.004;
  looks.set(`${name}_bar`, HANDLE);
  looks.set(`${name}_stem_a`, HANDLE);
  looks.set(`${name}_stem_b`, HANDLE);
  const stem = (part: string, z: number): string =>
    el("geom", {
      name: `${name}_${part}`,
      class: "paint",
      type: "capsule",
      size: 0.005,
      fromto: [-HANDLE_OUT_M, 0, z, -FRONT_OUT_M, 0, z],
      mass: 0.01,
    });
  const tray = el(
    "body",
    { name },
    el("joint", {
      name,
      type: "slide",
      axis: [-1, 0, 0],
      range: [0, DRAWER_TRAVEL_M],
      damping: 6,
      frictionloss: 0.8,
      armature: 0.1,
    }),
    // In front of the shell, not inside it, where it would jam.
    board("front", [BOARD, width - 0.002, height - 0.003], [-FRONT_OUT_M, 0, 0], frontLook, 0.25),
    board("bottom", [depth - 2 * BOARD, inner, BOARD / 2], [0, 0, -tall], look, 0.2),
    board("left", [depth - 2 * BOARD, BOARD / 2, 0.7 * tall], [0, inner, -0.3 * tall], look, 0.08),
    board("right", [depth - 2 * BOARD, BOARD / 2, 0.7 * tall], [0, -inner, -0.3 * tall], look, 0.08),
    board("back", [BOARD / 2, inner, 0.7 * tall], [depth - 3 * BOARD, 0, -0.3 * tall], look, 0.08),
    el("geom", {
      name: `${name}_bar`,
      class: "object",
      type: "capsule",
      size: 0.008,
      fromto: [-HANDLE_OUT_M, 0, -0.045, -HANDLE_OUT_M, 0, 0.045],
      mass: 0.05,
      friction: [1.2, 0.01, 0.002],
    }),
    stem("stem_a", 0.032),
    stem("stem_b", -0.032),
    el("site", { name: `${name}_handle`, pos: [-HANDLE_OUT_M, 0, 0], size: 0.005, group: 4 }),
  );
  return el(
    "body",
    { name: `${name}_chest`, pos: [drawer.pos[0], drawer.pos[1], topM + height] },
    board("lid", [depth, width, BOARD], [0, 0, height - BOARD], look),
    board("floor", [depth, width, BOARD / 2], [0, 0, -height + BOARD / 2], look),
    board("side_l", [depth, BOARD, height - BOARD], [0, width - BOARD, -BOARD], look),
    board("side_r", [depth, BOARD, height - BOARD], [0, -width + BOARD, -BOARD], look),
    board("rear", [BOARD, width, height - BOARD], [depth - BOARD, 0, -BOARD], look),
    tray,
  );
}

/** Draws the furniture that stands on the table: chest with a drawer, cabinet with a door, shelf. */
import type { Rng } from "@orrery/core";
import type { Look } from "../render/scene.ts";
import { CABINET_HALF } from "./cabinet.ts";
import { COLOURS, shiftColour } from "./colours.ts";
import { CHEST_HALF, FRONT_OUT_M } from "./drawer.ts";
import type { CabinetSpec, DrawerSpec, ShelfSpec } from "./scene-spec.ts";

/** Names of the drawer and the cabinet in every scene that has one. */
export const DRAWER = "drawer";
export const CABINET = "cabinet";

/** How often a drawer and a door are two parts of one cupboard. */
const CUPBOARD_CHANCE = 0.4;
/** Between the middles of chest and cabinet, side by side. */
const SIDE_BY_SIDE_M = CHEST_HALF[1] + CABINET_HALF[1] + 0.004;
const FRONTS = ["blue", "green", "teal", "red", "yellow", "white"] as const;

/** A chest where a hand can reach its drawer, open by `openM`. */
export function drawDrawer(rng: Rng, openM: number): DrawerSpec {
  const wood: Look = { colour: shiftColour([0.8, 0.76, 0.7], rng, 0.08) };
  const front = rng.pick(FRONTS);
  return {
    name: DRAWER,
    pos: [rng.uniform(0.78, 0.84), rng.uniform(-0.22, 0.22)],
    openM,
    look: wood,
    frontLook: { colour: shiftColour(COLOURS[front], rng, 0.06), gloss: 0.2 },
  };
}

/** Sometimes a closed cabinet beside the chest, of the same make; its door opens away from the drawer. */
export function drawCabinetBeside(rng: Rng, drawer: DrawerSpec): CabinetSpec[] {
  if (!rng.chance(CUPBOARD_CHANCE)) return [];
  // Towards the middle of the table, where there is room.
  const side = drawer.pos[1] > 0 ? -1 : 1;
  return [
    {
      name: CABINET,
      pos: [drawer.pos[0] - FRONT_OUT_M + CABINET_HALF[0], drawer.pos[1] + side * SIDE_BY_SIDE_M],
      hinge: side,
      look: drawer.look,
      doorLook: drawer.frontLook,
    },
  ];
}

/** A cabinet whose door a hand can swing open. */
export function drawCabinet(rng: Rng): CabinetSpec {
  const hinge = rng.chance(0.5) ? 1 : -1;
  const front = rng.pick(FRONTS);
  return {
    name: CABINET,
    // So that the handle, on the side away from the hinge, is in front of a shoulder.
    pos: [rng.uniform(0.76, 0.8), hinge * rng.uniform(-0.06, 0.06)],
    hinge,
    look: { colour: shiftColour([0.8, 0.76, 0.7], rng, 0.08) },
    doorLook: { colour: shiftColour(COLOURS[front], rng, 0.06), gloss: 0.2 },
  };
}

/** Sometimes a chest with a closed drawer beside the cabinet, of the same make, on the side away from the hinge. */
export function drawChestBeside(rng: Rng, cabinet: CabinetSpec): DrawerSpec[] {
  if (!rng.chance(CUPBOARD_CHANCE)) return [];
  const [x, y] = cabinet.pos;
  return [
    {
      name: DRAWER,
      pos: [x - CABINET_HALF[0] + FRONT_OUT_M, y - cabinet.hinge * SIDE_BY_SIDE_M],
      openM: 0,
      look: cabinet.look,
      frontLook: cabinet.doorLook,
    },
  ];
}

/** A shelf at the back of the table, low enough to be seen and reached from above. */
export function drawShelf(rng: Rng): ShelfSpec {
  const look: Look = {
    colour: shiftColour([0.75, 0.7, 0.62], rng, 0.12),
    pattern: "wood",
    scaleM: 0.6,
    gloss: 0.1,
  };
  return {
    name: "shelf",
    pos: [rng.uniform(0.76, 0.8), rng.uniform(-0.12, 0.12)],
    heightM: rng.uniform(0.1, 0.15),
    look: { ...look, second: shiftColour([0.62, 0.55, 0.46], rng, 0.08) },
  };
}

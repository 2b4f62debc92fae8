import type { Rng } from "@orrery/core";
import type { Look, Rgb } from "../render/scene.ts";
import { type Pattern } from "../render/texture.ts";
import type { Family } from "./family.ts";

const PATTERNS: readonly Pattern[] = ["checker", "stripes", "dots", "tiles", "noise"];

/** Patterns and colours that no training room has, on table, floor and walls. */
export const textures: Family = {
  name: "textures",
  summary: "Patterns and colours of table, floor and walls.",
  room(room, strength, rng) {
    return {
      ...room,
      table: { ...room.table, look: strange(room.table.look, strength, rng, [0.06, 0.3]) },
      floor: strange(room.floor, strength, rng, [0.2, 1]),
      wall: strange(room.wall, strength, rng, [0.2, 1]),
    };
  },
};

function strange(look: Look, strength: number, rng: Rng, scale: readonly [number, number]): Look {
  const towards = (colour: Rgb, other: Rgb): Rgb => [
    colour[0] + strength * (other[0] - colour[0]),
    colour[1] + strength * (other[1] - colour[1]),
    colour[2] + strength * (other[2] - colour[2]),
  ];
  const random = (): Rgb => [rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9)];
  const pattern = rng.pick(PATTERNS);
  return {
    ...look,
    colour: towards(look.colour, random()),
    second: towards(look.second ?? look.colour, random()),
    pattern: rng.chance(strength) ? pattern : (look.pattern ?? "plain"),
    scaleM: rng.chance(strength) ? rng.uniform(...scale) : (look.scaleM ?? 0.5),
  };
}

/** Colours of the concept stage, drawn so that no two things that matter look alike. */
import type { Rng } from "@orrery/core";
import type { Look, Rgb } from "../render/scene.ts";
import { COLOURS, type ColourName, mixColours, scaleColour, shiftColour } from "../scene/colours.ts";
import type { Actor } from "./stage.ts";

const BRIGHT: readonly ColourName[] = ["red", "orange", "yellow", "green", "teal", "blue", "purple", "pink"];
const MUTED: readonly ColourName[] = ["brown", "white", "grey"];

/** `count` different bright colours. */
export function brightLooks(rng: Rng, count: number): Look[] {
  const left = [...BRIGHT];
  return Array.from({ length: count }, () => {
    const [name] = left.splice(rng.int(left.length), 1);
    return { colour: shiftColour(COLOURS[name!], rng, 0.03), gloss: 0.2 };
  });
}

/** A board that hides things. */
export function screenActor(rng: Rng, name: string, half: readonly [number, number, number]): Actor {
  const colour = shiftColour(COLOURS[rng.pick(MUTED)], rng, 0.05);
  return { name, type: "box", size: half, look: { colour } };
}

/** Wallpapers and floorboards: pale, so that what happens stands out. */
const WALLS: readonly Rgb[] = [
  [0.86, 0.89, 0.92],
  [0.93, 0.89, 0.8],
  [0.84, 0.9, 0.84],
  [0.92, 0.86, 0.86],
];
const FLOORS: readonly Rgb[] = [
  [0.78, 0.63, 0.45],
  [0.66, 0.5, 0.35],
  [0.72, 0.7, 0.66],
];

/** The stage around the actors: a papered wall and boards. */
export function drawRoom(rng: Rng): { readonly wall: Look; readonly floor: Look } {
  const wall = shiftColour(rng.pick(WALLS), rng, 0.03);
  const floor = shiftColour(rng.pick(FLOORS), rng, 0.03);
  return {
    wall: { colour: wall, second: mixColours(wall, COLOURS.white, 0.5), pattern: "stripes", scaleM: 0.16 },
    floor: { colour: floor, second: scaleColour(floor, 0.82), pattern: "wood", scaleM: 0.7 },
  };
}

/** The same wallpaper in a clearly different colour. */
export function repainted(wall: Look, rng: Rng): Look {
  const colour = shiftColour(mixColours(wall.colour, COLOURS[rng.pick(BRIGHT)], 0.5), rng, 0.05);
  return { ...wall, colour, second: mixColours(colour, COLOURS.white, 0.4) };
}

/** Colours of the concept stage, drawn so that no two things that matter look alike. */
import type { Rng } from "@orrery/core";
import type { Look } from "../render/scene.ts";
import { COLOURS, type ColourName, shiftColour } from "../scene/colours.ts";
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

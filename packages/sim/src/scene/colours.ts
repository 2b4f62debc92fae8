/** Named colours, as instructions say them; each episode shifts them a little. */
import type { Rng } from "@orrery/core";
import type { Rgb } from "../render/scene.ts";

export const COLOURS = {
  red: [0.83, 0.13, 0.11],
  orange: [0.93, 0.45, 0.07],
  yellow: [0.95, 0.78, 0.12],
  green: [0.18, 0.6, 0.22],
  teal: [0.08, 0.58, 0.58],
  blue: [0.13, 0.32, 0.78],
  purple: [0.48, 0.22, 0.66],
  pink: [0.93, 0.45, 0.62],
  brown: [0.42, 0.25, 0.13],
  white: [0.93, 0.92, 0.9],
  grey: [0.5, 0.5, 0.52],
  black: [0.1, 0.1, 0.11],
} as const satisfies Record<string, Rgb>;

export type ColourName = keyof typeof COLOURS;

/** A colour moved by up to `amount` in each part, kept in [0, 1]. */
export function shiftColour(colour: Rgb, rng: Rng, amount = 0.05): Rgb {
  const shifted = (value: number): number => Math.min(1, Math.max(0, value + rng.uniform(-amount, amount)));
  return [shifted(colour[0]), shifted(colour[1]), shifted(colour[2])];
}

/** A colour multiplied by `factor`, kept in [0, 1]. */
export function scaleColour(colour: Rgb, factor: number): Rgb {
  return [Math.min(1, colour[0] * factor), Math.min(1, colour[1] * factor), Math.min(1, colour[2] * factor)];
}

/** The colour `share` of the way from one to another. */
export function mixColours(from: Rgb, to: Rgb, share: number): Rgb {
  const mixed = (i: 0 | 1 | 2): number => from[i] + share * (to[i] - from[i]);
  return [mixed(0), mixed(1), mixed(2)];
}

/**
 * What a kind of loose object is: its shape as a function of size, and the ranges that a seed draws from. Every shape
 * is made of primitives around the middle of the object. Sizes are half lengths and radii in metres, as MuJoCo counts.
 */
import type { ColourName } from "./colours.ts";

export type Trait =
  | "pushable" // keeps standing and does not roll when pushed from the side
  | "graspable" // fits between the fingers from above
  | "stackable" // flat above and below
  | "container" // holds other things
  | "flat"
  | "small" // low enough to lie in a bowl
  | "rolls";

/** One primitive of an object. `tone` picks its colour: the object's own, its second, or a fixed one. */
export interface Part {
  readonly type: "sphere" | "capsule" | "cylinder" | "box" | "ellipsoid";
  readonly size: readonly number[];
  readonly pos?: readonly [number, number, number];
  readonly quat?: readonly [number, number, number, number];
  readonly tone?: "own" | "second" | readonly [number, number, number];
  /** False for trimmings that nothing can touch. */
  readonly solid?: boolean;
}

export interface Shape {
  readonly parts: readonly Part[];
  /** From the middle down to the table. */
  readonly halfHeight: number;
  /** Of the circle on the table that holds the object. */
  readonly footprint: number;
  /** Width between the fingers when grasped across y. */
  readonly grip: number;
  /** How many ways round it looks and grips the same: 2 a box, 4 a cube, 0 any way round. */
  readonly symmetry: 0 | 2 | 4;
  /** Set for what bends: the number of panels along each side of a square patch, and their pitch. See cloth.ts. */
  readonly cloth?: { readonly panels: number; readonly pitchM: number };
}

export interface ObjectKind {
  readonly name: string;
  /** What people call it. */
  readonly nouns: readonly string[];
  readonly traits: readonly Trait[];
  /** Characteristic length that `shape` is a function of. */
  readonly sizeM: readonly [number, number];
  readonly massKg: readonly [number, number];
  /** Sliding friction against tables and shelves. */
  readonly friction: readonly [number, number];
  readonly colours: readonly ColourName[];
  readonly gloss: number;
  readonly shape: (size: number) => Shape;
}

/** Colours of things that come in any colour. */
export const BRIGHT: readonly ColourName[] = [
  "red",
  "orange",
  "yellow",
  "green",
  "teal",
  "blue",
  "purple",
  "pink",
];
/** Of fruit and wood, which no seed changes. */
export const STEM = [0.3, 0.2, 0.1] as const;

/** Cloth lies this far above what it lies on, m, as half of its thickness. */
export const CLOTH_HALF_THICKNESS_M = 0.004;

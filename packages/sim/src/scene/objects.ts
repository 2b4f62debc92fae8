/**
 * The kinds of loose objects, as a table: shape, size, mass and colours. Every shape is made of primitives around
 * the middle of the object; `size` is its characteristic length, drawn from `sizeM`.
 *
 * To add a kind, add an entry. Sizes are half lengths and radii in metres, as MuJoCo counts.
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
}

export interface ObjectKind {
  readonly name: string;
  /** What people call it. */
  readonly nouns: readonly string[];
  readonly traits: readonly Trait[];
  readonly sizeM: readonly [number, number];
  readonly massKg: readonly [number, number];
  readonly colours: readonly ColourName[];
  readonly gloss: number;
  readonly shape: (size: number) => Shape;
}

const BRIGHT: readonly ColourName[] = ["red", "orange", "yellow", "green", "teal", "blue", "purple", "pink"];
const STEM = [0.3, 0.2, 0.1] as const;

export const OBJECT_KINDS: readonly ObjectKind[] = [
  {
    name: "cube",
    nouns: ["cube", "block"],
    traits: ["small", "pushable", "graspable", "stackable"],
    sizeM: [0.03, 0.04],
    massKg: [0.08, 0.2],
    colours: BRIGHT,
    gloss: 0.1,
    shape: (s) => ({
      parts: [{ type: "box", size: [s, s, s] }],
      halfHeight: s,
      footprint: 1.42 * s,
      grip: 2 * s,
      symmetry: 4,
    }),
  },
  {
    name: "box",
    nouns: ["box", "carton"],
    traits: ["pushable", "graspable", "stackable"],
    sizeM: [0.05, 0.065],
    massKg: [0.12, 0.3],
    colours: [...BRIGHT, "white", "brown"],
    gloss: 0.05,
    shape: (s) => ({
      parts: [
        { type: "box", size: [0.9 * s, 0.55 * s, s] },
        { type: "box", size: [0.905 * s, 0.555 * s, 0.25 * s], tone: "second", solid: false },
      ],
      halfHeight: s,
      footprint: 1.06 * s,
      grip: 1.1 * s,
      symmetry: 2,
    }),
  },
  {
    name: "ball",
    nouns: ["ball"],
    traits: ["small", "graspable", "rolls"],
    sizeM: [0.032, 0.042],
    massKg: [0.04, 0.12],
    colours: BRIGHT,
    gloss: 0.3,
    shape: (s) => ({
      parts: [{ type: "sphere", size: [s] }],
      halfHeight: s,
      footprint: s,
      grip: 2 * s,
      symmetry: 0,
    }),
  },
  {
    name: "apple",
    nouns: ["apple"],
    traits: ["small", "graspable", "rolls"],
    sizeM: [0.034, 0.041],
    massKg: [0.12, 0.2],
    colours: ["red", "green", "yellow"],
    gloss: 0.4,
    shape: (s) => ({
      parts: [
        { type: "sphere", size: [s] },
        { type: "capsule", size: [0.1 * s, 0.2 * s], pos: [0, 0, 1.1 * s], tone: STEM, solid: false },
      ],
      halfHeight: s,
      footprint: s,
      grip: 2 * s,
      symmetry: 0,
    }),
  },
  {
    name: "orange",
    nouns: ["orange", "fruit"],
    traits: ["small", "graspable", "rolls"],
    sizeM: [0.035, 0.042],
    massKg: [0.13, 0.2],
    colours: ["orange"],
    gloss: 0.2,
    shape: (s) => ({
      parts: [{ type: "sphere", size: [s] }],
      halfHeight: s,
      footprint: s,
      grip: 2 * s,
      symmetry: 0,
    }),
  },
  {
    name: "lemon",
    nouns: ["lemon"],
    traits: ["small", "graspable", "rolls"],
    sizeM: [0.028, 0.033],
    massKg: [0.08, 0.14],
    colours: ["yellow"],
    gloss: 0.2,
    shape: (s) => ({
      parts: [{ type: "ellipsoid", size: [1.35 * s, s, s] }],
      halfHeight: s,
      footprint: 1.35 * s,
      grip: 2 * s,
      symmetry: 2,
    }),
  },
  {
    name: "mug",
    nouns: ["mug"],
    traits: ["pushable", "graspable"],
    sizeM: [0.036, 0.042],
    massKg: [0.2, 0.35],
    colours: [...BRIGHT, "white"],
    gloss: 0.6,
    shape: (s) => ({
      parts: [
        { type: "cylinder", size: [s, 1.25 * s] },
        {
          type: "cylinder",
          size: [0.85 * s, 0.02 * s],
          pos: [0, 0, 1.25 * s],
          tone: [0.12, 0.08, 0.06],
          solid: false,
        },
        { type: "capsule", size: [0.17 * s, 0.55 * s], pos: [-1.45 * s, 0, 0] },
        { type: "box", size: [0.25 * s, 0.14 * s, 0.14 * s], pos: [-1.2 * s, 0, 0.6 * s], solid: false },
        { type: "box", size: [0.25 * s, 0.14 * s, 0.14 * s], pos: [-1.2 * s, 0, -0.6 * s], solid: false },
      ],
      halfHeight: 1.25 * s,
      footprint: 1.65 * s,
      grip: 2 * s,
      symmetry: 2,
    }),
  },
  {
    name: "cup",
    nouns: ["cup", "beaker"],
    traits: ["pushable", "graspable", "stackable"],
    sizeM: [0.033, 0.04],
    massKg: [0.08, 0.15],
    colours: BRIGHT,
    gloss: 0.4,
    shape: (s) => ({
      parts: [
        { type: "cylinder", size: [s, 1.3 * s] },
        { type: "cylinder", size: [1.06 * s, 0.12 * s], pos: [0, 0, 1.2 * s], tone: "second", solid: false },
      ],
      halfHeight: 1.3 * s,
      footprint: 1.06 * s,
      grip: 2 * s,
      symmetry: 0,
    }),
  },
  {
    name: "can",
    nouns: ["can", "tin"],
    traits: ["pushable", "graspable", "stackable"],
    sizeM: [0.032, 0.038],
    massKg: [0.2, 0.38],
    colours: [...BRIGHT, "grey"],
    gloss: 0.7,
    shape: (s) => ({
      parts: [
        { type: "cylinder", size: [s, 1.5 * s] },
        { type: "cylinder", size: [1.01 * s, 0.7 * s], tone: "second", solid: false },
        {
          type: "cylinder",
          size: [0.88 * s, 0.02 * s],
          pos: [0, 0, 1.5 * s],
          tone: [0.7, 0.7, 0.72],
          solid: false,
        },
      ],
      halfHeight: 1.5 * s,
      footprint: s,
      grip: 2 * s,
      symmetry: 0,
    }),
  },
  {
    name: "bottle",
    nouns: ["bottle"],
    traits: ["graspable"],
    sizeM: [0.03, 0.036],
    massKg: [0.2, 0.4],
    colours: ["green", "teal", "blue", "brown", "white"],
    gloss: 0.8,
    shape: (s) => ({
      parts: [
        { type: "cylinder", size: [s, 1.9 * s], pos: [0, 0, -0.5 * s] },
        { type: "ellipsoid", size: [s, s, 0.7 * s], pos: [0, 0, 1.4 * s] },
        { type: "cylinder", size: [0.38 * s, 0.5 * s], pos: [0, 0, 2.2 * s] },
        { type: "cylinder", size: [0.45 * s, 0.2 * s], pos: [0, 0, 2.7 * s], tone: "second", solid: false },
      ],
      halfHeight: 2.4 * s,
      footprint: s,
      grip: 2 * s,
      symmetry: 0,
    }),
  },
  {
    name: "sponge",
    nouns: ["sponge"],
    traits: ["small", "pushable", "graspable", "flat"],
    sizeM: [0.045, 0.055],
    massKg: [0.03, 0.06],
    colours: ["yellow", "pink", "green", "blue"],
    gloss: 0,
    shape: (s) => ({
      parts: [
        { type: "box", size: [s, 0.65 * s, 0.42 * s] },
        {
          type: "box",
          size: [1.005 * s, 0.655 * s, 0.12 * s],
          pos: [0, 0, 0.31 * s],
          tone: "second",
          solid: false,
        },
      ],
      halfHeight: 0.42 * s,
      footprint: 1.2 * s,
      grip: 1.3 * s,
      symmetry: 2,
    }),
  },
  {
    name: "book",
    nouns: ["book"],
    traits: ["pushable", "flat", "stackable"],
    sizeM: [0.075, 0.095],
    massKg: [0.2, 0.5],
    colours: [...BRIGHT, "brown"],
    gloss: 0.1,
    shape: (s) => ({
      parts: [
        { type: "box", size: [s, 0.7 * s, 0.2 * s] },
        {
          type: "box",
          size: [0.97 * s, 0.69 * s, 0.15 * s],
          pos: [0.04 * s, 0.02 * s, 0],
          tone: [0.93, 0.91, 0.85],
          solid: false,
        },
      ],
      halfHeight: 0.2 * s,
      footprint: 1.22 * s,
      grip: 1.4 * s,
      symmetry: 2,
    }),
  },
  {
    name: "bowl",
    nouns: ["bowl"],
    traits: ["container"],
    sizeM: [0.075, 0.09],
    massKg: [0.25, 0.45],
    colours: [...BRIGHT, "white"],
    gloss: 0.5,
    shape: bowl,
  },
  {
    name: "plate",
    nouns: ["plate"],
    traits: ["flat", "container"],
    sizeM: [0.085, 0.1],
    massKg: [0.25, 0.4],
    colours: [...BRIGHT, "white"],
    gloss: 0.5,
    shape: (s) => ({
      parts: [
        { type: "cylinder", size: [s, 0.09 * s] },
        { type: "cylinder", size: [0.7 * s, 0.002], pos: [0, 0, 0.09 * s], tone: "second", solid: false },
      ],
      halfHeight: 0.09 * s,
      footprint: s,
      grip: 2 * s,
      symmetry: 0,
    }),
  },
];

/** A foot and a ring of eight leaning staves: hollow, so that things fall in and stay. */
function bowl(s: number): Shape {
  const staves = 8;
  const halfHeight = 0.36 * s;
  const parts: Part[] = [{ type: "cylinder", size: [0.72 * s, 0.06 * s], pos: [0, 0, -0.3 * s] }];
  for (let i = 0; i < staves; i++) {
    const angle = (2 * Math.PI * i) / staves;
    const lean = 0.5; // rad outward from upright
    const radius = 0.84 * s;
    parts.push({
      type: "box",
      size: [0.05 * s, 0.38 * s, 0.36 * s],
      pos: [radius * Math.cos(angle), radius * Math.sin(angle), 0],
      // Turn about z to face outward, then about the stave's own y to lean.
      quat: [
        Math.cos(angle / 2) * Math.cos(lean / 2),
        -Math.sin(angle / 2) * Math.sin(lean / 2),
        Math.cos(angle / 2) * Math.sin(lean / 2),
        Math.sin(angle / 2) * Math.cos(lean / 2),
      ],
      tone: i % 2 === 0 ? "own" : "second",
    });
  }
  return { parts, halfHeight, footprint: 1.05 * s, grip: 2 * s, symmetry: 0 };
}

/** Blocks, boxes and books. */
import { BRIGHT, type ObjectKind, type Part } from "../object-kind.ts";

/** By an eighth of a turn about x. */
const TURNED_45 = [Math.cos(Math.PI / 8), Math.sin(Math.PI / 8), 0, 0] as const;

export const BLOCKS: readonly ObjectKind[] = [
  {
    name: "cube",
    nouns: ["cube", "block"],
    traits: ["small", "pushable", "graspable", "stackable"],
    sizeM: [0.03, 0.04],
    massKg: [0.08, 0.2],
    friction: [0.5, 0.8],
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
    name: "brick",
    nouns: ["brick", "toy brick"],
    traits: ["small", "pushable", "graspable", "stackable"],
    sizeM: [0.04, 0.048],
    massKg: [0.05, 0.12],
    friction: [0.4, 0.6],
    colours: BRIGHT,
    gloss: 0.4,
    shape: (s) => ({
      parts: [
        { type: "box", size: [s, 0.6 * s, 0.55 * s] },
        ...[-0.5, 0.5].flatMap((x) =>
          [-0.3, 0.3].map((y): Part => ({
            type: "cylinder",
            size: [0.19 * s, 0.08 * s],
            pos: [x * s, y * s, 0.6 * s],
            solid: false,
          })),
        ),
      ],
      halfHeight: 0.55 * s,
      footprint: 1.17 * s,
      grip: 1.2 * s,
      symmetry: 2,
    }),
  },
  {
    name: "box",
    nouns: ["box", "carton"],
    traits: ["pushable", "graspable", "stackable"],
    sizeM: [0.05, 0.065],
    massKg: [0.12, 0.3],
    friction: [0.4, 0.65],
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
    name: "milk",
    nouns: ["milk carton", "milk"],
    traits: ["graspable"],
    sizeM: [0.034, 0.039],
    massKg: [0.25, 0.45],
    friction: [0.4, 0.6],
    colours: ["white", "blue", "green", "red"],
    gloss: 0.2,
    shape: (s) => ({
      parts: [
        { type: "box", size: [0.8 * s, 0.8 * s, 1.5 * s], pos: [0, 0, -0.4 * s] },
        {
          type: "box",
          size: [0.81 * s, 0.81 * s, 0.5 * s],
          pos: [0, 0, -0.7 * s],
          tone: "second",
          solid: false,
        },
        // A box turned by 45 degrees stands out of the top as a gable.
        { type: "box", size: [0.8 * s, 0.565 * s, 0.565 * s], pos: [0, 0, 1.1 * s], quat: TURNED_45 },
      ],
      halfHeight: 1.9 * s,
      footprint: 1.13 * s,
      grip: 1.6 * s,
      symmetry: 4,
    }),
  },
  {
    name: "book",
    nouns: ["book"],
    traits: ["pushable", "flat", "stackable"],
    sizeM: [0.075, 0.095],
    massKg: [0.2, 0.5],
    friction: [0.4, 0.6],
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
];

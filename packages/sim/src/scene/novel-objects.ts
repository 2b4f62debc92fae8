/** Kinds that training never draws: new shapes for the `objects` perturbation family and its split. */
import type { ObjectKind } from "./objects.ts";

export const NOVEL_KINDS: readonly ObjectKind[] = [
  {
    name: "dumbbell",
    nouns: ["dumbbell"],
    traits: ["graspable", "small"],
    sizeM: [0.026, 0.032],
    massKg: [0.1, 0.3],
    colours: ["grey", "purple", "teal", "orange"],
    gloss: 0.4,
    shape: (s) => ({
      parts: [
        { type: "sphere", size: [s], pos: [1.5 * s, 0, 0] },
        { type: "sphere", size: [s], pos: [-1.5 * s, 0, 0] },
        {
          type: "cylinder",
          size: [0.6 * s, 1.4 * s],
          quat: [Math.SQRT1_2, 0, Math.SQRT1_2, 0],
          tone: "second",
        },
      ],
      halfHeight: s,
      footprint: 2.5 * s,
      grip: 2 * s,
      symmetry: 2,
    }),
  },
  {
    name: "cross",
    nouns: ["cross"],
    traits: ["graspable", "pushable", "small", "stackable"],
    sizeM: [0.05, 0.06],
    massKg: [0.08, 0.2],
    colours: ["pink", "brown", "green", "blue"],
    gloss: 0.1,
    shape: (s) => ({
      parts: [
        { type: "box", size: [s, 0.35 * s, 0.5 * s] },
        { type: "box", size: [0.35 * s, s, 0.5 * s] },
      ],
      halfHeight: 0.5 * s,
      footprint: 1.06 * s,
      grip: 2 * s,
      symmetry: 4,
    }),
  },
  {
    name: "puck",
    nouns: ["puck", "disc"],
    traits: ["graspable", "pushable", "flat", "small", "stackable"],
    sizeM: [0.036, 0.044],
    massKg: [0.1, 0.25],
    colours: ["black", "white", "red", "yellow"],
    gloss: 0.2,
    shape: (s) => ({
      parts: [
        { type: "cylinder", size: [s, 0.55 * s] },
        { type: "cylinder", size: [0.6 * s, 0.02 * s], pos: [0, 0, 0.55 * s], tone: "second", solid: false },
      ],
      halfHeight: 0.55 * s,
      footprint: s,
      grip: 2 * s,
      symmetry: 0,
    }),
  },
  {
    name: "tower",
    nouns: ["tower"],
    traits: ["graspable", "pushable"],
    sizeM: [0.026, 0.032],
    massKg: [0.15, 0.3],
    colours: ["orange", "purple", "grey", "teal"],
    gloss: 0.1,
    shape: (s) => ({
      parts: [
        { type: "box", size: [1.3 * s, 1.3 * s, 0.8 * s], pos: [0, 0, -1.2 * s] },
        { type: "box", size: [0.9 * s, 0.9 * s, 1.2 * s], pos: [0, 0, 0.8 * s], tone: "second" },
      ],
      halfHeight: 2 * s,
      footprint: 1.85 * s,
      grip: 1.8 * s,
      symmetry: 4,
    }),
  },
  {
    name: "egg",
    nouns: ["egg"],
    traits: ["graspable", "small", "rolls"],
    sizeM: [0.026, 0.03],
    massKg: [0.04, 0.08],
    colours: ["white", "brown", "blue", "pink"],
    gloss: 0.3,
    shape: (s) => ({
      parts: [{ type: "ellipsoid", size: [1.25 * s, s, s] }],
      halfHeight: s,
      footprint: 1.25 * s,
      grip: 2 * s,
      symmetry: 2,
    }),
  },
];

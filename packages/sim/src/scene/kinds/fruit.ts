/** Balls and fruit. */
import { BRIGHT, STEM, type ObjectKind } from "../object-kind.ts";

const ALONG_X = [Math.SQRT1_2, 0, Math.SQRT1_2, 0] as const;

export const FRUIT: readonly ObjectKind[] = [
  {
    name: "ball",
    nouns: ["ball"],
    traits: ["small", "graspable", "rolls"],
    sizeM: [0.032, 0.042],
    massKg: [0.04, 0.12],
    friction: [0.6, 0.9],
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
    friction: [0.5, 0.75],
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
    friction: [0.55, 0.8],
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
    friction: [0.5, 0.75],
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
    name: "pear", // lying, since it would not stand
    nouns: ["pear"],
    traits: ["small", "graspable", "rolls"],
    sizeM: [0.031, 0.036],
    massKg: [0.12, 0.2],
    friction: [0.5, 0.75],
    colours: ["green", "yellow"],
    gloss: 0.3,
    shape: (s) => ({
      parts: [
        { type: "sphere", size: [s], pos: [-0.4 * s, 0, 0] },
        { type: "ellipsoid", size: [0.85 * s, 0.62 * s, 0.62 * s], pos: [0.6 * s, 0, -0.2 * s] },
        {
          type: "capsule",
          size: [0.09 * s, 0.2 * s],
          pos: [1.5 * s, 0, -0.2 * s],
          quat: ALONG_X,
          tone: STEM,
          solid: false,
        },
      ],
      halfHeight: s,
      footprint: 1.5 * s,
      grip: 2 * s,
      symmetry: 2,
    }),
  },
  {
    name: "banana",
    nouns: ["banana"],
    traits: ["graspable"],
    sizeM: [0.07, 0.08],
    massKg: [0.1, 0.18],
    friction: [0.5, 0.75],
    colours: ["yellow", "green"],
    gloss: 0.2,
    shape: (s) => ({
      parts: [
        { type: "capsule", size: [0.21 * s, 0.36 * s], pos: [0, -0.08 * s, 0], quat: ALONG_X },
        { type: "capsule", size: [0.19 * s, 0.26 * s], pos: [0.55 * s, 0.05 * s, 0], quat: alongFloor(0.5) },
        {
          type: "capsule",
          size: [0.19 * s, 0.26 * s],
          pos: [-0.55 * s, 0.05 * s, 0],
          quat: alongFloor(-0.5),
        },
        {
          type: "capsule",
          size: [0.08 * s, 0.1 * s],
          pos: [0.89 * s, 0.24 * s, 0],
          quat: alongFloor(0.5),
          tone: STEM,
          solid: false,
        },
      ],
      halfHeight: 0.21 * s,
      footprint: s,
      grip: 0.6 * s,
      symmetry: 2,
    }),
  },
];

/** Turns a capsule, which stands along z, to lie along x; or along a direction `turnRad` from x in the plane. */
function alongFloor(turnRad: number): readonly [number, number, number, number] {
  const [c, s] = [Math.cos(turnRad / 2), Math.sin(turnRad / 2)];
  // A quarter turn about y, then the turn about z.
  return [c * Math.SQRT1_2, -s * Math.SQRT1_2, c * Math.SQRT1_2, s * Math.SQRT1_2];
}

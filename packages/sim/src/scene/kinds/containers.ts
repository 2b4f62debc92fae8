/** What other things are put into or onto: bowl, bin, tray, plate. */
import { BRIGHT, type ObjectKind, type Part, type Shape } from "../object-kind.ts";

export const CONTAINERS: readonly ObjectKind[] = [
  {
    name: "bowl",
    nouns: ["bowl"],
    traits: ["container"],
    sizeM: [0.075, 0.09],
    massKg: [0.25, 0.45],
    friction: [0.4, 0.6],
    colours: [...BRIGHT, "white"],
    gloss: 0.5,
    shape: bowl,
  },
  {
    name: "bin",
    nouns: ["bin"],
    traits: ["container"],
    sizeM: [0.08, 0.092],
    massKg: [0.3, 0.5],
    friction: [0.5, 0.7],
    colours: [...BRIGHT, "white", "grey"],
    gloss: 0.3,
    shape: bin,
  },
  {
    name: "tray",
    nouns: ["tray"],
    traits: ["container", "flat"],
    sizeM: [0.13, 0.15],
    massKg: [0.3, 0.6],
    friction: [0.4, 0.6],
    colours: [...BRIGHT, "white", "brown"],
    gloss: 0.3,
    shape: (s) => ({
      parts: [
        { type: "box", size: [s, 0.68 * s, 0.03 * s], pos: [0, 0, -0.06 * s] },
        ...[-1, 1].flatMap((side): Part[] => [
          {
            type: "box",
            size: [s, 0.035 * s, 0.06 * s],
            pos: [0, 0.645 * s * side, 0.03 * s],
            tone: "second",
          },
          {
            type: "box",
            size: [0.035 * s, 0.61 * s, 0.06 * s],
            pos: [0.965 * s * side, 0, 0.03 * s],
            tone: "second",
          },
        ]),
      ],
      halfHeight: 0.09 * s,
      footprint: 1.21 * s,
      grip: 1.36 * s,
      symmetry: 2,
    }),
  },
  {
    name: "plate",
    nouns: ["plate"],
    traits: ["flat", "container"],
    sizeM: [0.085, 0.1],
    massKg: [0.25, 0.4],
    friction: [0.4, 0.55],
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

/** A bowl: a foot and leaning staves. */
function bowl(s: number): Shape {
  return {
    parts: [
      { type: "cylinder", size: [0.72 * s, 0.06 * s], pos: [0, 0, -0.3 * s] },
      ...staves({ radius: 0.84 * s, half: [0.05 * s, 0.38 * s, 0.36 * s], leanRad: 0.5 }),
    ],
    halfHeight: 0.36 * s,
    footprint: 1.05 * s,
    grip: 2 * s,
    symmetry: 0,
  };
}

/** A bin for the table: deeper than wide, nearly upright. */
function bin(s: number): Shape {
  return {
    parts: [
      { type: "cylinder", size: [0.78 * s, 0.06 * s], pos: [0, 0, -0.84 * s] },
      ...staves({ radius: 0.88 * s, half: [0.05 * s, 0.4 * s, 0.9 * s], leanRad: 0.1 }),
    ],
    halfHeight: 0.9 * s,
    footprint: 1.05 * s,
    grip: 2 * s,
    symmetry: 0,
  };
}

/** A ring of eight boards around a hollow: things fall in and stay, which no single primitive allows. */
function staves(ring: {
  readonly radius: number;
  readonly half: readonly [number, number, number];
  readonly leanRad: number; // outward from upright
}): Part[] {
  const count = 8;
  return Array.from({ length: count }, (_, i): Part => {
    const angle = (2 * Math.PI * i) / count;
    const [c, s] = [Math.cos(angle / 2), Math.sin(angle / 2)];
    const [cl, sl] = [Math.cos(ring.leanRad / 2), Math.sin(ring.leanRad / 2)];
    return {
      type: "box",
      size: ring.half,
      pos: [ring.radius * Math.cos(angle), ring.radius * Math.sin(angle), 0],
      // Turn about z to face outward, then about the stave's own y to lean.
      quat: [c * cl, -s * sl, c * sl, s * cl],
      tone: i % 2 === 0 ? "own" : "second",
    };
  });
}

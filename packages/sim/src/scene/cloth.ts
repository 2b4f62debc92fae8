/**
 * A cloth-like patch: a square grid of particles, each under a thin panel, joined by weak hinges. It is a tree and no
 * mesh (a spine of panels, each with a wing to either side), so neighbours in different wings do not hold each other:
 * it drapes, folds and slides as a stiff dishcloth does, and does not stretch, tear or wrinkle. What it buys: 30 degrees
 * of freedom instead of 75, no constraint beside contact, and it sleeps like any other object.
 */
import { CLOTH_HALF_THICKNESS_M } from "./object-kind.ts";
import { el } from "./mjcf.ts";

/** N m/rad and N m s/rad of a hinge: it lets a wing of two panels hang almost straight down. */
const STIFFNESS = 4e-4;
const DAMPING = 4e-5;
/** Keeps panels of a gram or two steady at 4 ms steps, kg m2. */
const ARMATURE = 4e-6;

export interface ClothPatch {
  readonly name: string;
  readonly panels: number; // per side; odd, so that one is in the middle
  readonly pitchM: number;
  readonly massKg: number;
  readonly friction: number;
}

/** Names of the drawn geoms of a patch, row by row; every second one takes the second colour as a woven check does. */
export function panelNames({ name, panels }: ClothPatch): string[] {
  return Array.from({ length: panels * panels }, (_, i) => `${name}_${i}`);
}

/** The panels as bodies inside the body of the middle one: what goes between its free joint and its end. */
export function clothPanels(patch: ClothPatch): string {
  const middle = (patch.panels - 1) / 2;
  return (
    panel(patch, middle, middle) +
    wing(patch, middle, 1) +
    wing(patch, middle, -1) +
    spine(patch, 1) +
    spine(patch, -1)
  );
}

/** The spine from the middle outward along x, each of its panels with both wings. */
function spine(patch: ClothPatch, side: 1 | -1): string {
  const middle = (patch.panels - 1) / 2;
  let inner = "";
  for (let k = middle; k >= 1; k--) {
    const row = middle + side * k;
    const own = panel(patch, row, middle) + wing(patch, row, 1) + wing(patch, row, -1);
    inner = hinged(patch, `${row}`, [side, 0], own + inner);
  }
  return inner;
}

/** Half a row, from the spine outward along y. */
function wing(patch: ClothPatch, row: number, side: 1 | -1): string {
  const middle = (patch.panels - 1) / 2;
  let inner = "";
  for (let k = middle; k >= 1; k--) {
    const column = middle + side * k;
    inner = hinged(patch, `${row}_${column}`, [0, side], panel(patch, row, column) + inner);
  }
  return inner;
}

/** A panel one pitch further out, on a hinge along the edge it shares with the one before. */
function hinged(
  { name, pitchM }: ClothPatch,
  suffix: string,
  [x, y]: readonly [number, number],
  content: string,
): string {
  return el(
    "body",
    { name: `${name}_panel_${suffix}`, pos: [x * pitchM, y * pitchM, 0] },
    el("joint", {
      type: "hinge",
      axis: [y, x, 0],
      pos: [(-x * pitchM) / 2, (-y * pitchM) / 2, 0],
      stiffness: STIFFNESS,
      damping: DAMPING,
      armature: ARMATURE,
    }),
    content,
  );
}

/** What is drawn, and the particle that things touch. */
function panel({ name, panels, pitchM, massKg, friction }: ClothPatch, row: number, column: number): string {
  return (
    el("geom", {
      name: `${name}_${row * panels + column}`,
      class: "paint",
      type: "box",
      size: [pitchM / 2, pitchM / 2, 0.6 * CLOTH_HALF_THICKNESS_M],
      mass: 0,
    }) +
    el("geom", {
      class: "object",
      type: "sphere",
      size: CLOTH_HALF_THICKNESS_M,
      condim: 3,
      friction: [friction, 0.01, 0.002],
      mass: massKg / (panels * panels),
      group: 4, // never drawn
    })
  );
}

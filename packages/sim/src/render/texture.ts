/**
 * Procedural textures as small tileable tables: each holds, per texel, how much of the second colour shows (0 to 1).
 * Tables instead of formulas keep the shading loop to one lookup; they are the same on every machine.
 */
import { makeRng } from "@orrery/core";

export const PATTERNS = ["plain", "checker", "wood", "noise", "stripes", "tiles", "dots"] as const;
export type Pattern = (typeof PATTERNS)[number];

/** Texels per side; a power of two, so that wrapping is a mask. */
export const TABLE_SIZE = 128;

/** One table per entry of PATTERNS; the first is all zero. */
export const PATTERN_TABLES: readonly Float32Array[] = PATTERNS.map((pattern) => makeTable(pattern));

function makeTable(pattern: Pattern): Float32Array {
  const table = new Float32Array(TABLE_SIZE * TABLE_SIZE);
  const mix = mixOf(pattern);
  for (let y = 0; y < TABLE_SIZE; y++) {
    for (let x = 0; x < TABLE_SIZE; x++) table[y * TABLE_SIZE + x] = mix(x / TABLE_SIZE, y / TABLE_SIZE);
  }
  return table;
}

/** The share of the second colour at (u, v), both in [0, 1) and periodic. */
function mixOf(pattern: Pattern): (u: number, v: number) => number {
  switch (pattern) {
    case "plain":
      return () => 0;
    case "checker":
      return (u, v) => (u < 0.5 === v < 0.5 ? 0 : 1);
    case "stripes":
      return (u) => (u < 0.5 ? 0 : 1);
    case "dots":
      return (u, v) => ((u - 0.5) ** 2 + (v - 0.5) ** 2 < 0.06 ? 1 : 0);
    case "tiles": // narrow joints around each tile
      return (u, v) => (u < 0.06 || v < 0.06 ? 1 : 0);
    case "noise": {
      const noise = makeNoise("noise", 8, 8);
      return (u, v) => noise(u, v);
    }
    case "wood": {
      // Long fibres: noise stretched along u, folded into bands as growth rings are.
      const rings = makeNoise("rings", 2, 6);
      const fibres = makeNoise("fibres", 4, 48);
      return (u, v) => {
        const band = (rings(u, v) * 3) % 1;
        return 0.65 * (band < 0.5 ? 2 * band : 2 - 2 * band) + 0.35 * fibres(u, v);
      };
    }
  }
}

/** Periodic value noise: random heights on an nu by nv lattice, smoothly interpolated, plus one octave. */
function makeNoise(name: string, nu: number, nv: number): (u: number, v: number) => number {
  const coarse = makeLattice(name, nu, nv);
  const fine = makeLattice(`${name}-fine`, 2 * nu, 2 * nv);
  return (u, v) => (2 * coarse(u, v) + fine(u, v)) / 3;
}

function makeLattice(name: string, nu: number, nv: number): (u: number, v: number) => number {
  const rng = makeRng(0, "texture", name);
  const heights = Array.from({ length: nu * nv }, () => rng.uniform());
  const at = (i: number, j: number): number => heights[(j % nv) * nu + (i % nu)] ?? 0;
  return (u, v) => {
    const x = u * nu;
    const y = v * nv;
    const i = Math.floor(x);
    const j = Math.floor(y);
    const a = smooth(x - i);
    const b = smooth(y - j);
    const top = at(i, j) * (1 - a) + at(i + 1, j) * a;
    const bottom = at(i, j + 1) * (1 - a) + at(i + 1, j + 1) * a;
    return top * (1 - b) + bottom * b;
  };
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

/**
 * Shading of planes and boxes, which fill most of a picture. On one of their sides the normal is the same everywhere,
 * so light is worked out once per side and run of pixels, twice: as the far light falls on it, and in its shadow.
 * What comes out is to the bit what the general formula of shade.ts gives.
 */
import { FORWARD, type Frame, LOCAL_STRIDE, ORIGIN, RIGHT, TO_LIGHT, UP, WORLD_UP } from "./frame.ts";
import { phong } from "./phong.ts";
import { PLANE, type RenderScene } from "./scene.ts";
import type { ShadowGrid } from "./shadow.ts";
import { toSrgb } from "./srgb.ts";
import { PATTERN_TABLES, TABLE_SIZE } from "./texture.ts";

/** Sides are numbered -x, +x, -y, +y, -z, +z; a plane has the last one only. */
const TOP = 5;

/** Shades pixels `from` to `to` (excluded) of row `y`, which all show the plane or box `g`. */
export function shadeFlatRun(
  frame: Frame,
  scene: RenderScene,
  shadows: ShadowGrid | null,
  g: number,
  y: number,
  from: number,
  to: number,
  out: Uint8Array,
): void {
  const { local, sx, width, depth } = frame;
  const base = g * LOCAL_STRIDE;
  const s = frame.sy[y]!;
  const fx = local[base + FORWARD]! + s * local[base + UP]!,
    fy = local[base + FORWARD + 1]! + s * local[base + UP + 1]!,
    fz = local[base + FORWARD + 2]! + s * local[base + UP + 2]!;
  const rx = local[base + RIGHT]!,
    ry = local[base + RIGHT + 1]!,
    rz = local[base + RIGHT + 2]!;
  const ox = local[base + ORIGIN]!,
    oy = local[base + ORIGIN + 1]!,
    oz = local[base + ORIGIN + 2]!;
  const a = scene.size[3 * g]!,
    b = scene.size[3 * g + 1]!,
    c = scene.size[3 * g + 2]!;
  const isPlane = scene.type[g] === PLANE;
  const gloss = scene.gloss[g]!;
  const pattern = scene.pattern[g]!;
  const table = PATTERN_TABLES[pattern]!;
  const perTexel = TABLE_SIZE / scene.scaleM[g]!;
  let side = -1;
  let lambert = 0;
  for (let x = from; x < to; x++) {
    const i = y * width + x;
    const t = depth[i]!;
    const dx = fx + sx[x]! * rx,
      dy = fy + sx[x]! * ry,
      dz = fz + sx[x]! * rz;
    const px = ox + t * dx,
      py = oy + t * dy;
    let u = px,
      v = py;
    let seen = TOP;
    if (!isPlane) {
      const pz = oz + t * dz;
      const ax = Math.abs(px) / a,
        ay = Math.abs(py) / b,
        az = Math.abs(pz) / c;
      if (az >= ax && az >= ay) {
        seen = pz > 0 ? TOP : 4;
      } else {
        v = pz;
        if (ay >= ax) {
          seen = py > 0 ? 3 : 2;
        } else {
          u = py;
          seen = px > 0 ? 1 : 0;
        }
      }
    }
    if (seen !== side) {
      side = seen;
      lambert = lightSide(scene, local, g, side);
    }
    const isLit = lambert > 0 && (shadows === null || !shadows.isShadowed(frame, scene, x, y, g));
    const at = isLit ? 0 : 3;
    if (pattern === 0 && (gloss === 0 || !isLit)) {
      out[3 * i] = colours[at]!;
      out[3 * i + 1] = colours[at + 1]!;
      out[3 * i + 2] = colours[at + 2]!;
      continue;
    }
    const highlight = isLit && gloss > 0 ? highlightOf(gloss, local, base, side, lambert, dx, dy, dz) : 0;
    const column = Math.floor(u * perTexel) & (TABLE_SIZE - 1);
    const row = Math.floor(v * perTexel) & (TABLE_SIZE - 1);
    const mix = table[row * TABLE_SIZE + column]!;
    out[3 * i] = toSrgb((albedo[0]! + mix * albedo[3]!) * lights[at]! + highlight);
    out[3 * i + 1] = toSrgb((albedo[1]! + mix * albedo[4]!) * lights[at + 1]! + highlight);
    out[3 * i + 2] = toSrgb((albedo[2]! + mix * albedo[5]!) * lights[at + 2]! + highlight);
  }
}

/** Of the side in hand: light on it, then in the shadow, [2, 3]; what that makes of a plain colour, 8-bit sRGB. */
const lights = new Float64Array(6);
const colours = new Uint8Array(6);
/** The geom's first colour, and what the pattern adds to it, [2, 3]. */
const albedo = new Float64Array(6);

/** Fills `lights`, `colours` and `albedo` for a side of geom `g`; returns the cosine between normal and light. */
function lightSide(scene: RenderScene, local: Float64Array, g: number, side: number): number {
  const base = g * LOCAL_STRIDE;
  const { colour, sky, ground } = scene.light;
  const lambert = alongNormal(side, local, base + TO_LIGHT);
  const rise = 0.5 + 0.5 * alongNormal(side, local, base + WORLD_UP);
  for (let i = 0; i < 3; i++) {
    const fill = ground[i]! + rise * (sky[i]! - ground[i]!);
    albedo[i] = scene.colour[3 * g + i]!;
    albedo[3 + i] = scene.second[3 * g + i]! - albedo[i]!;
    lights[i] = fill + lambert * colour[i]!;
    lights[3 + i] = fill;
    if (lambert > 0) colours[i] = toSrgb(albedo[i]! * lights[i]!);
    colours[3 + i] = toSrgb(albedo[i]! * fill);
  }
  return lambert;
}

/** How far the vector at `at` points along the side's normal. */
function alongNormal(side: number, vectors: Float64Array, at: number): number {
  const value = vectors[at + (side >> 1)]!;
  return (side & 1) === 1 ? value : -value;
}

/** On a side, for a view along (dx, dy, dz). */
function highlightOf(
  gloss: number,
  local: Float64Array,
  base: number,
  side: number,
  lambert: number,
  dx: number,
  dy: number,
  dz: number,
): number {
  const along = side < 2 ? dx : side < 4 ? dy : dz;
  const facing = (side & 1) === 1 ? along : -along;
  const toward =
    dx * local[base + TO_LIGHT]! + dy * local[base + TO_LIGHT + 1]! + dz * local[base + TO_LIGHT + 2]!;
  return phong(gloss, toward - 2 * lambert * facing, dx, dy, dz);
}

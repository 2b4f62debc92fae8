/**
 * Deferred shading: after the z-buffer is done, each pixel gets one colour. Lambert with a far light and its shadow,
 * a sky-to-floor fill, a small highlight, and a procedural texture looked up in the geom's own frame.
 */
import { FORWARD, type Frame, LOCAL_STRIDE, ORIGIN, RIGHT, TO_LIGHT, UP, WORLD_UP } from "./frame.ts";
import { phong } from "./phong.ts";
import { BOX, CAPSULE, CYLINDER, ELLIPSOID, PLANE, type RenderScene, SPHERE } from "./scene.ts";
import { shadeFlatRun } from "./shade-flat.ts";
import type { ShadowGrid } from "./shadow.ts";
import { toSrgb } from "./srgb.ts";
import { PATTERN_TABLES, TABLE_SIZE } from "./texture.ts";

/** Colour of rays that hit nothing, 8-bit sRGB. */
const BACKGROUND = [196, 205, 214] as const;

/** Normal in the geom's frame and texture coordinates (m), filled by `surface`. */
const normal = new Float64Array(3);
const texture = new Float64Array(2);

/** Writes the picture, [height, width, 3], into `out`; `shadows` null means no shadow rays. */
export function shade(frame: Frame, scene: RenderScene, shadows: ShadowGrid | null, out: Uint8Array): void {
  const { width, height, ids } = frame;
  for (let y = 0; y < height; y++) {
    // Neighbours mostly lie on one geom: what is the same for all of them is looked up once per run.
    for (let x = 0, end = 0; x < width; x = end) {
      const g = ids[y * width + x]!;
      for (end = x + 1; end < width && ids[y * width + end] === g; end++);
      if (g < 0) paintBackground(out, 3 * (y * width + x), 3 * (y * width + end));
      else if (isFlat(scene.type[g]!)) shadeFlatRun(frame, scene, shadows, g, y, x, end, out);
      else shadeRoundRun(frame, scene, shadows, g, y, x, end, out);
    }
  }
}

function paintBackground(out: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; at += 3) {
    out[at] = BACKGROUND[0];
    out[at + 1] = BACKGROUND[1];
    out[at + 2] = BACKGROUND[2];
  }
}

function isFlat(type: number): boolean {
  return type === PLANE || type === BOX;
}

/** Shades pixels `from` to `to` (excluded) of row `y`, which all show geom `g`, neither plane nor box. */
function shadeRoundRun(
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
  const lx = local[base + TO_LIGHT]!,
    ly = local[base + TO_LIGHT + 1]!,
    lz = local[base + TO_LIGHT + 2]!;
  const ux = local[base + WORLD_UP]!,
    uy = local[base + WORLD_UP + 1]!,
    uz = local[base + WORLD_UP + 2]!;
  const { colour, second, light } = scene;
  const own0 = colour[3 * g]!,
    own1 = colour[3 * g + 1]!,
    own2 = colour[3 * g + 2]!;
  const sun0 = light.colour[0],
    sun1 = light.colour[1],
    sun2 = light.colour[2];
  const ground0 = light.ground[0],
    ground1 = light.ground[1],
    ground2 = light.ground[2];
  const rise0 = light.sky[0] - ground0,
    rise1 = light.sky[1] - ground1,
    rise2 = light.sky[2] - ground2;
  const gloss = scene.gloss[g]!;
  const pattern = scene.pattern[g]!;
  const table = PATTERN_TABLES[pattern]!;
  const perTexel = TABLE_SIZE / scene.scaleM[g]!;
  for (let x = from; x < to; x++) {
    const i = y * width + x;
    const t = depth[i]!;
    const dx = fx + sx[x]! * rx,
      dy = fy + sx[x]! * ry,
      dz = fz + sx[x]! * rz;
    surface(scene, g, ox + t * dx, oy + t * dy, oz + t * dz);
    const nx = normal[0]!,
      ny = normal[1]!,
      nz = normal[2]!;
    let lambert = nx * lx + ny * ly + nz * lz;
    if (lambert <= 0 || (shadows !== null && shadows.isShadowed(frame, scene, x, y, g))) {
      lambert = 0;
    }
    let highlight = 0;
    if (lambert > 0 && gloss > 0) {
      const toward = dx * lx + dy * ly + dz * lz; // view against light, times the ray's length
      const facing = dx * nx + dy * ny + dz * nz;
      highlight = phong(gloss, toward - 2 * lambert * facing, dx, dy, dz);
    }
    // How far the normal points up in the world decides between sky and floor light.
    const sky = 0.5 + 0.5 * (nx * ux + ny * uy + nz * uz);
    let albedo0 = own0,
      albedo1 = own1,
      albedo2 = own2;
    if (pattern !== 0) {
      const u = Math.floor(texture[0]! * perTexel) & (TABLE_SIZE - 1);
      const v = Math.floor(texture[1]! * perTexel) & (TABLE_SIZE - 1);
      const mix = table[v * TABLE_SIZE + u]!;
      albedo0 += mix * (second[3 * g]! - own0);
      albedo1 += mix * (second[3 * g + 1]! - own1);
      albedo2 += mix * (second[3 * g + 2]! - own2);
    }
    out[3 * i] = toSrgb(albedo0 * (ground0 + sky * rise0 + lambert * sun0) + highlight);
    out[3 * i + 1] = toSrgb(albedo1 * (ground1 + sky * rise1 + lambert * sun1) + highlight);
    out[3 * i + 2] = toSrgb(albedo2 * (ground2 + sky * rise2 + lambert * sun2) + highlight);
  }
}

/** Fills `normal` and `texture` for a point on geom `g`, given in its frame. */
function surface(scene: RenderScene, g: number, px: number, py: number, pz: number): void {
  const a = scene.size[3 * g]!,
    b = scene.size[3 * g + 1]!,
    c = scene.size[3 * g + 2]!;
  switch (scene.type[g]) {
    case SPHERE:
      setSurface(px / a, py / a, pz / a, px, pz);
      return;
    case ELLIPSOID: {
      const x = px / (a * a),
        y = py / (b * b),
        z = pz / (c * c);
      const inverse = 1 / Math.sqrt(x * x + y * y + z * z);
      setSurface(x * inverse, y * inverse, z * inverse, px, pz);
      return;
    }
    case CAPSULE: {
      const z = pz - Math.max(-b, Math.min(b, pz));
      setSurface(px / a, py / a, z / a, py, pz);
      return;
    }
    case CYLINDER:
      if (Math.abs(pz) > b - 1e-5 * (1 + b)) setSurface(0, 0, Math.sign(pz), px, py);
      // The angle takes as long as all the rest; without a pattern nobody asks for it.
      else setSurface(px / a, py / a, 0, scene.pattern[g] === 0 ? 0 : a * Math.atan2(py, px), pz);
      return;
    default:
      setSurface(0, 0, 1, px, py);
  }
}

function setSurface(nx: number, ny: number, nz: number, u: number, v: number): void {
  normal[0] = nx;
  normal[1] = ny;
  normal[2] = nz;
  texture[0] = u;
  texture[1] = v;
}

/**
 * Deferred shading: after the z-buffer is done, each pixel gets one colour. Lambert with a far light and its shadow,
 * a sky-to-floor fill, a small highlight, and a procedural texture looked up in the geom's own frame.
 */
import { FORWARD, type Frame, LOCAL_STRIDE, ORIGIN, RIGHT, TO_LIGHT, UP } from "./frame.ts";
import { BOX, CAPSULE, CYLINDER, ELLIPSOID, PLANE, type RenderScene, SPHERE } from "./scene.ts";
import type { ShadowGrid } from "./shadow.ts";
import { PATTERN_TABLES, TABLE_SIZE } from "./texture.ts";

/** Linear light to 8-bit sRGB through a table: shading would otherwise spend most of its time in Math.pow. */
const SRGB_STEPS = 4096;
const SRGB = Uint8Array.from({ length: SRGB_STEPS + 1 }, (_, i) => {
  const v = i / SRGB_STEPS;
  return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
});

/** Colour of rays that hit nothing, 8-bit sRGB. */
const BACKGROUND = [196, 205, 214] as const;

/** Normal in the geom's frame and texture coordinates (m), filled by `surface`. */
const normal = new Float64Array(3);
const texture = new Float64Array(2);

/** Writes the picture, [height, width, 3], into `out`; `shadows` null means no shadow rays. */
export function shade(frame: Frame, scene: RenderScene, shadows: ShadowGrid | null, out: Uint8Array): void {
  const { width, height, sx, sy } = frame;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const g = frame.ids[i]!;
      if (g < 0) {
        out[3 * i] = BACKGROUND[0];
        out[3 * i + 1] = BACKGROUND[1];
        out[3 * i + 2] = BACKGROUND[2];
      } else {
        shadePixel(frame, scene, shadows, g, frame.depth[i]!, sx[x]!, sy[y]!, out, 3 * i);
      }
    }
  }
}

function shadePixel(
  frame: Frame,
  scene: RenderScene,
  shadows: ShadowGrid | null,
  g: number,
  t: number,
  sx: number,
  sy: number,
  out: Uint8Array,
  at: number,
): void {
  const { local } = frame;
  const { light } = scene;
  const base = g * LOCAL_STRIDE;
  const dx = local[base + FORWARD]! + sx * local[base + RIGHT]! + sy * local[base + UP]!;
  const dy = local[base + FORWARD + 1]! + sx * local[base + RIGHT + 1]! + sy * local[base + UP + 1]!;
  const dz = local[base + FORWARD + 2]! + sx * local[base + RIGHT + 2]! + sy * local[base + UP + 2]!;
  const px = local[base + ORIGIN]! + t * dx;
  const py = local[base + ORIGIN + 1]! + t * dy;
  const pz = local[base + ORIGIN + 2]! + t * dz;
  surface(scene, g, px, py, pz);
  const nx = normal[0]!,
    ny = normal[1]!,
    nz = normal[2]!;
  const lx = local[base + TO_LIGHT]!,
    ly = local[base + TO_LIGHT + 1]!,
    lz = local[base + TO_LIGHT + 2]!;
  let lambert = nx * lx + ny * ly + nz * lz;
  // Shadow ray from just above the surface, so that neighbours in contact do not speckle.
  if (lambert <= 0 || (shadows !== null && shadows.isShadowed(frame, scene, t * 0.9995, sx, sy, g)))
    lambert = 0;

  // How far the normal points up in the world decides between sky and floor light.
  const up = upOf(frame, base, nx, ny, nz);
  const sky = 0.5 + 0.5 * up;
  let highlight = 0;
  const gloss = scene.gloss[g]!;
  if (lambert > 0 && gloss > 0) {
    const length = Math.sqrt(dx * dx + dy * dy + dz * dz);
    const toward = -(dx * lx + dy * ly + dz * lz) / length; // light against view
    const facing = -(dx * nx + dy * ny + dz * nz) / length;
    const mirror = Math.max(0, 2 * lambert * facing - toward);
    const m4 = mirror * mirror * mirror * mirror;
    const m16 = m4 * m4 * m4 * m4;
    highlight = gloss * m16 * m16 * 0.5; // Phong, exponent 32
  }
  const mix = patternAt(scene, g);
  for (let k = 0; k < 3; k++) {
    const own = scene.colour[3 * g + k]!;
    const albedo = own + mix * (scene.second[3 * g + k]! - own);
    const fill = light.ground[k]! + sky * (light.sky[k]! - light.ground[k]!);
    const value = albedo * (fill + lambert * light.colour[k]!) + highlight;
    out[at + k] = SRGB[value >= 1 ? SRGB_STEPS : (value * SRGB_STEPS) | 0]!;
  }
}

/** The world's up component of a vector given in the geom's frame, through the camera axes known in both. */
function upOf(frame: Frame, base: number, nx: number, ny: number, nz: number): number {
  const { local, axes } = frame;
  const right = nx * local[base + RIGHT]! + ny * local[base + RIGHT + 1]! + nz * local[base + RIGHT + 2]!;
  const up = nx * local[base + UP]! + ny * local[base + UP + 1]! + nz * local[base + UP + 2]!;
  const forward =
    nx * local[base + FORWARD]! + ny * local[base + FORWARD + 1]! + nz * local[base + FORWARD + 2]!;
  return right * axes[2]! + up * axes[5]! + forward * axes[8]!;
}

function patternAt(scene: RenderScene, g: number): number {
  const pattern = scene.pattern[g]!;
  if (pattern === 0) return 0;
  const perTexel = TABLE_SIZE / scene.scaleM[g]!;
  const u = Math.floor(texture[0]! * perTexel) & (TABLE_SIZE - 1);
  const v = Math.floor(texture[1]! * perTexel) & (TABLE_SIZE - 1);
  return PATTERN_TABLES[pattern]![v * TABLE_SIZE + u]!;
}

/** Fills `normal` and `texture` for a point on geom `g`, given in its frame. */
function surface(scene: RenderScene, g: number, px: number, py: number, pz: number): void {
  const a = scene.size[3 * g]!,
    b = scene.size[3 * g + 1]!,
    c = scene.size[3 * g + 2]!;
  switch (scene.type[g]) {
    case PLANE:
      setSurface(0, 0, 1, px, py);
      return;
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
      else setSurface(px / a, py / a, 0, a * Math.atan2(py, px), pz);
      return;
    case BOX: {
      const x = Math.abs(px) / a,
        y = Math.abs(py) / b,
        z = Math.abs(pz) / c;
      if (z >= x && z >= y) setSurface(0, 0, Math.sign(pz), px, py);
      else if (y >= x) setSurface(0, Math.sign(py), 0, px, pz);
      else setSurface(Math.sign(px), 0, 0, py, pz);
      return;
    }
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

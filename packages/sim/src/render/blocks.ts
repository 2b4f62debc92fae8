/**
 * Whether a geom stands between a point and the far light. Called some thousand times a picture, so the ray lies in
 * one buffer instead of in arguments: V8 allocates every fraction that is passed to a function it does not inline,
 * which came to a third of a megabyte per picture.
 */
import { FORWARD, type Frame, LOCAL_STRIDE, ORIGIN, RIGHT, TO_LIGHT, UP } from "./frame.ts";
import { BOX, CAPSULE, CYLINDER, ELLIPSOID, type RenderScene, SPHERE } from "./scene.ts";

/** A shadow ray begins just above its surface, so that neighbours in contact do not speckle. */
export const SHORT_OF = 0.9995;

/** The ray in the geom's frame: a point, x y z, and the unit vector to the light, x y z. */
const ray = new Float64Array(6);

/** Whether geom `g` stands between the light and what the pixel in column `x`, row `y` shows. */
export function blocks(frame: Frame, scene: RenderScene, g: number, x: number, y: number): boolean {
  const { local } = frame;
  const at = g * LOCAL_STRIDE;
  const sx = frame.sx[x]!,
    sy = frame.sy[y]!,
    t = SHORT_OF * frame.depth[y * frame.width + x]!;
  ray[0] = local[at + ORIGIN]! + t * (local[at + FORWARD]! + sx * local[at + RIGHT]! + sy * local[at + UP]!);
  ray[1] =
    local[at + ORIGIN + 1]! +
    t * (local[at + FORWARD + 1]! + sx * local[at + RIGHT + 1]! + sy * local[at + UP + 1]!);
  ray[2] =
    local[at + ORIGIN + 2]! +
    t * (local[at + FORWARD + 2]! + sx * local[at + RIGHT + 2]! + sy * local[at + UP + 2]!);
  ray[3] = local[at + TO_LIGHT]!;
  ray[4] = local[at + TO_LIGHT + 1]!;
  ray[5] = local[at + TO_LIGHT + 2]!;
  const { size } = scene;
  switch (scene.type[g]) {
    case SPHERE:
      return crossesEllipsoid(size, 3 * g, 3 * g, 3 * g);
    case ELLIPSOID:
      return crossesEllipsoid(size, 3 * g, 3 * g + 1, 3 * g + 2);
    case CAPSULE:
      return crossesCapsule(size, 3 * g);
    case CYLINDER:
      return crossesCylinder(size, 3 * g);
    case BOX:
      return crossesBox(size, 3 * g);
    default:
      return false;
  }
}

/** `a`, `b` and `c` are where in `size` the three half axes are. */
function crossesEllipsoid(size: Float64Array, a: number, b: number, c: number): boolean {
  const px = ray[0]! / size[a]!,
    py = ray[1]! / size[b]!,
    pz = ray[2]! / size[c]!,
    dx = ray[3]! / size[a]!,
    dy = ray[4]! / size[b]!,
    dz = ray[5]! / size[c]!;
  const half = px * dx + py * dy + pz * dz;
  const outside = px * px + py * py + pz * pz - 1;
  if (half > 0 && outside > 0) return false;
  return half * half >= (dx * dx + dy * dy + dz * dz) * outside;
}

/** Nearest approach of the ray (p + s d, s >= 0) to the segment (0, 0, k), |k| <= h, in closed form. */
function crossesCapsule(size: Float64Array, at: number): boolean {
  const px = ray[0]!,
    py = ray[1]!,
    pz = ray[2]!,
    dx = ray[3]!,
    dy = ray[4]!,
    dz = ray[5]!,
    r = size[at]!,
    h = size[at + 1]!;
  const pd = px * dx + py * dy + pz * dz;
  const across = 1 - dz * dz; // d is a unit vector
  let k = across > 1e-9 ? (pz - pd * dz) / across : pz;
  k = Math.max(-h, Math.min(h, k));
  const s = Math.max(0, k * dz - pd);
  k = Math.max(-h, Math.min(h, pz + s * dz));
  const ex = px + s * dx,
    ey = py + s * dy,
    ez = pz + s * dz - k;
  return ex * ex + ey * ey + ez * ez < r * r;
}

function crossesCylinder(size: Float64Array, at: number): boolean {
  const px = ray[0]!,
    py = ray[1]!,
    pz = ray[2]!,
    dx = ray[3]!,
    dy = ray[4]!,
    dz = ray[5]!,
    r = size[at]!,
    h = size[at + 1]!;
  const across = dx * dx + dy * dy;
  const half = px * dx + py * dy;
  const side = px * px + py * py - r * r;
  const disc = half * half - across * side;
  if (disc < 0) return false;
  const root = Math.sqrt(disc);
  const middle = -pz / dz,
    span = Math.abs(h / dz);
  const near = Math.max((-half - root) / across, middle - span, 0);
  return near < Math.min((-half + root) / across, middle + span);
}

function crossesBox(size: Float64Array, at: number): boolean {
  const ix = 1 / ray[3]!,
    iy = 1 / ray[4]!,
    iz = 1 / ray[5]!;
  const nx = Math.abs(ix) * size[at]!,
    ny = Math.abs(iy) * size[at + 1]!,
    nz = Math.abs(iz) * size[at + 2]!;
  const mx = -ray[0]! * ix,
    my = -ray[1]! * iy,
    mz = -ray[2]! * iz;
  return Math.max(mx - nx, my - ny, mz - nz, 0) < Math.min(mx + nx, my + ny, mz + nz);
}

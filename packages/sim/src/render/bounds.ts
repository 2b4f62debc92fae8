/** Where on the picture, and over which part of the light's plane, a geom can be: conservative rectangles. */
import { FORWARD, type Frame, LOCAL_STRIDE, ORIGIN, RIGHT, UP } from "./frame.ts";
import type { Rect } from "./primitives.ts";
import { BOX, CAPSULE, CYLINDER, ELLIPSOID, PLANE, type RenderScene, SPHERE } from "./scene.ts";

const NEAR_M = 0.005;

/** Half sides of the box around geom `g` in its own frame, written into `out`; Infinity for planes without end. */
export function halfExtents(scene: RenderScene, g: number, out: Float64Array): void {
  const a = scene.size[3 * g]!;
  const b = scene.size[3 * g + 1]!;
  const c = scene.size[3 * g + 2]!;
  switch (scene.type[g]) {
    case PLANE:
      set(out, a > 0 ? a : Infinity, b > 0 ? b : Infinity, 0);
      return;
    case SPHERE:
      set(out, a, a, a);
      return;
    case CAPSULE:
      set(out, a, a, a + b);
      return;
    case CYLINDER:
      set(out, a, a, b);
      return;
    case ELLIPSOID:
    case BOX:
      set(out, a, b, c);
      return;
    default:
      set(out, 0, 0, 0);
  }
}

const half = new Float64Array(3);

/**
 * Writes the pixels that geom `g` may cover into `rect`; false where it can be nowhere on the picture.
 * Projects the corners of its bounding box; when a corner is behind the camera the whole picture is taken.
 */
export function projectBounds(frame: Frame, scene: RenderScene, g: number, rect: Rect): boolean {
  const { width, height, local } = frame;
  halfExtents(scene, g, half);
  const at = g * LOCAL_STRIDE;
  const ox = local[at + ORIGIN]!,
    oy = local[at + ORIGIN + 1]!,
    oz = local[at + ORIGIN + 2]!;
  let minX = Infinity,
    maxX = -Infinity,
    minY = Infinity,
    maxY = -Infinity;
  let behind = scene.type[g] === PLANE ? 1 : 0; // planes reach behind the camera as a rule
  let inFront = behind;
  for (let corner = 0; corner < 8 && scene.type[g] !== PLANE; corner++) {
    const x = (corner & 1 ? half[0]! : -half[0]!) - ox;
    const y = (corner & 2 ? half[1]! : -half[1]!) - oy;
    const z = (corner & 4 ? half[2]! : -half[2]!) - oz;
    const depth = x * local[at + FORWARD]! + y * local[at + FORWARD + 1]! + z * local[at + FORWARD + 2]!;
    if (depth < NEAR_M) {
      behind++;
      continue;
    }
    inFront++;
    const px = (x * local[at + RIGHT]! + y * local[at + RIGHT + 1]! + z * local[at + RIGHT + 2]!) / depth;
    const py = (x * local[at + UP]! + y * local[at + UP + 1]! + z * local[at + UP + 2]!) / depth;
    minX = Math.min(minX, px);
    maxX = Math.max(maxX, px);
    minY = Math.min(minY, py);
    maxY = Math.max(maxY, py);
  }
  if (inFront === 0) return false;
  if (behind > 0) {
    set4(rect, 0, width, 0, height);
    return true;
  }
  // Inverse of the pixel tangents in Frame.begin.
  const kx = width / 2 / -(frame.sx[0]! / (1 - 1 / width));
  const ky = height / 2 / (frame.sy[0]! / (1 - 1 / height));
  set4(
    rect,
    Math.max(0, Math.ceil(width / 2 + minX * kx - 0.5)),
    Math.min(width, Math.floor(width / 2 + maxX * kx - 0.5) + 1),
    Math.max(0, Math.ceil(height / 2 - maxY * ky - 0.5)),
    Math.min(height, Math.floor(height / 2 - minY * ky - 0.5) + 1),
  );
  return rect.x0 < rect.x1 && rect.y0 < rect.y1;
}

function set(out: Float64Array, a: number, b: number, c: number): void {
  out[0] = a;
  out[1] = b;
  out[2] = c;
}

function set4(rect: Rect, x0: number, x1: number, y0: number, y1: number): void {
  rect.x0 = x0;
  rect.x1 = x1;
  rect.y0 = y0;
  rect.y1 = y1;
}

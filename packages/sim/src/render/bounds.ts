/** Where on the picture, and over which part of the light's plane, a geom can be: conservative rectangles. */
import { FORWARD, type Frame, LOCAL_STRIDE, ORIGIN, RIGHT, UP } from "./frame.ts";
import type { Rect } from "./primitives.ts";
import { BOX, CAPSULE, CYLINDER, ELLIPSOID, PLANE, type RenderScene, SPHERE } from "./scene.ts";

/** What is nearer to the camera's plane than this is not drawn for certain. */
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

/** Corners of the box in hand: right, up and depth in the camera's axes, [8, 3]. */
const corners = new Float64Array(24);

/**
 * Writes the pixels that geom `g` may cover into `rect`; false where it can be nowhere on the picture. Projects the
 * corners of its bounding box; edges that pass the camera are cut off just in front of it.
 */
export function projectBounds(frame: Frame, scene: RenderScene, g: number, rect: Rect): boolean {
  const { width, height } = frame;
  if (scene.type[g] === PLANE) {
    set4(rect, 0, width, 0, height); // planes reach behind the camera as a rule
    return true;
  }
  halfExtents(scene, g, half);
  if (!placeCorners(frame.local, g * LOCAL_STRIDE)) return false;
  bounds.minX = bounds.minY = Infinity;
  bounds.maxX = bounds.maxY = -Infinity;
  for (let corner = 0; corner < 8; corner++) {
    const depth = corners[3 * corner + 2]!;
    if (depth >= NEAR_M) include(corners[3 * corner]! / depth, corners[3 * corner + 1]! / depth);
    else for (let axis = 1; axis < 8; axis *= 2) cutEdge(corner, corner ^ axis);
  }
  // Inverse of the pixel tangents in Frame.begin.
  const kx = width / 2 / -(frame.sx[0]! / (1 - 1 / width));
  const ky = height / 2 / (frame.sy[0]! / (1 - 1 / height));
  const { minX, maxX, minY, maxY } = bounds;
  set4(
    rect,
    Math.max(0, Math.ceil(width / 2 + minX * kx - 0.5)),
    Math.min(width, Math.floor(width / 2 + maxX * kx - 0.5) + 1),
    Math.max(0, Math.ceil(height / 2 - maxY * ky - 0.5)),
    Math.min(height, Math.floor(height / 2 - minY * ky - 0.5) + 1),
  );
  return rect.x0 < rect.x1 && rect.y0 < rect.y1;
}

/** Tangents that the geom spans. */
const bounds = { minX: 0, maxX: 0, minY: 0, maxY: 0 };

function include(x: number, y: number): void {
  if (x < bounds.minX) bounds.minX = x;
  if (x > bounds.maxX) bounds.maxX = x;
  if (y < bounds.minY) bounds.minY = y;
  if (y > bounds.maxY) bounds.maxY = y;
}

/** Takes in where the edge from a corner behind the camera to one in front of it comes into view. */
function cutEdge(behind: number, inFront: number): void {
  const from = corners[3 * behind + 2]!;
  const to = corners[3 * inFront + 2]!;
  if (to < NEAR_M) return;
  const share = (NEAR_M - from) / (to - from);
  const x = corners[3 * behind]! + share * (corners[3 * inFront]! - corners[3 * behind]!);
  const y = corners[3 * behind + 1]! + share * (corners[3 * inFront + 1]! - corners[3 * behind + 1]!);
  include(x / NEAR_M, y / NEAR_M);
}

/** Fills `corners` for the box of half sides `half` whose stretch of `local` begins at `at`; false if all are behind. */
function placeCorners(local: Float64Array, at: number): boolean {
  let isInFront = false;
  for (let corner = 0; corner < 8; corner++) {
    const x = (corner & 1 ? half[0]! : -half[0]!) - local[at + ORIGIN]!;
    const y = (corner & 2 ? half[1]! : -half[1]!) - local[at + ORIGIN + 1]!;
    const z = (corner & 4 ? half[2]! : -half[2]!) - local[at + ORIGIN + 2]!;
    const c = 3 * corner;
    corners[c] = x * local[at + RIGHT]! + y * local[at + RIGHT + 1]! + z * local[at + RIGHT + 2]!;
    corners[c + 1] = x * local[at + UP]! + y * local[at + UP + 1]! + z * local[at + UP + 2]!;
    corners[c + 2] = x * local[at + FORWARD]! + y * local[at + FORWARD + 1]! + z * local[at + FORWARD + 2]!;
    isInFront ||= corners[c + 2]! >= NEAR_M;
  }
  return isInFront;
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

/**
 * Hard shadows of one far light. The plane across the light is cut into a grid; each cell lists the geoms that may
 * stand between its points and the light, so a shadow ray tests a handful of shapes instead of all.
 */
import { halfExtents } from "./bounds.ts";
import { FORWARD, type Frame, LOCAL_STRIDE, ORIGIN, RIGHT, TO_LIGHT, UP } from "./frame.ts";
import { BOX, CAPSULE, CYLINDER, ELLIPSOID, PLANE, type RenderScene, SPHERE } from "./scene.ts";

const CELLS = 40; // per side
const MAX_PER_CELL = 32;

const half = new Float64Array(3);

export class ShadowGrid {
  readonly #counts = new Uint8Array(CELLS * CELLS);
  readonly #lists = new Int16Array(CELLS * CELLS * MAX_PER_CELL);
  /** Across the light: unit vectors a and b; bounds and cells per metre along them. */
  readonly #a = new Float64Array(3);
  readonly #b = new Float64Array(3);
  readonly #light = new Float64Array(3);
  /** [3, 4]: cell along a, cell along b and height along the light, each at the eye, then per forward, right and up. */
  readonly #view = new Float64Array(12);
  /** Highest point of each geom along the light. */
  #top = new Float64Array(0);
  #box = new Float64Array(0); // [numGeoms, 4]: min and max along a and b
  #minA = 0;
  #minB = 0;
  #perA = 0;
  #perB = 0;

  /** Sorts the geoms of this picture into the grid. Planes and anything larger than `largestM` cast no shadow. */
  build(
    frame: Frame,
    scene: RenderScene,
    geomPos: Float64Array,
    geomMat: Float64Array,
    largestM = 1.5,
  ): void {
    this.#aim(scene.light.direction);
    if (this.#top.length !== scene.numGeoms) {
      this.#top = new Float64Array(scene.numGeoms);
      this.#box = new Float64Array(4 * scene.numGeoms);
    }
    let minA = Infinity,
      maxA = -Infinity,
      minB = Infinity,
      maxB = -Infinity;
    for (let g = 0; g < scene.numGeoms; g++) {
      this.#top[g] = -Infinity;
      if (scene.visible[g] === 0 || scene.type[g] === PLANE) continue;
      halfExtents(scene, g, half);
      if (Math.max(half[0]!, half[1]!, half[2]!) > largestM) continue;
      this.#measure(g, geomPos, geomMat);
      minA = Math.min(minA, this.#box[4 * g]!);
      maxA = Math.max(maxA, this.#box[4 * g + 1]!);
      minB = Math.min(minB, this.#box[4 * g + 2]!);
      maxB = Math.max(maxB, this.#box[4 * g + 3]!);
    }
    this.#minA = minA;
    this.#minB = minB;
    this.#perA = CELLS / Math.max(1e-6, maxA - minA);
    this.#perB = CELLS / Math.max(1e-6, maxB - minB);
    this.#look(frame);
    this.#counts.fill(0);
    for (let g = 0; g < scene.numGeoms; g++) if (this.#top[g]! > -Infinity) this.#insert(g);
  }

  /**
   * True if something stands between the light and the point at depth `t` of the pixel with tangents (sx, sy).
   * `self` is the geom that the point lies on.
   */
  isShadowed(frame: Frame, scene: RenderScene, t: number, sx: number, sy: number, self: number): boolean {
    const view = this.#view;
    const ca = view[0]! + t * (view[1]! + sx * view[2]! + sy * view[3]!);
    const cb = view[4]! + t * (view[5]! + sx * view[6]! + sy * view[7]!);
    if (!(ca >= 0 && cb >= 0 && ca < CELLS && cb < CELLS)) return false;
    const cell = (cb | 0) * CELLS + (ca | 0);
    const count = this.#counts[cell]!;
    if (count === 0) return false;
    const height = view[8]! + t * (view[9]! + sx * view[10]! + sy * view[11]!);
    const end = cell * MAX_PER_CELL + count;
    for (let k = cell * MAX_PER_CELL; k < end; k++) {
      const g = this.#lists[k]!;
      // Every shape is convex, so a lit side is never shadowed by its own shape.
      if (g !== self && this.#top[g]! > height && blocks(frame.local, scene, g, t, sx, sy)) return true;
    }
    return false;
  }

  /** Cells and height are linear in depth and in depth times the tangents: their coefficients, once per picture. */
  #look({ eye, axes }: Frame): void {
    const rows = [this.#a, this.#b, this.#light] as const;
    const scales = [this.#perA, this.#perB, 1] as const;
    const starts = [this.#minA, this.#minB, 0] as const;
    for (let i = 0; i < 3; i++) {
      const [x = 0, y = 0, z = 0] = rows[i]!;
      const scale = scales[i]!;
      this.#view[4 * i] = scale * (x * eye[0]! + y * eye[1]! + z * eye[2]! - starts[i]!);
      this.#view[4 * i + 1] = scale * (x * axes[6]! + y * axes[7]! + z * axes[8]!);
      this.#view[4 * i + 2] = scale * (x * axes[0]! + y * axes[1]! + z * axes[2]!);
      this.#view[4 * i + 3] = scale * (x * axes[3]! + y * axes[4]! + z * axes[5]!);
    }
  }

  #aim(direction: readonly [number, number, number]): void {
    const [x, y, z] = direction;
    this.#light.set([x, y, z]);
    // Any two unit vectors across the light; take the world axis that is least parallel to it.
    const helper = Math.abs(x) < 0.6 ? [1, 0, 0] : [0, 1, 0];
    const [hx = 0, hy = 0, hz = 0] = helper;
    const ax = hy * z - hz * y,
      ay = hz * x - hx * z,
      az = hx * y - hy * x;
    const norm = Math.hypot(ax, ay, az);
    this.#a.set([ax / norm, ay / norm, az / norm]);
    const [px = 0, py = 0, pz = 0] = this.#a;
    this.#b.set([y * pz - z * py, z * px - x * pz, x * py - y * px]);
  }

  /** Extent of the geom's bounding box along the light and across it. */
  #measure(g: number, pos: Float64Array, mat: Float64Array): void {
    const ca = along(pos, g, this.#a),
      cb = along(pos, g, this.#b);
    const ea = extent(mat, g, this.#a),
      eb = extent(mat, g, this.#b);
    this.#box[4 * g] = ca - ea;
    this.#box[4 * g + 1] = ca + ea;
    this.#box[4 * g + 2] = cb - eb;
    this.#box[4 * g + 3] = cb + eb;
    this.#top[g] = along(pos, g, this.#light) + extent(mat, g, this.#light);
  }

  #insert(g: number): void {
    const a0 = clampCell((this.#box[4 * g]! - this.#minA) * this.#perA);
    const a1 = clampCell((this.#box[4 * g + 1]! - this.#minA) * this.#perA);
    const b0 = clampCell((this.#box[4 * g + 2]! - this.#minB) * this.#perB);
    const b1 = clampCell((this.#box[4 * g + 3]! - this.#minB) * this.#perB);
    for (let b = b0; b <= b1; b++) {
      for (let a = a0; a <= a1; a++) {
        const cell = b * CELLS + a;
        const count = this.#counts[cell]!;
        if (count === MAX_PER_CELL) continue;
        this.#lists[cell * MAX_PER_CELL + count] = g;
        this.#counts[cell] = count + 1;
      }
    }
  }
}

/** How far geom `g` lies along the unit vector `v`. */
function along(pos: Float64Array, g: number, v: Float64Array): number {
  return pos[3 * g]! * v[0]! + pos[3 * g + 1]! * v[1]! + pos[3 * g + 2]! * v[2]!;
}

/** How far the box of half sides `half`, turned as geom `g` is, reaches along the unit vector `v`. */
function extent(mat: Float64Array, g: number, v: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < 3; i++) {
    sum +=
      half[i]! *
      Math.abs(mat[9 * g + i]! * v[0]! + mat[9 * g + 3 + i]! * v[1]! + mat[9 * g + 6 + i]! * v[2]!);
  }
  return sum;
}

function clampCell(value: number): number {
  return Math.max(0, Math.min(CELLS - 1, Math.floor(value)));
}

/** Whether geom `g` crosses the ray from the given point to the light. */
function blocks(
  local: Float64Array,
  scene: RenderScene,
  g: number,
  t: number,
  sx: number,
  sy: number,
): boolean {
  const at = g * LOCAL_STRIDE;
  const px =
    local[at + ORIGIN]! + t * (local[at + FORWARD]! + sx * local[at + RIGHT]! + sy * local[at + UP]!);
  const py =
    local[at + ORIGIN + 1]! +
    t * (local[at + FORWARD + 1]! + sx * local[at + RIGHT + 1]! + sy * local[at + UP + 1]!);
  const pz =
    local[at + ORIGIN + 2]! +
    t * (local[at + FORWARD + 2]! + sx * local[at + RIGHT + 2]! + sy * local[at + UP + 2]!);
  const dx = local[at + TO_LIGHT]!,
    dy = local[at + TO_LIGHT + 1]!,
    dz = local[at + TO_LIGHT + 2]!;
  const a = scene.size[3 * g]!,
    b = scene.size[3 * g + 1]!,
    c = scene.size[3 * g + 2]!;
  switch (scene.type[g]) {
    case SPHERE:
      return crossesEllipsoid(px / a, py / a, pz / a, dx / a, dy / a, dz / a);
    case ELLIPSOID:
      return crossesEllipsoid(px / a, py / b, pz / c, dx / a, dy / b, dz / c);
    case CAPSULE:
      return crossesCapsule(px, py, pz, dx, dy, dz, a, b);
    case CYLINDER:
      return crossesCylinder(px, py, pz, dx, dy, dz, a, b);
    case BOX:
      return crossesBox(px, py, pz, dx, dy, dz, a, b, c);
    default:
      return false;
  }
}

function crossesEllipsoid(px: number, py: number, pz: number, dx: number, dy: number, dz: number): boolean {
  const half = px * dx + py * dy + pz * dz;
  const outside = px * px + py * py + pz * pz - 1;
  if (half > 0 && outside > 0) return false;
  return half * half >= (dx * dx + dy * dy + dz * dz) * outside;
}

// Scalars instead of vectors keep the shadow loop free of allocation.
function crossesCapsule(
  px: number,
  py: number,
  pz: number,
  dx: number,
  dy: number,
  dz: number,
  r: number,
  h: number,
): boolean {
  // Nearest approach of the ray (p + s d, s >= 0) to the segment (0, 0, k), |k| <= h, in closed form.
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

function crossesCylinder(
  px: number,
  py: number,
  pz: number,
  dx: number,
  dy: number,
  dz: number,
  r: number,
  h: number,
): boolean {
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

function crossesBox(
  px: number,
  py: number,
  pz: number,
  dx: number,
  dy: number,
  dz: number,
  a: number,
  b: number,
  c: number,
): boolean {
  const ix = 1 / dx,
    iy = 1 / dy,
    iz = 1 / dz;
  const nx = Math.abs(ix) * a,
    ny = Math.abs(iy) * b,
    nz = Math.abs(iz) * c;
  const mx = -px * ix,
    my = -py * iy,
    mz = -pz * iz;
  return Math.max(mx - nx, my - ny, mz - nz, 0) < Math.min(mx + nx, my + ny, mz + nz);
}

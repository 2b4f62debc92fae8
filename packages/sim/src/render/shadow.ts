/**
 * Hard shadows of one far light. The plane across the light is cut into a grid; each cell lists the geoms that may
 * stand between its points and the light, so a shadow ray tests a handful of shapes instead of all.
 */
import { SHORT_OF, blocks } from "./blocks.ts";
import { halfExtents } from "./bounds.ts";
import type { Frame } from "./frame.ts";
import { PLANE, type RenderScene } from "./scene.ts";

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
  /** Highest point along the light of what a cell lists; -Infinity where it lists nothing. */
  readonly #cellTop = new Float64Array(CELLS * CELLS);
  /** The same of each geom. */
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
    this.#cellTop.fill(-Infinity);
    for (let g = 0; g < scene.numGeoms; g++) if (this.#top[g]! > -Infinity) this.#insert(g);
  }

  /**
   * True if something stands between the light and what the pixel in column `x`, row `y` shows; `self` is the geom
   * there. Takes whole numbers only: V8 puts every fraction that it hands to a function on the heap.
   */
  isShadowed(frame: Frame, scene: RenderScene, x: number, y: number, self: number): boolean {
    const view = this.#view;
    const sx = frame.sx[x]!,
      sy = frame.sy[y]!,
      t = SHORT_OF * frame.depth[y * frame.width + x]!;
    const ca = view[0]! + t * (view[1]! + sx * view[2]! + sy * view[3]!);
    const cb = view[4]! + t * (view[5]! + sx * view[6]! + sy * view[7]!);
    if (!(ca >= 0 && cb >= 0 && ca < CELLS && cb < CELLS)) return false;
    const cell = (cb | 0) * CELLS + (ca | 0);
    const height = view[8]! + t * (view[9]! + sx * view[10]! + sy * view[11]!);
    if (!(this.#cellTop[cell]! > height)) return false;
    const end = cell * MAX_PER_CELL + this.#counts[cell]!;
    for (let k = cell * MAX_PER_CELL; k < end; k++) {
      const g = this.#lists[k]!;
      // Every shape is convex, so a lit side is never shadowed by its own shape.
      if (g !== self && this.#top[g]! > height && blocks(frame, scene, g, x, y)) return true;
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
        if (this.#top[g]! > this.#cellTop[cell]!) this.#cellTop[cell] = this.#top[g]!;
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

/**
 * Everything about one picture that the passes share: the z-buffer, the ids, and each geom's own view of the camera.
 *
 * A ray through pixel (x, y) has the direction forward + sx(x) * right + sy(y) * up, so a distance along it is a
 * depth along the optical axis. In a geom's own frame that stays linear in x and y, so the casting loops need no
 * rotation per pixel.
 */
import type { RenderScene } from "./scene.ts";

/** Numbers per geom in `Frame.local`. */
export const LOCAL_STRIDE = 18;
/**
 * Added to every component of a direction: one that is exactly 0, as in a view along an axis, would make 0 times
 * infinity in the slab tests. Moves a hit by a picometre.
 */
const NUDGE = 1e-12;
/** Offsets in a geom's stretch of `Frame.local`: camera position, forward, right, up, light and the world's up, all in its frame. */
export const ORIGIN = 0;
export const FORWARD = 3;
export const RIGHT = 6;
export const UP = 9;
export const TO_LIGHT = 12;
export const WORLD_UP = 15;

export class Frame {
  readonly width: number;
  readonly height: number;
  /** [height, width] depth along the optical axis, m; Infinity where nothing was hit. */
  readonly depth: Float32Array;
  /** [height, width] geom id, -1 where nothing was hit. */
  readonly ids: Int16Array;
  /** Horizontal and vertical tangents of each column and row. */
  readonly sx: Float64Array;
  readonly sy: Float64Array;
  local = new Float64Array(0);
  /** Camera position and axes in the world: right, up, forward. */
  readonly eye = new Float64Array(3);
  readonly axes = new Float64Array(9);

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.depth = new Float32Array(width * height);
    this.ids = new Int16Array(width * height);
    this.sx = new Float64Array(width);
    this.sy = new Float64Array(height);
  }

  /** Points the frame at a scene from a camera and clears it. Poses are MuJoCo's geom_xpos and geom_xmat. */
  begin(scene: RenderScene, geomPos: Float64Array, geomMat: Float64Array, camera: CameraPose): void {
    const { width, height, eye, axes } = this;
    this.depth.fill(Infinity);
    this.ids.fill(-1);
    const tangent = Math.tan((camera.fovyDeg * Math.PI) / 360);
    const aspect = width / height;
    for (let x = 0; x < width; x++) this.sx[x] = ((2 * (x + 0.5)) / width - 1) * aspect * tangent;
    for (let y = 0; y < height; y++) this.sy[y] = (1 - (2 * (y + 0.5)) / height) * tangent;
    for (let i = 0; i < 3; i++) {
      eye[i] = camera.pos[i]!;
      axes[i] = camera.mat[3 * i]!; // right: first column
      axes[3 + i] = camera.mat[3 * i + 1]!; // up: second column
      axes[6 + i] = -camera.mat[3 * i + 2]!; // forward: the camera looks along its own -z
    }
    if (this.local.length !== scene.numGeoms * LOCAL_STRIDE) {
      this.local = new Float64Array(scene.numGeoms * LOCAL_STRIDE);
    }
    const [lx, ly, lz] = scene.light.direction;
    for (let g = 0; g < scene.numGeoms; g++) this.#place(g, geomPos, geomMat, lx, ly, lz);
  }

  #place(g: number, pos: Float64Array, mat: Float64Array, lx: number, ly: number, lz: number): void {
    const { local, eye, axes } = this;
    const ox = eye[0]! - pos[3 * g]!;
    const oy = eye[1]! - pos[3 * g + 1]!;
    const oz = eye[2]! - pos[3 * g + 2]!;
    const base = g * LOCAL_STRIDE;
    for (let i = 0; i < 3; i++) {
      // Column i of the geom's rotation is its i-th axis in the world.
      const ax = mat[9 * g + i]!;
      const ay = mat[9 * g + 3 + i]!;
      const az = mat[9 * g + 6 + i]!;
      local[base + ORIGIN + i] = ax * ox + ay * oy + az * oz;
      local[base + RIGHT + i] = ax * axes[0]! + ay * axes[1]! + az * axes[2]!;
      local[base + UP + i] = ax * axes[3]! + ay * axes[4]! + az * axes[5]!;
      local[base + FORWARD + i] = ax * axes[6]! + ay * axes[7]! + az * axes[8]! + NUDGE;
      local[base + TO_LIGHT + i] = ax * lx + ay * ly + az * lz + NUDGE;
      local[base + WORLD_UP + i] = az;
    }
  }
}

/** Where a camera is: MuJoCo's cam_xpos and cam_xmat (row-major) and its vertical field of view. */
export interface CameraPose {
  readonly pos: ArrayLike<number>;
  readonly mat: ArrayLike<number>;
  readonly fovyDeg: number;
}

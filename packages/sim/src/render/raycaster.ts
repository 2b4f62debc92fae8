/**
 * Camera pictures of MuJoCo scenes without a GPU: an analytic ray caster over primitive geoms.
 *
 * It works in object order: each geom's bounds are projected to a pixel rectangle and only those rays are cast at
 * it, with a z-buffer; then one deferred shading pass. Depth and geom ids are by-products, so labels are free.
 * Runs anywhere JavaScript runs.
 */
import type { Image } from "@orrery/core";
import type { Physics } from "../mujoco/physics.ts";
import { projectBounds } from "./bounds.ts";
import { type CameraPose, Frame } from "./frame.ts";
import { type Rect, castGeom } from "./primitives.ts";
import type { RenderScene } from "./scene.ts";
import { shade } from "./shade.ts";
import { ShadowGrid } from "./shadow.ts";

export interface RayCasterOptions {
  readonly width: number;
  readonly height: number;
  /** On unless switched off; costs about a third of the time. */
  readonly shadows?: boolean;
}

export class RayCaster {
  readonly #frame: Frame;
  readonly #grid: ShadowGrid | null;
  readonly #rect: Rect = { x0: 0, x1: 0, y0: 0, y1: 0 };

  constructor(options: RayCasterOptions) {
    this.#frame = new Frame(options.width, options.height);
    this.#grid = (options.shadows ?? true) ? new ShadowGrid() : null;
  }

  get width(): number {
    return this.#frame.width;
  }
  get height(): number {
    return this.#frame.height;
  }
  /** Depth of the last picture, [height, width], metres along the optical axis, Infinity where nothing was hit. */
  get depth(): Float32Array {
    return this.#frame.depth;
  }
  /** Geom id per pixel of the last picture, [height, width], -1 where nothing was hit. */
  get ids(): Int16Array {
    return this.#frame.ids;
  }

  /** Draws the scene as the physics stands, seen by the camera with this id; the picture is the caller's. */
  render(scene: RenderScene, physics: Physics, cameraId: number): Image {
    return this.renderFrom(scene, physics, {
      pos: physics.cameraPos.subarray(3 * cameraId, 3 * cameraId + 3),
      mat: physics.cameraMat.subarray(9 * cameraId, 9 * cameraId + 9),
      fovyDeg: physics.cameraFovyDeg[cameraId]!,
    });
  }

  /** Draws from any pose, for views that no camera of the model has. */
  renderFrom(scene: RenderScene, physics: Physics, camera: CameraPose): Image {
    const frame = this.#frame;
    const { geomPos, geomMat } = physics;
    frame.begin(scene, geomPos, geomMat, camera);
    for (let g = 0; g < scene.numGeoms; g++) {
      if (scene.visible[g] === 1 && projectBounds(frame, scene, g, this.#rect)) {
        castGeom(frame, scene, g, this.#rect);
      }
    }
    this.#grid?.build(frame, scene, geomPos, geomMat);
    const data = new Uint8Array(frame.width * frame.height * 3);
    shade(frame, scene, this.#grid, data);
    return { width: frame.width, height: frame.height, data };
  }
}

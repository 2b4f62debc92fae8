/**
 * What the ray caster draws: primitive geoms with their looks, and one light. Poses come from the physics at every
 * picture; everything here stays the same for an episode, except where a perturbation writes into it.
 */
import type { Physics } from "../mujoco/physics.ts";
import { PATTERNS, type Pattern } from "./texture.ts";

/** MuJoCo's mjtGeom numbers of the shapes that the caster knows. */
export const PLANE = 0;
export const SPHERE = 2;
export const CAPSULE = 3;
export const ELLIPSOID = 4;
export const CYLINDER = 5;
export const BOX = 6;

/** sRGB colour, each part in [0, 1]. */
export type Rgb = readonly [number, number, number];

/** How a geom looks. `pattern` mixes `colour` and `second` over the surface, `scaleM` is the pattern's period. */
export interface Look {
  readonly colour: Rgb;
  readonly second?: Rgb;
  readonly pattern?: Pattern;
  readonly scaleM?: number;
  /** Strength of the highlight, 0 (cloth) to 1 (glaze). */
  readonly gloss?: number;
}

export interface Light {
  /** Unit vector from the scene to the light, which is far away. */
  readonly direction: readonly [number, number, number];
  /** Linear colour of the light and of the sky and floor that fill the shadows. */
  readonly colour: Rgb;
  readonly sky: Rgb;
  readonly ground: Rgb;
}

export const DEFAULT_LIGHT: Light = {
  direction: [-0.3, 0.35, 0.888],
  colour: [0.78, 0.75, 0.7],
  sky: [0.44, 0.46, 0.5],
  ground: [0.2, 0.18, 0.16],
};

/** Arrays indexed by geom id. They may be written to between pictures. */
export interface RenderScene {
  readonly numGeoms: number;
  readonly type: Int32Array;
  /** [numGeoms, 3], m */
  readonly size: Float64Array;
  /** 1 where the geom is drawn. */
  readonly visible: Uint8Array;
  /** [numGeoms, 3] linear colours. */
  readonly colour: Float32Array;
  readonly second: Float32Array;
  /** Index into PATTERNS, 0 is plain. */
  readonly pattern: Uint8Array;
  readonly scaleM: Float32Array;
  readonly gloss: Float32Array;
  light: Light;
}

/** Geoms of this MuJoCo group are helpers (collision only, targets) and never drawn. */
export const HIDDEN_GROUP = 4;

/** The drawable side of a compiled model; geoms without a look in `looks` take their MJCF colour. */
export function makeRenderScene(
  physics: Physics,
  looks: ReadonlyMap<string, Look> = new Map(),
  light: Light = DEFAULT_LIGHT,
): RenderScene {
  const { ngeom, geomType, geomSize, geomRgba, geomGroup } = physics.constants;
  const scene: RenderScene = {
    numGeoms: ngeom,
    type: geomType.slice(),
    size: geomSize.slice(),
    visible: Uint8Array.from(geomGroup, (group, g) =>
      group < HIDDEN_GROUP && geomRgba[4 * g + 3]! > 0 ? 1 : 0,
    ),
    colour: new Float32Array(3 * ngeom),
    second: new Float32Array(3 * ngeom),
    pattern: new Uint8Array(ngeom),
    scaleM: new Float32Array(ngeom).fill(0.1),
    gloss: new Float32Array(ngeom),
    light,
  };
  for (let g = 0; g < ngeom; g++) {
    setLook(scene, g, { colour: [geomRgba[4 * g]!, geomRgba[4 * g + 1]!, geomRgba[4 * g + 2]!] });
  }
  for (const [name, look] of looks) setLook(scene, physics.id("geom", name), look);
  return scene;
}

/** Gives geom `g` another look. */
export function setLook(scene: RenderScene, g: number, look: Look): void {
  const second = look.second ?? look.colour;
  for (let i = 0; i < 3; i++) {
    scene.colour[3 * g + i] = toLinear(look.colour[i]!);
    scene.second[3 * g + i] = toLinear(second[i]!);
  }
  scene.pattern[g] = PATTERNS.indexOf(look.pattern ?? "plain");
  scene.scaleM[g] = look.scaleM ?? 0.1;
  scene.gloss[g] = look.gloss ?? 0;
}

/** sRGB to linear light (IEC 61966-2-1). */
export function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

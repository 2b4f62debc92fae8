/**
 * A perturbation family changes one thing about the world by a strength from 0 (nothing) to 1 (as far as the task
 * can still be done), and leaves everything else as the seed drew it.
 */
import type { Image, Rng } from "@orrery/core";
import type { BodySpec } from "../bodies/body.ts";
import type { SceneSpec } from "../scene/scene-spec.ts";

export interface Family {
  readonly name: string;
  readonly summary: string;
  /** Before the task lays out its things. */
  room?(room: SceneSpec, strength: number, rng: Rng, spec: BodySpec): SceneSpec;
  /** After it; names, kinds and sizes of the objects must stay. */
  scene?(scene: SceneSpec, strength: number, rng: Rng, spec: BodySpec): SceneSpec;
  /** Every picture; writes into it. */
  image?(image: Image, strength: number, rng: Rng): void;
  /** Every state vector; writes into it. */
  state?(state: Float32Array, strength: number, rng: Rng): void;
}

/** A value `strength` of the way from `from` to `to`. */
export function blend(from: number, to: number, strength: number): number {
  return from + strength * (to - from);
}

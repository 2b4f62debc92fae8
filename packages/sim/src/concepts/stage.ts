/**
 * What a concept scene is made of. Two courses of events, A and B, are both possible and look the same, pixel by
 * pixel, at certain frames, because what differs is hidden then. A possible clip follows one of them from beginning
 * to end; an impossible one changes over at those frames. So every frame of an impossible clip is a frame of a
 * possible one, and nothing but the events themselves can give it away.
 *
 * Source: the quadruplets of IntPhys, Riochet et al. 2018, arXiv:1803.07616; more concepts, and our own stage.
 */
import type { Rng } from "@orrery/core";
import type { Vec3 } from "../control/vec.ts";
import type { Look } from "../render/scene.ts";

/** One thing on the stage. */
export interface Actor {
  readonly name: string;
  readonly type: "box" | "sphere";
  /** Half sizes or radius, m. */
  readonly size: readonly number[];
  readonly look: Look;
}

/** Where every actor is (middle, m) at a frame; null where it is not on the stage. x right, y away, z up. */
export type Course = (frame: number) => Readonly<Record<string, Vec3 | null>>;

export interface Stage {
  readonly actors: readonly Actor[];
  readonly a: Course;
  readonly b: Course;
  readonly frames: number;
  /** Frames from which an impossible clip follows the other course, in rising order. */
  readonly switches: readonly number[];
}

export interface Concept {
  readonly name: string;
  /** What an impossible clip violates. */
  readonly summary: string;
  make(rng: Rng): Stage;
}

/** Share of the way from frame `from` to frame `to`, in [0, 1]. */
export function progress(frame: number, from: number, to: number): number {
  return Math.min(1, Math.max(0, (frame - from) / (to - from)));
}

/** Height (m, middle) of a screen that is up from one time to another and in the floor before and after. */
export function screenHeight(frame: number, halfM: number, upAt: number, downAt = 1e6): number {
  const share = progress(frame, upAt - 4, upAt) - progress(frame, downAt, downAt + 4);
  return -halfM - 0.01 + share * 2 * halfM;
}

/**
 * A task: how its scene is laid out, what it asks for in words, when it is done, and how a scripted operator does
 * it. One file per task; add it to registry.ts.
 */
import type { Rng } from "@orrery/core";
import type { BodySpec } from "../bodies/body.ts";
import type { Hands } from "../operators/hands.ts";
import type { SceneSpec } from "../scene/scene-spec.ts";
import type { SceneView } from "../world/scene-view.ts";

export interface Task {
  readonly name: string;
  /** One sentence for lists and docs. */
  readonly summary: string;
  readonly timeLimitSec: number;
  /** Arms that a body needs for it; one where left out. */
  readonly minArms?: number;
  /** Draws one episode's setting into the room. */
  setUp(rng: Rng, room: SceneSpec, spec: BodySpec): TaskSetting;
}

export interface TaskSetting {
  readonly scene: SceneSpec;
  readonly instruction: string;
  /** Judges the scene as it stands; a pure function of the view, so that snapshots need nothing more. */
  judge(view: SceneView): Judgement;
  /** The expert's moves: a generator that yields once per control step. */
  expert(hands: Hands): Motion;
}

export interface Judgement {
  /** Shaped, in [0, 1]; 1 means done. */
  readonly reward: number;
  readonly success: boolean;
  /** Why the task can't be done any more ("fell off the table"); absent while it can. */
  readonly failure?: string;
  /** Distance (m) that remains, for logs and tests. */
  readonly distanceM: number;
}

/** Moves of an operator: each `yield` is one control step, prepared in `Hands` beforehand. */
export type Motion = Generator<void, void, void>;

/** Reward that rises as a distance falls: 1 at zero, about a half at `halfM`. */
export function closeness(distanceM: number, halfM: number): number {
  return 1 / (1 + (distanceM / halfM) ** 2);
}

/** True once an object lies clearly below the table top. */
export function hasFallen(view: SceneView, name: string): boolean {
  return view.objectPos(name)[2] < view.tableTop - 0.05;
}

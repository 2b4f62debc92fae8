/** An action space says how an action vector becomes a body command, over the same body and control loop. */
import { type ActionPart, ShapeError, UsageError } from "@orrery/core";
import type { BodySpec } from "../bodies/body.ts";
import type { BodyCommand } from "./command.ts";
import type { InverseKinematics } from "./ik.ts";

export const ACTION_SPACES = ["ee-delta", "joint-position", "joint-velocity"] as const;
export type ActionSpaceName = (typeof ACTION_SPACES)[number];

export interface ActionSpace {
  readonly name: ActionSpaceName;
  readonly parts: readonly ActionPart[];
  /** The command one control step after `from`, for an action within limits. `from` is left alone. */
  apply(action: Float32Array, from: BodyCommand): BodyCommand;
  /**
   * The action that leads from one command to the next, for spaces in which an operator's moves can be written
   * down; applying it gives `to` up to the rounding of 32-bit numbers.
   */
  between(from: BodyCommand, to: BodyCommand): Float32Array;
  /** Forgets targets carried over from step to step; `command` is where the body now stands. */
  reset(command: BodyCommand): void;
  /** What `reset` forgets, for snapshots. */
  save(): unknown;
  load(saved: unknown): void;
}

/** What an action space is built from. */
export interface ActionSpaceContext {
  readonly spec: BodySpec;
  readonly ik: InverseKinematics;
}

/** @throws {UsageError} for a name that is not in ACTION_SPACES */
export function checkActionSpace(name: string): ActionSpaceName {
  const found = ACTION_SPACES.find((known) => known === name);
  if (!found) {
    throw new UsageError(
      `checkActionSpace: the action space must be one of ${ACTION_SPACES.join(", ")}, got "${name}".`,
    );
  }
  return found;
}

/** What to do with a number that is not finite or outside its limits. */
export type BadActionPolicy = "clip" | "refuse";

/** For callers whose words no compiler has seen. @throws {UsageError} for a policy that there is not */
export function checkBadActionPolicy(policy: string = "clip"): void {
  if (policy !== "clip" && policy !== "refuse") {
    throw new UsageError(`checkBadActionPolicy: badActions must be "clip" or "refuse", got "${policy}".`);
  }
}

/**
 * Writes a safe copy of `action` into `out` and counts what had to change: numbers beyond their limits are clipped,
 * NaN and infinities become 0 (no motion) or the nearest limit.
 *
 * @throws {ShapeError} if the width is wrong; clipping could not mend that
 * @throws {UsageError} on a bad number where `policy` is "refuse"
 */
export function sanitizeAction(
  action: ArrayLike<number>,
  parts: readonly ActionPart[],
  policy: BadActionPolicy,
  out: Float32Array,
): number {
  if (action.length !== out.length) {
    throw new ShapeError(
      "World.step",
      "action",
      `[${out.length}]`,
      [action.length],
      "See embodiment.action.",
    );
  }
  let i = 0;
  let bad = 0;
  for (const part of parts) {
    for (let k = 0; k < part.width; k++, i++) {
      const value = action[i]!;
      // Limits are compared as 32-bit numbers, since actions are: 0.3 is not above a limit of 0.3.
      const low = Math.fround(part.limits?.[k]?.[0] ?? -Infinity);
      const high = Math.fround(part.limits?.[k]?.[1] ?? Infinity);
      const rest = Math.min(high, Math.max(low, 0));
      const safe = Number.isNaN(value) ? rest : Math.min(high, Math.max(low, value));
      if (safe !== value) {
        if (policy === "refuse") {
          const [least, most] = part.limits?.[k] ?? [low, high]; // as declared, not as rounded
          throw new UsageError(
            `World.step: action "${part.names?.[k] ?? part.name}" must be a number from ${least} to ${most}, got ${value}.`,
          );
        }
        bad++;
      }
      out[i] = safe;
    }
  }
  return bad;
}

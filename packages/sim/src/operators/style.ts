/** How a person of this episode moves: drawn once per episode, so that no two recordings move alike. */
import type { Rng } from "@orrery/core";

export interface Style {
  /** Mean tool speed of a reach, m/s. */
  readonly speed: number;
  /** Time before the first move, s. */
  readonly reactionSec: number;
  /** How far paths bow sideways, as a share of their length. */
  readonly bow: number;
  /** Chance per control step of stopping for a moment. */
  readonly hesitation: number;
  /** Slow unsteadiness of the hand, m. */
  readonly tremorM: number;
  /** Spread of where the hand first goes, m: aims that miss and are mended. */
  readonly missM: number;
  /** Chance that an attempt is a miss at all. */
  readonly missChance: number;
  /** Closing speed of the gripper, 1/s. */
  readonly gripSpeed: number;
}

export function drawStyle(rng: Rng): Style {
  return {
    speed: rng.uniform(0.14, 0.3),
    reactionSec: rng.uniform(0.1, 0.9),
    bow: rng.normal(0, 0.08),
    hesitation: rng.chance(0.5) ? rng.uniform(0, 0.05) : 0,
    tremorM: rng.uniform(0, 0.003),
    missM: rng.uniform(0.02, 0.05),
    missChance: rng.chance(0.35) ? 0.5 : 0.05,
    gripSpeed: rng.uniform(2, 5),
  };
}

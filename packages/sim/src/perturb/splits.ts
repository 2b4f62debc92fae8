/**
 * Named, fixed splits. Training draws from `seen` only; `novel-<family>` changes one thing at full strength unless
 * told otherwise; `novel-combination` shows known kinds in known colours that never came together in training.
 */
import { UsageError, didYouMean } from "@orrery/core";
import { camera } from "./camera.ts";
import { friction, mass } from "./dynamics.ts";
import type { Family } from "./family.ts";
import { layout } from "./layout.ts";
import { light } from "./light.ts";
import { objects } from "./objects.ts";
import { sensorNoise } from "./sensor-noise.ts";
import { start } from "./start.ts";
import { textures } from "./textures.ts";

export const FAMILIES: readonly Family[] = [
  light,
  sensorNoise,
  textures,
  layout,
  camera,
  start,
  objects,
  mass,
  friction,
];

/** The only split that training data comes from. */
export const TRAINING_SPLIT = "seen";

export const SPLITS: readonly string[] = [
  TRAINING_SPLIT,
  ...FAMILIES.map(({ name }) => `novel-${name}`),
  "novel-combination",
];

/** @throws {UsageError} if there is no such family */
export function familyNamed(name: string): Family {
  const family = FAMILIES.find((known) => known.name === name);
  if (!family) {
    const names = FAMILIES.map((each) => each.name);
    throw new UsageError(
      `familyNamed: the family must be one of ${names.join(", ")}, got "${name}".${didYouMean(name, names)}`,
    );
  }
  return family;
}

/** What one world perturbs. */
export interface Perturbation {
  readonly family: Family | null;
  readonly strength: number;
  readonly pairs: "seen" | "held-out";
}

/**
 * The perturbation of a split.
 * @param strength from 0 to 1
 * @throws {UsageError} for an unknown split or a strength out of range
 */
export function perturbationOf(split: string = TRAINING_SPLIT, strength = 1): Perturbation {
  if (!SPLITS.includes(split)) {
    throw new UsageError(
      `perturbationOf: the split must be one of ${SPLITS.join(", ")}, got "${split}".${didYouMean(split, SPLITS)}`,
    );
  }
  if (!(strength >= 0 && strength <= 1)) {
    throw new UsageError(`perturbationOf: the strength must be from 0 to 1, got ${strength}.`);
  }
  const family = FAMILIES.find(({ name }) => split === `novel-${name}`) ?? null;
  return { family, strength, pairs: split === "novel-combination" ? "held-out" : "seen" };
}

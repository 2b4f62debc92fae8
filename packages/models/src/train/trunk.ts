/**
 * The trunk of a run: weights, averages and optimiser as they stood before the learning rate of a phase began to fall. A
 * release is a short decay that branches off from it; whoever trains on goes on from the trunk. Going on from a release
 * itself costs what was learnt: its fine weights are thrown about once the rate is back at its height, and a short
 * round is over before they have settled again (docs/experiments.md, "training on without forgetting").
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readCheckpoint, writeCheckpoint, type Checkpoint } from "./checkpoint.ts";

const FOLDER = "trunk";

/** Keeps the trunk beside the run's weights; one that was there before is replaced. */
export function writeTrunk<Name extends string>(run: string, trunk: Checkpoint<Name>): void {
  writeCheckpoint(join(run, FOLDER), trunk);
}

/**
 * Null for runs that were made before trunks were kept.
 * @throws {DataError} if there is one that cannot be read
 */
export function readTrunk<Name extends string>(run: string): Checkpoint<Name> | null {
  return existsSync(join(run, FOLDER)) ? readCheckpoint<Name>(join(run, FOLDER)) : null;
}

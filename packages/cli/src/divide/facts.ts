/** What a run was trained with, read from its own folder, so that runs trained here and elsewhere are held to the same. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DataError, messageOf } from "@orrery/core";
import { isPolicyRun, loadPolicyNet } from "@orrery/agents";
import type { TrainingFacts } from "@orrery/eval";
import { openModel, WorldModel, type Lineage, type TrainingSource } from "@orrery/models";
import { readCheckpoint } from "@orrery/models/training";

/** Phases whose steps make what acts; a decoder is only for looking. */
const ACTING_PHASES = new Set(["tokenizer", "dynamics", "words", "prior", "jepa", "imitation"]);

/**
 * @param sources what both sides were given
 * @throws {DataError} if the run lacks its lineage or checkpoint
 */
export function factsOfRun(run: string, sources: readonly TrainingSource[]): TrainingFacts {
  const lineage = readLineage(run);
  const state = readCheckpoint<string>(join(run, "training"))?.state;
  if (state === undefined) {
    throw new DataError(
      `eval divide: ${run} must hold the checkpoint it ended with (training/), which says how long it was trained. Keep the whole run folder.`,
      { path: run },
    );
  }
  const given = sources.map(({ dataset }) => resolve(dataset.files.root));
  const strange = lineage.datasets.map(({ path }) => resolve(path)).filter((path) => !given.includes(path));
  return {
    run,
    seed: lineage.seed,
    // Trained on something that was not given: its own list says so, and will not match.
    given: strange.length > 0 ? strange : sources.map(fingerprintOf),
    givenFrames: sources.reduce((sum, source) => sum + framesOf(source), 0),
    usedEpisodes: lineage.datasets.reduce((sum, { episodes }) => sum + episodes.length, 0),
    usedFrames: lineage.datasets.reduce((sum, { frames }) => sum + frames, 0),
    parameters: parametersOf(run),
    steps: Object.entries(state.steps).reduce(
      (sum, [phase, steps]) => sum + (ACTING_PHASES.has(phase) ? (steps ?? 0) : 0),
      0,
    ),
    seconds: state.elapsedSec,
    machine: lineage.machine,
  };
}

/** Trained numbers that take part in acting. @throws {UsageError} if the folder holds neither model nor policy */
export function parametersOf(run: string): number {
  if (isPolicyRun(run)) {
    const net = loadPolicyNet(run);
    const count = net.numParameters();
    net.free();
    return count;
  }
  const model = openModel(run);
  const count = (model instanceof WorldModel ? model : model.nets).numParameters();
  model.free();
  return count;
}

function readLineage(run: string): Lineage {
  const path = join(run, "lineage.json");
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Lineage;
  } catch (cause) {
    throw new DataError(
      `eval divide: ${path} must say what the run was trained on, it cannot be read (${messageOf(cause)}). Name a run of \`orrery train\`.`,
      { path, cause },
    );
  }
}

/** Of a dataset's shape and the episodes given of it, failures and play included. */
function fingerprintOf({ dataset, episodes }: TrainingSource): string {
  const own = dataset.episodes.filter(({ index }) => episodes?.includes(index) ?? true);
  return createHash("sha256")
    .update(JSON.stringify([dataset.features, own.map(({ index, length }) => [index, length])]))
    .digest("hex");
}

function framesOf({ dataset, episodes }: TrainingSource): number {
  return dataset.episodes
    .filter(({ index }) => episodes?.includes(index) ?? true)
    .reduce((sum, { length }) => sum + length, 0);
}

/** Scores a run folder: finds out what it was trained on, so that held-out really is held out. */
import { readFileSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { DataError, messageOf, UsageError } from "@orrery/core";
import { openDataset, type DatasetReader } from "@orrery/data";
import { choosePrecision, openModel, type Lineage } from "@orrery/models";
import { evaluatePrediction, type PredictionOptions, type PredictionResult } from "./prediction.ts";

export interface ScoreRunOptions extends Omit<
  PredictionOptions,
  "model" | "dataset" | "training" | "usesBfloat16"
> {
  readonly run: string;
  /** Path of the dataset. */
  readonly data: string;
  readonly usesNearest?: boolean;
}

/**
 * Loads a run and scores it on episodes it was not trained on.
 * @throws {UsageError} if episodes asked for were trained on, or none is left
 */
export async function scoreRun(options: ScoreRunOptions): Promise<PredictionResult> {
  const { run, data, usesNearest = true, onNote = () => {}, ...rest } = options;
  const model = openModel(run);
  try {
    const dataset = await openDataset(data);
    const trained = trainedOn(run, data);
    const episodes = heldOut(dataset, trained.here, rest.episodes);
    const { usesBfloat16 } = choosePrecision("cpu");
    const training = usesNearest ? await openTraining(trained.first, onNote) : undefined;
    return await evaluatePrediction({
      ...rest,
      model,
      dataset,
      episodes,
      usesBfloat16,
      onNote,
      ...(training === undefined ? {} : { training }),
    });
  } finally {
    model.free();
  }
}

type TrainedSet = Lineage["datasets"][number];

/** What the run's lineage says of this dataset, and the set that the nearest neighbour is looked for in. */
function trainedOn(
  run: string,
  data: string,
): { here: TrainedSet | undefined; first: TrainedSet | undefined } {
  const path = join(run, "lineage.json");
  try {
    const { datasets } = JSON.parse(readFileSync(path, "utf8")) as Lineage;
    return { here: datasets.find((set) => placeOf(set.path) === placeOf(data)), first: datasets[0] };
  } catch (cause) {
    throw new DataError(
      `scoreRun: ${path} cannot be read (${messageOf(cause)}), so nothing can be known to be held out. Name a whole run folder.`,
      { path, cause },
    );
  }
}

/** Where a path leads, so that a link to the training set is not taken for another one. */
function placeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path); // moved or deleted since
  }
}

function heldOut(
  dataset: DatasetReader,
  trained: TrainedSet | undefined,
  wanted: readonly number[] | undefined,
): readonly number[] {
  const seen = new Set(trained?.episodes);
  const all = dataset.episodes.filter(({ readable }) => readable).map(({ index }) => index);
  const chosen = wanted ?? all.filter((index) => !seen.has(index));
  const both = chosen.filter((index) => seen.has(index));
  if (both.length > 0) {
    throw new UsageError(
      `eval: the model was trained on episode ${both[0]}${both.length > 1 ? ` and ${both.length - 1} more of those asked for` : ""}. Choose others with --episodes.`,
    );
  }
  if (chosen.length === 0)
    throw new UsageError(
      "eval: the model was trained on every episode of this dataset. Name another dataset.",
    );
  return chosen;
}

async function openTraining(
  set: TrainedSet | undefined,
  onNote: (note: string) => void,
): Promise<PredictionOptions["training"]> {
  if (set === undefined) return undefined;
  try {
    return { dataset: await openDataset(set.path), episodes: set.episodes };
  } catch (error) {
    onNote(
      `the nearest-neighbour baseline is left out: the training set cannot be opened (${messageOf(error)})`,
    );
    return undefined;
  }
}

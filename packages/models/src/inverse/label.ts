/** Labels video of a known body: writes a dataset with the same pictures and, beside them, what the actions seem to have been. */
import { resolve } from "node:path";
import { UsageError, type Embodiment } from "@orrery/core";
import {
  assertApart,
  importDataset,
  episodeFrames,
  openDataset,
  type DatasetReader,
  type EpisodeFrames,
  type ImportProgress,
  type ImportReport,
  type Skip,
} from "@orrery/data";
import { inferEpisode } from "./infer-episode.ts";
import {
  ACTION_SOURCE,
  actionSources,
  INFERRED_ACTION,
  INFERRED_CONFIDENCE,
  INFERRED_STD,
  inferredFeatures,
} from "./inferred-columns.ts";
import type { InverseDynamics } from "./inverse-dynamics.ts";
import { loadInverseDynamics } from "./release.ts";
import { openView, type AddedColumns, type StepPart } from "./view-source.ts";

export interface LabelOptions {
  /** Run folder of the inverse dynamics model. */
  readonly model: string;
  /** Path of the dataset to label. */
  readonly from: string;
  /** Dataset to make or to go on with. */
  readonly to: string;
  readonly episodes?: readonly number[];
  /** The dataset's cameras that stand for the model's, in its order; the same names where left out. */
  readonly cameras?: readonly string[];
  /** Says that the pictures show the model's body although the dataset names another one, or none. */
  readonly isSameBody?: boolean;
  /** Leave recorded actions, states and rewards behind and label those episodes too, as if they were plain video. */
  readonly asVideo?: boolean;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
}

export interface LabelReport extends ImportReport {
  readonly labelledFrames: number;
  /** Mean over the labelled rows; NaN where there are none. */
  readonly meanConfidence: number;
}

/** How far rates may differ before an action no longer means the same. */
const RATE_TOLERANCE = 0.05;
const NUMBERS: readonly StepPart[] = ["state", "action", "reward", "done", "success"];

/**
 * Episodes with recorded actions are skipped with a reason unless `asVideo` is set. An interrupted run goes on where it
 * stopped when it is started again.
 * @throws {UsageError} if the dataset is of another body, camera or rate
 */
export async function labelDataset(options: LabelOptions): Promise<LabelReport> {
  const { from, to, asVideo = false, onProgress, signal } = options;
  assertApart(from, to);
  const model = loadInverseDynamics(options.model);
  try {
    const dataset = await openDataset(from);
    const cameras = options.cameras ?? model.facts.cameras;
    assertLabels(model, dataset, cameras, options);
    const tally = { rows: 0, confidence: 0 };
    const modelPath = resolve(options.model);
    const add = async (index: number): Promise<AddedColumns | Skip> => {
      const episode = await framesOf(model, dataset, index, cameras);
      if ("reason" in episode) return episode;
      if (!asVideo && episode.columns.action !== null && episode.columns.actionMask.includes(1))
        return {
          what: `episode ${index}`,
          reason: "it has recorded actions (--as-video labels it all the same)",
        };
      const added = labelsOf(model, episode, tally);
      return { ...added, labels: { action_source: "inferred", action_model: modelPath } };
    };
    const source = await openView(from, {
      embodiment: bodyOf(model.facts.embodiment, dataset.embodiment),
      without: asVideo ? NUMBERS : [],
      add,
      ...(options.episodes === undefined ? {} : { episodes: options.episodes }),
    });
    try {
      const report = await importDataset(source, to, {
        ...(onProgress === undefined ? {} : { onProgress }),
        ...(signal === undefined ? {} : { signal }),
      });
      return { ...report, labelledFrames: tally.rows, meanConfidence: tally.confidence / tally.rows };
    } finally {
      await source.close();
    }
  } finally {
    model.free();
  }
}

/** @throws {UsageError} naming all that keeps this model from labelling this dataset */
function assertLabels(
  model: InverseDynamics,
  dataset: DatasetReader,
  cameras: readonly string[],
  { isSameBody = false }: LabelOptions,
): void {
  const { embodiment, controlRateHz } = model.facts;
  const has = dataset.cameras.map(({ name }) => name);
  const problems: string[] = [];
  if (!isSameBody && dataset.embodiment.name !== embodiment.name)
    problems.push(`the body is "${dataset.embodiment.name}" (--same-body, if its name alone is wrong)`);
  for (const name of cameras)
    if (!has.includes(name))
      problems.push(`there is no camera "${name}", only ${has.join(", ") || "none"} (--cameras)`);
  if (cameras.length !== model.facts.cameras.length)
    problems.push(`${cameras.length} cameras are named where the model sees ${model.facts.cameras.length}`);
  if (Math.abs(dataset.fps / controlRateHz - 1) > RATE_TOLERANCE)
    problems.push(`frames come at ${dataset.fps}/s, the model's actions at ${controlRateHz}/s`);
  if (problems.length === 0) return;
  throw new UsageError(
    `data label: ${dataset.files.root} must show "${embodiment.name}" as the model's training set did: ${problems.join("; ")}.`,
  );
}

async function framesOf(
  model: InverseDynamics,
  dataset: DatasetReader,
  index: number,
  cameras: readonly string[],
): Promise<EpisodeFrames | Skip> {
  const { height, width } = model.config;
  let reason = "it has no rows";
  const onSkip = (skip: { reason: string }): void => void (reason = skip.reason);
  const request = { dataset, episodes: [index], cameras, size: { height, width }, onSkip, workers: 1 };
  for await (const episode of episodeFrames(request)) return episode;
  return { what: `episode ${index}`, reason };
}

function labelsOf(
  model: InverseDynamics,
  episode: EpisodeFrames,
  tally: { rows: number; confidence: number },
): Omit<AddedColumns, "labels"> {
  const A = model.facts.actionWidth;
  const { mean, std, confidence } = inferEpisode(model, episode);
  const last = episode.length - 1;
  for (let t = 0; t < last; t++) {
    tally.rows++;
    tally.confidence += confidence[t] as number;
  }
  return {
    features: inferredFeatures(model.facts.embodiment),
    at: (row) => ({
      [ACTION_SOURCE]: Int32Array.of(row < last ? actionSources.inferred : actionSources.none),
      // No frame shows what the last row's action did.
      ...(row < last
        ? {
            [INFERRED_ACTION]: mean.subarray(row * A, (row + 1) * A),
            [INFERRED_STD]: std.subarray(row * A, (row + 1) * A),
            [INFERRED_CONFIDENCE]: confidence.subarray(row, row + 1),
          }
        : {}),
    }),
  };
}

/** The model's body, which says what the actions mean, with the state and the cameras of what is labelled. */
function bodyOf(model: Embodiment, dataset: Embodiment): Embodiment {
  return { ...model, state: dataset.state, cameras: dataset.cameras, controlRateHz: dataset.controlRateHz };
}

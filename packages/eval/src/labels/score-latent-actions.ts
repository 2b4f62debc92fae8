/**
 * Measures latent actions on held-out episodes, never by reconstruction alone:
 * - delta-PSNR (Genie, Bruce et al. 2024): how much better the next frame is rebuilt with the inferred latent action
 *   than with that of a random other moment. Near 0, the latent actions steer nothing.
 * - a linear probe: how much of the true actions follows from them, beside the same probe on how the picture changed.
 */
import { AbortedError, DataError, makeRng, namesOf } from "@orrery/core";
import { episodeFrames, type DatasetReader, type EpisodeFrames } from "@orrery/data";
import { encodeEpisode, loadLatentActions, rebuildErrors, type LatentActionModel } from "@orrery/models";
import { bootstrap, mean, psnr, type Interval } from "../statistics.ts";
import { explained, fitRidge } from "./ridge.ts";

export interface LatentActionScores {
  /** PSNR in dB of the mean squared error of the next frame. */
  readonly psnr: number;
  readonly psnrRandom: number;
  /** With a latent action of zeros: the prior's mean. */
  readonly psnrNone: number;
  readonly psnrCopyLast: number;
  readonly deltaPsnr: number;
  readonly deltaPsnrCi95: Interval;
  /** Null where the recordings have no actions. */
  readonly probe: {
    readonly names: readonly string[];
    /** R² on held-out episodes; 0 is what saying the mean gets. */
    readonly r2: readonly number[];
    /** The same from the mean difference of the two frames in 4 x 4 regions, colours apart. */
    readonly r2OfDifferences: readonly number[];
    readonly trainingRows: number;
  } | null;
  readonly rows: number;
  readonly episodes: number;
}

export interface LatentScoreOptions {
  readonly run: string;
  readonly dataset: DatasetReader;
  /** What the probe is fitted on; only these actions are used. */
  readonly train: readonly number[];
  readonly held: readonly number[];
  readonly seed: number;
  readonly onProgress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/** Of standardised inputs; the same for both probes. */
const PENALTY = 0.01;
const GRID = 4;

/** @throws {DataError} if no held-out episode can be read */
export async function scoreLatentActions(options: LatentScoreOptions): Promise<LatentActionScores> {
  const { dataset, train, held, seed } = options;
  const model = loadLatentActions(options.run);
  try {
    let done = 0;
    const tick = (): void => {
      if (options.signal?.aborted) throw new AbortedError("Stopped while scoring; nothing was kept.");
      options.onProgress?.(++done, train.length + held.length);
    };
    const training: ProbeRows = { latents: [], differences: [], actions: [] };
    for await (const episode of framesOf(model, dataset, train)) {
      addRows(training, model, episode, encodeEpisode(model, episode));
      tick();
    }
    const episodes: EpisodeFrames[] = [];
    const latents: Float32Array[] = [];
    for await (const episode of framesOf(model, dataset, held)) {
      episodes.push(episode);
      latents.push(encodeEpisode(model, episode));
      tick();
    }
    if (episodes.length === 0)
      throw new DataError(`scoreLatentActions: no held-out episode of ${dataset.files.root} can be read.`);
    const testing: ProbeRows = { latents: [], differences: [], actions: [] };
    episodes.forEach((episode, i) => addRows(testing, model, episode, latents[i] as Float32Array));
    const errors = errorsOf(model, episodes, latents, seed);
    return {
      ...summarise(errors, seed),
      probe: probeOf(training, testing, model),
      episodes: episodes.length,
    };
  } finally {
    model.free();
  }
}

function framesOf(
  model: LatentActionModel,
  dataset: DatasetReader,
  episodes: readonly number[],
): AsyncGenerator<EpisodeFrames> {
  const { height, width } = model.config;
  const { cameras } = model.facts;
  return episodeFrames({ dataset, episodes, cameras, size: { height, width }, onSkip: () => {} });
}

/** Squared errors of one episode's rows, four ways. */
interface RowErrors {
  readonly own: Float32Array;
  readonly random: Float32Array;
  readonly none: Float32Array;
  readonly copyLast: Float32Array;
}

function errorsOf(
  model: LatentActionModel,
  episodes: readonly EpisodeFrames[],
  latents: readonly Float32Array[],
  seed: number,
): RowErrors[] {
  const Z = model.config.latentWidth;
  const rng = makeRng(seed, "random latents");
  const pool = latents.flatMap((own) =>
    Array.from({ length: own.length / Z }, (_, t) => own.subarray(t * Z, (t + 1) * Z)),
  );
  return episodes.map((episode, i) => {
    const own = latents[i] as Float32Array;
    const random = new Float32Array(own.length);
    for (let t = 0; t < own.length / Z; t++) random.set(rng.pick(pool), t * Z);
    return {
      own: rebuildErrors(model, episode, own),
      random: rebuildErrors(model, episode, random),
      none: rebuildErrors(model, episode, new Float32Array(own.length)),
      copyLast: copyErrors(episode),
    };
  });
}

function copyErrors({ length, frames }: EpisodeFrames): Float32Array {
  const rowBytes = frames.length / length;
  return Float32Array.from({ length: length - 1 }, (_, t) => {
    let sum = 0;
    for (let i = t * rowBytes; i < (t + 1) * rowBytes; i++)
      sum += ((frames[i + rowBytes] as number) - (frames[i] as number)) ** 2;
    return sum / rowBytes / 255 ** 2;
  });
}

function summarise(
  errors: readonly RowErrors[],
  seed: number,
): Omit<LatentActionScores, "probe" | "episodes"> {
  const meanOf = (items: readonly RowErrors[], of: keyof RowErrors): number =>
    mean(items.flatMap((item) => Array.from(item[of])));
  const db = (of: keyof RowErrors): number => psnr(meanOf(errors, of));
  const delta = (items: readonly RowErrors[]): number =>
    psnr(meanOf(items, "own")) - psnr(meanOf(items, "random"));
  return {
    psnr: db("own"),
    psnrRandom: db("random"),
    psnrNone: db("none"),
    psnrCopyLast: db("copyLast"),
    deltaPsnr: delta(errors),
    deltaPsnrCi95: bootstrap(
      errors.map((item) => [item]),
      delta,
      makeRng(seed, "delta"),
      300,
    ),
    rows: errors.reduce((sum, { own }) => sum + own.length, 0),
  };
}

interface ProbeRows {
  readonly latents: number[][];
  readonly differences: number[][];
  readonly actions: number[][];
}

/** Adds the rows of an episode that record an action. */
function addRows(
  to: ProbeRows,
  model: LatentActionModel,
  episode: EpisodeFrames,
  latents: Float32Array,
): void {
  const Z = model.config.latentWidth;
  const { action, actionMask } = episode.columns;
  if (action === null) return;
  const A = action.length / episode.length;
  for (let t = 0; t + 1 < episode.length; t++) {
    if (actionMask[t] !== 1) continue;
    to.latents.push(Array.from(latents.subarray(t * Z, (t + 1) * Z)));
    to.differences.push(differencesOf(model, episode, t));
    to.actions.push(Array.from(action.subarray(t * A, (t + 1) * A)));
  }
}

/** Mean change of each colour in each region of each camera from row t to the next, and its mean size. */
function differencesOf(model: LatentActionModel, { length, frames }: EpisodeFrames, t: number): number[] {
  const { height: H, width: W } = model.config;
  const rowBytes = frames.length / length;
  const V = rowBytes / (H * W * 3);
  const sums = Array.from({ length: V * GRID * GRID * 6 }, () => 0);
  for (let i = 0; i < rowBytes; i++) {
    const pixel = Math.floor(i / 3);
    const x = Math.floor(((pixel % W) * GRID) / W);
    const y = Math.floor(((Math.floor(pixel / W) % H) * GRID) / H);
    const v = Math.floor(pixel / (W * H));
    const cell = (((v * GRID + y) * GRID + x) * 3 + (i % 3)) * 2;
    const change = (frames[(t + 1) * rowBytes + i] as number) - (frames[t * rowBytes + i] as number);
    sums[cell] = (sums[cell] as number) + change;
    sums[cell + 1] = (sums[cell + 1] as number) + Math.abs(change);
  }
  const pixels = (H * W) / (GRID * GRID);
  return sums.map((sum) => sum / pixels / 255);
}

function probeOf(
  training: ProbeRows,
  testing: ProbeRows,
  model: LatentActionModel,
): LatentActionScores["probe"] {
  if (training.actions.length === 0 || testing.actions.length === 0) return null;
  const r2 = (of: "latents" | "differences"): number[] => {
    const probe = fitRidge(training[of], training.actions, PENALTY);
    return explained(probe.predict(testing[of]), testing.actions);
  };
  return {
    names: namesOf(model.facts.embodiment.action),
    r2: r2("latents"),
    r2OfDifferences: r2("differences"),
    trainingRows: training.actions.length,
  };
}

/**
 * How well a world model predicts held-out episodes, per horizon, beside what is trivial and what is possible:
 * copy-last-frame, nearest neighbour in the training set, and the tokenizer's round trip (the ceiling).
 *
 * One sample per window is drawn and scored; averages of several would flatter a model that is unsure.
 */
import { AbortedError, DataError, makeRng, UsageError } from "@orrery/core";
import type { DatasetReader } from "@orrery/data";
import type { AnyModel } from "@orrery/models";
import type { Interval } from "../statistics.ts";
import { chooseWindows, loadEpisodes, shuffledPartners, streamEpisodes, type Window } from "./episodes.ts";
import { NearestSearch, type NearestOptions } from "./nearest.ts";
import { scoreWindows, type WindowResult } from "./score-windows.ts";
import { summarize } from "./summarize.ts";

export interface PredictionOptions {
  readonly model: AnyModel;
  readonly dataset: DatasetReader;
  /** Held-out episodes; all of the dataset where left out. */
  readonly episodes?: readonly number[];
  /** For the nearest-neighbour baseline; it is left out where there is none. */
  readonly training?: { readonly dataset: DatasetReader; readonly episodes?: readonly number[] };
  readonly seed: number;
  /** Frames given. */
  readonly contextFrames?: number;
  /** Frames predicted. */
  readonly horizon?: number;
  /** Windows scored, spread evenly over the episodes. */
  readonly windows?: number;
  readonly usesBfloat16?: boolean;
  readonly onProgress?: (done: number, all: number) => void;
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
}

/** Scores of one predictor, one entry per horizon. */
export interface HorizonScores {
  /** PSNR of the mean squared error over all windows, dB. */
  readonly psnr: readonly number[];
  readonly psnrCi95: readonly Interval[];
  /** Mean of the windows' own PSNRs, dB: kinder to a predictor that is often nearly right and sometimes far off. */
  readonly meanPsnr: readonly number[];
  readonly ssim: readonly number[];
}

export interface StateScores {
  /** Root mean square error in units of the training set's deviation, per horizon. */
  readonly rmse: readonly number[];
  readonly rmseConstantVelocity: readonly number[];
  readonly rmseCopyLast: readonly number[];
}

export interface PredictionResult {
  readonly horizons: readonly number[];
  readonly windows: number;
  readonly episodes: number;
  readonly contextFrames: number;
  readonly seed: number;
  readonly model: HorizonScores;
  readonly copyLast: HorizonScores;
  readonly nearest: HorizonScores | null;
  readonly roundTrip: HorizonScores;
  /** Error with shuffled actions over error with true ones, all horizons together; above 1 the actions are used. */
  readonly shuffleRatio: { readonly value: number; readonly ci95: Interval } | null;
  readonly state: StateScores | null;
}

/** Windows dreamt at once. Each batch has its own noise, so that another number gives other samples. */
const BATCH = 32;
const DEFAULTS = { contextFrames: 8, horizon: 16, windows: 256 };

/**
 * Scores a model; see the file's head.
 * @throws {UsageError} if the dataset is of another body, or the context is too short to tell a velocity
 * @throws {DataError} if no window fits
 */
export async function evaluatePrediction(options: PredictionOptions): Promise<PredictionResult> {
  const { model, dataset, seed, signal, onNote = () => {} } = options;
  const { contextFrames, horizon, windows: count } = { ...DEFAULTS, ...definedOf(options) };
  if (contextFrames < 2) {
    throw new UsageError(
      `eval prediction: the context must have at least 2 frames, got ${contextFrames}: one frame tells no velocity.`,
    );
  }
  const { facts } = model;
  const { size } = model;
  const held = await loadEpisodes(dataset, options.episodes, facts, size, onNote);
  const rng = makeRng(seed, "prediction");
  const windows = chooseWindows(held, contextFrames + horizon, count, rng);
  const remembered = await rememberedFrames(options, { windows, contextRows: contextFrames, horizon, size });
  const partners = shuffledPartners(windows, makeRng(rng.int(1 << 30), "shuffle"));
  if (partners === null && facts.actionWidth > 0)
    onNote("the action-shuffle ratio is left out: it needs windows of at least two episodes");
  const results: WindowResult[] = [];
  for (let first = 0; first < windows.length; first += BATCH) {
    if (signal?.aborted) throw new AbortedError("eval prediction: stopped.");
    const end = Math.min(windows.length, first + BATCH);
    const actors = partners?.slice(first, end).map((i) => windows[i] as Window);
    const batch = scoreWindows({
      model,
      usesBfloat16: options.usesBfloat16 ?? false,
      contextFrames,
      horizon,
      size,
      windows: windows.slice(first, end),
      partners: facts.actionWidth === 0 ? null : (actors ?? null),
      remembered: remembered?.slice(first, end) ?? null,
      seed: seed + first,
    });
    results.push(...batch);
    options.onProgress?.(results.length, windows.length);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return summarize(results, { contextFrames, horizon, seed });
}

/** What followed each window's nearest training moment; null, with a note, where that cannot be told. */
async function rememberedFrames(
  { model, training, onNote = () => {}, signal }: PredictionOptions,
  nearest: NearestOptions,
): Promise<readonly Uint8Array[] | null> {
  if (training === undefined) return null;
  const search = new NearestSearch(nearest);
  const leftOut = "the nearest-neighbour baseline is left out";
  try {
    const { dataset, episodes } = training;
    for await (const episode of streamEpisodes(dataset, episodes, model.facts, nearest.size, onNote)) {
      if (signal?.aborted) throw new AbortedError("eval prediction: stopped.");
      search.search(episode);
    }
    if (search.continuations === null)
      onNote(`${leftOut}: no training episode has ${nearest.horizon + 2} rows`);
    return search.continuations;
  } catch (error) {
    if (!(error instanceof DataError || error instanceof UsageError)) throw error;
    onNote(`${leftOut}: ${error.message}`);
    return null;
  } finally {
    search.free();
  }
}

/** Options that were given, so that defaults are not overwritten by undefined. */
function definedOf({ contextFrames, horizon, windows }: PredictionOptions): Partial<typeof DEFAULTS> {
  return Object.fromEntries(
    Object.entries({ contextFrames, horizon, windows }).filter(([, value]) => value !== undefined),
  );
}

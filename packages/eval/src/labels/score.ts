/** Scores the runs of a study on held-out episodes, and compares their gains over copying the last frame. */
import { makeRng } from "@orrery/core";
import type { DatasetReader } from "@orrery/data";
import { choosePrecision, loadModel } from "@orrery/models";
import { evaluatePrediction } from "../prediction/prediction.ts";
import { bootstrap, mean, psnr, type Interval } from "../statistics.ts";

/** Mean squared errors on pixels in [0, 1] of one held-out episode, by horizon. */
export interface EpisodeErrors {
  readonly episode: number;
  readonly windows: number;
  readonly model: readonly number[];
  readonly copyLast: readonly number[];
  readonly roundTrip: readonly number[];
}

export interface ScoreOptions {
  readonly run: string;
  readonly dataset: DatasetReader;
  readonly episodes: readonly number[];
  readonly windowsPerEpisode: number;
  readonly contextFrames: number;
  readonly horizon: number;
  readonly seed: number;
  readonly onProgress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/** One entry per held-out episode. The same windows for every run, as they follow from the seed. */
export async function scoreEpisodes(options: ScoreOptions): Promise<EpisodeErrors[]> {
  const { run, dataset, episodes, windowsPerEpisode, contextFrames, horizon, seed, signal } = options;
  const model = loadModel(run);
  try {
    const { usesBfloat16 } = choosePrecision("cpu");
    const errors: EpisodeErrors[] = [];
    for (const episode of episodes) {
      const result = await evaluatePrediction({
        model,
        dataset,
        episodes: [episode],
        windows: windowsPerEpisode,
        contextFrames,
        horizon,
        seed: seed + episode,
        usesBfloat16,
        ...(signal === undefined ? {} : { signal }),
      });
      errors.push({
        episode,
        windows: result.windows,
        model: result.model.psnr.map(errorOf),
        copyLast: result.copyLast.psnr.map(errorOf),
        roundTrip: result.roundTrip.psnr.map(errorOf),
      });
      options.onProgress?.(errors.length, episodes.length);
    }
    return errors;
  } finally {
    model.free();
  }
}

/** The mean squared error behind a PSNR in dB. */
function errorOf(decibel: number): number {
  return 10 ** (-decibel / 10);
}

/** PSNR by horizon of the errors of several episodes together, dB. */
export function pooledPsnr(
  errors: readonly EpisodeErrors[],
  of: "model" | "copyLast" | "roundTrip",
): number[] {
  const windows = errors.reduce((sum, episode) => sum + episode.windows, 0);
  const horizons = errors[0]?.[of].length ?? 0;
  return Array.from({ length: horizons }, (_, h) =>
    psnr(errors.reduce((sum, episode) => sum + episode.windows * (episode[of][h] as number), 0) / windows),
  );
}

/** Gain in PSNR over copying the last frame, mean over the horizons from two frames on, dB. */
export function gainOf(errors: readonly EpisodeErrors[]): number {
  const copy = pooledPsnr(errors, "copyLast");
  const gains = pooledPsnr(errors, "model").map((value, h) => value - (copy[h] as number));
  return mean(gains.length > 1 ? gains.slice(1) : gains);
}

export interface Compared {
  readonly gain: number;
  readonly gainCi95: Interval;
  /** Gain over that of the reference; 1 for the reference itself. */
  readonly ratio: number;
  readonly ratioCi95: Interval;
}

/** Intervals by resampling held-out episodes, the same ones for both runs. */
export function compare(
  errors: readonly EpisodeErrors[],
  reference: readonly EpisodeErrors[],
  seed: number,
): Compared {
  const pairs = pairsOf(errors, reference);
  const ratio = (items: readonly Pair[]): number => ownGain(items) / otherGain(items);
  return {
    gain: ownGain(pairs.flat()),
    gainCi95: bootstrap(pairs, ownGain, makeRng(seed, "gain")),
    ratio: ratio(pairs.flat()),
    ratioCi95: bootstrap(pairs, ratio, makeRng(seed, "ratio")),
  };
}

/** How much more one run gains than another, dB. */
export interface Advantage {
  readonly gain: number;
  readonly ci95: Interval;
}

/** The interval by resampling held-out episodes, the same ones for both runs. */
export function advantage(
  errors: readonly EpisodeErrors[],
  over: readonly EpisodeErrors[],
  seed: number,
): Advantage {
  const pairs = pairsOf(errors, over);
  const difference = (items: readonly Pair[]): number => ownGain(items) - otherGain(items);
  return {
    gain: difference(pairs.flat()),
    ci95: bootstrap(pairs, difference, makeRng(seed, "advantage")),
  };
}

interface Pair {
  readonly own: EpisodeErrors;
  readonly other: EpisodeErrors;
}

/** Each held-out episode as one run and as the other dreamt it, to be resampled one by one. */
function pairsOf(errors: readonly EpisodeErrors[], others: readonly EpisodeErrors[]): Pair[][] {
  return errors.map((own) => [
    { own, other: others.find(({ episode }) => episode === own.episode) as EpisodeErrors },
  ]);
}

function ownGain(pairs: readonly Pair[]): number {
  return gainOf(pairs.map(({ own }) => own));
}

function otherGain(pairs: readonly Pair[]): number {
  return gainOf(pairs.map(({ other }) => other));
}

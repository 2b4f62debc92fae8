/** From the errors of single windows to the scores of a model, with intervals over episodes. */
import { makeRng } from "@orrery/core";
import { bootstrap, mean, psnr } from "../statistics.ts";
import type { HorizonScores, PredictionResult } from "./prediction.ts";
import type { WindowErrors, WindowResult } from "./score-windows.ts";

/** One table from the errors of all windows. */
export function summarize(
  results: readonly WindowResult[],
  { contextFrames, horizon, seed }: { contextFrames: number; horizon: number; seed: number },
): PredictionResult {
  const clusters = byEpisode(results);
  const rng = makeRng(seed, "bootstrap");
  const hs = Array.from({ length: horizon }, (_, h) => h);
  const scores = (of: (result: WindowResult) => WindowErrors): HorizonScores => ({
    psnr: hs.map((h) => psnr(mean(results.map((r) => of(r).mse[h] as number)))),
    psnrCi95: hs.map((h) => {
      const sums = sumPerCluster(clusters, (r) => of(r).mse[h] as number);
      return bootstrap(sums, (drawn) => psnr(meanOfSums(drawn)), rng, 400);
    }),
    meanPsnr: hs.map((h) => mean(results.map((r) => psnr(of(r).mse[h] as number)))),
    ssim: hs.map((h) => mean(results.map((r) => of(r).ssim[h] as number))),
  });
  const usesActions = results.every((r) => r.shuffled !== null);
  const shuffleRatio = (): PredictionResult["shuffleRatio"] => {
    const sums = sumPerCluster(
      clusters,
      (r) => mean(r.shuffled ?? []),
      (r) => mean(r.model.mse),
    );
    const ratio = (items: readonly Sums[]): number => meanOfSums(items, 0) / meanOfSums(items, 1);
    return { value: ratio(sums.flat()), ci95: bootstrap(sums, ratio, rng) };
  };
  const rmse = (of: (state: NonNullable<WindowResult["state"]>) => number[]): number[] =>
    hs.map((h) =>
      Math.sqrt(mean(results.map((r) => (r.state === null ? Number.NaN : (of(r.state)[h] as number))))),
    );
  return {
    horizons: hs.map((h) => h + 1),
    windows: results.length,
    episodes: clusters.length,
    contextFrames,
    seed,
    model: scores((r) => r.model),
    copyLast: scores((r) => r.copyLast),
    nearest: results.every((r) => r.nearest !== null) ? scores((r) => r.nearest as WindowErrors) : null,
    roundTrip: scores((r) => r.roundTrip),
    shuffleRatio: usesActions ? shuffleRatio() : null,
    state: results.every((r) => r.state !== null)
      ? {
          rmse: rmse((s) => s.model),
          rmseConstantVelocity: rmse((s) => s.constantVelocity),
          rmseCopyLast: rmse((s) => s.copyLast),
        }
      : null,
  };
}

function byEpisode(results: readonly WindowResult[]): WindowResult[][] {
  const groups = new Map<number, WindowResult[]>();
  for (const result of results) groups.set(result.episode, [...(groups.get(result.episode) ?? []), result]);
  return [...groups.values()];
}

/** Sums over the windows of one episode: all that a resampled mean needs. */
interface Sums {
  readonly windows: number;
  readonly sums: readonly number[];
}

/** One item per cluster, so that resampling does not go over the windows again. */
function sumPerCluster(
  clusters: readonly (readonly WindowResult[])[],
  ...values: readonly ((result: WindowResult) => number)[]
): Sums[][] {
  return clusters.map((results) => [
    {
      windows: results.length,
      sums: values.map((value) => results.reduce((sum, result) => sum + value(result), 0)),
    },
  ]);
}

function meanOfSums(items: readonly Sums[], which = 0): number {
  let sum = 0;
  let windows = 0;
  for (const item of items) {
    sum += item.sums[which] as number;
    windows += item.windows;
  }
  return sum / windows;
}

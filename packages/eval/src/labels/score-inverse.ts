/** How well an inverse dynamics model tells the actions of recorded episodes, and whether its spread is honest. */
import { AbortedError, namesOf } from "@orrery/core";
import { episodeFrames, type DatasetReader } from "@orrery/data";
import { inferEpisode, loadInverseDynamics } from "@orrery/models";

export interface InverseScores {
  readonly names: readonly string[];
  /** Share of each number's variance that is explained; below 0 is worse than always saying the mean. */
  readonly r2: readonly number[];
  /** Root mean square error, in the action's own units; and that of saying the training set's mean. */
  readonly rmse: readonly number[];
  readonly rmseOfMean: readonly number[];
  /** Share of the errors within the interval that is to hold 50 % and 90 % of them, all numbers together. */
  readonly coverage50: number;
  readonly coverage90: number;
  /** Mean confidence that labels would carry. */
  readonly confidence: number;
  readonly rows: number;
  readonly episodes: number;
}

/** Half widths, in standard deviations, of the central intervals of a normal distribution. */
const HALF_WIDTH = { of50: 0.6745, of90: 1.6449 } as const;

/** Scores a run on episodes that record actions; the last row of each is left out, as no frame shows its effect. */
export async function scoreInverse(options: {
  readonly run: string;
  readonly dataset: DatasetReader;
  readonly episodes?: readonly number[];
  readonly signal?: AbortSignal;
}): Promise<InverseScores> {
  const model = loadInverseDynamics(options.run);
  try {
    const { actionWidth: A, cameras, embodiment } = model.facts;
    const { height, width } = model.config;
    const trainingMean = model.actionScale.mean.toFloat64();
    const sums = {
      error: new Float64Array(A),
      ofMean: new Float64Array(A),
      x: new Float64Array(A),
      xx: new Float64Array(A),
    };
    let [rows, episodes, within50, within90, confidence] = [0, 0, 0, 0, 0];
    const request = { dataset: options.dataset, cameras, size: { height, width }, onSkip: () => {} };
    for await (const episode of episodeFrames(
      options.episodes === undefined ? request : { ...request, episodes: options.episodes },
    )) {
      if (options.signal?.aborted) throw new AbortedError("Stopped while scoring; nothing was kept.");
      const { action, actionMask } = episode.columns;
      if (action === null) continue;
      episodes++;
      const belief = inferEpisode(model, episode);
      for (let t = 0; t + 1 < episode.length; t++) {
        if (actionMask[t] !== 1) continue;
        rows++;
        confidence += belief.confidence[t] as number;
        for (let i = 0; i < A; i++) {
          const x = action[t * A + i] as number;
          const error = x - (belief.mean[t * A + i] as number);
          const deviations = Math.abs(error) / (belief.std[t * A + i] as number);
          if (deviations <= HALF_WIDTH.of50) within50++;
          if (deviations <= HALF_WIDTH.of90) within90++;
          add(sums.error, i, error ** 2);
          add(sums.ofMean, i, (x - (trainingMean[i] as number)) ** 2);
          add(sums.x, i, x);
          add(sums.xx, i, x * x);
        }
      }
    }
    const each = (fn: (i: number) => number): number[] => Array.from({ length: A }, (_, i) => fn(i));
    const at = (values: Float64Array, i: number): number => (values[i] as number) / rows;
    return {
      names: namesOf(embodiment.action),
      r2: each((i) => 1 - at(sums.error, i) / Math.max(1e-12, at(sums.xx, i) - at(sums.x, i) ** 2)),
      rmse: each((i) => Math.sqrt(at(sums.error, i))),
      rmseOfMean: each((i) => Math.sqrt(at(sums.ofMean, i))),
      coverage50: within50 / (rows * A),
      coverage90: within90 / (rows * A),
      confidence: confidence / rows,
      rows,
      episodes,
    };
  } finally {
    model.free();
  }
}

function add(sums: Float64Array, i: number, value: number): void {
  sums[i] = (sums[i] as number) + value;
}

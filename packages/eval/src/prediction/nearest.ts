/**
 * Nearest neighbour in the training set: the moment whose last two frames look most like the context's is looked up,
 * and what came after it then is the prediction. A model that only remembers does no better.
 *
 * Shapes: F training frames, D numbers of a small copy of a frame.
 */
import type { EpisodeFrames } from "@orrery/data";
import { avgPool2d, cat, fromTyped, noGrad, scope, type Tensor } from "@orrery/torch";
import type { FrameSize, Window } from "./episodes.ts";

/** Side of the average-pooled regions that frames are compared by. */
const POOL = 4;

export interface Neighbour {
  readonly episode: EpisodeFrames;
  /** Row that matches the last row of the context. */
  readonly row: number;
}

/** For each window the training moment that has `horizon` more rows and is nearest at row `contextRows - 1`. */
export function nearestNeighbours(
  training: readonly EpisodeFrames[],
  windows: readonly Window[],
  contextRows: number,
  horizon: number,
  size: FrameSize,
): Neighbour[] {
  return noGrad(() =>
    scope(() => {
      const rows: Neighbour[] = [];
      const features: Tensor[] = [];
      for (const episode of training) {
        const last = episode.length - horizon - 1;
        if (last < 1) continue;
        features.push(pairs(small(episode, 0, episode.length, size)).narrow(0, 0, last));
        for (let row = 1; row <= last; row++) rows.push({ episode, row });
      }
      const keys = cat(features, 0); // [F, 2 D]
      const norms = keys.square().sum(1);
      const queries = cat(
        windows.map(({ episode, start }) => pairs(small(episode, start + contextRows - 2, 2, size))),
        0,
      );
      // |q - k|^2 without the part that is the same for all k.
      const distance = norms.sub(queries.matmul(keys.t()).mul(2)); // [windows, F]
      return [...(distance.argmin(1).toTyped() as BigInt64Array)].map((at) => rows[Number(at)] as Neighbour);
    }),
  );
}

/** [T, D] in [0, 1] */
function small(
  { frames, cameras }: EpisodeFrames,
  first: number,
  T: number,
  { height, width }: FrameSize,
): Tensor {
  const V = cameras.length;
  const bytes = V * height * width * 3;
  const pixels = fromTyped(frames.slice(first * bytes, (first + T) * bytes), [T * V, height, width, 3]);
  return avgPool2d(pixels.permute([0, 3, 1, 2]).float().div(255), POOL).reshape([T, -1]);
}

/** Each frame beside the one before it: [T, D] to [T - 1, 2 D]. */
function pairs(x: Tensor): Tensor {
  const T = x.size(0);
  return cat([x.narrow(0, 0, T - 1), x.narrow(0, 1, T - 1)], 1);
}

/**
 * Nearest neighbour in the training set: the moment whose last two frames look most like the context's is looked up,
 * and what came after it then is the prediction. A model that only remembers does no better.
 *
 * Shapes: F rows of a training episode, Q windows, D numbers of a small copy of a frame.
 */
import type { EpisodeFrames } from "@orrery/data";
import { avgPool2d, cat, fromTyped, keep, noGrad, scope, type Tensor } from "@orrery/torch";
import type { FrameSize, Window } from "./episodes.ts";

/** Side of the average-pooled regions that frames are compared by. */
const POOL = 4;

/** A training moment: the row that matches the last row of the context. */
export interface Neighbour {
  readonly episode: number;
  readonly row: number;
}

export interface NearestOptions {
  readonly windows: readonly Window[];
  readonly contextRows: number;
  readonly horizon: number;
  readonly size: FrameSize;
}

/** Searches episode by episode, so that the training set need not fit into memory. Call `free` when done. */
export class NearestSearch {
  readonly #options: NearestOptions;
  readonly #queries: Tensor; // [Q, 2 D]
  readonly #distance: Float64Array; // [Q], the least so far
  readonly #found: (Neighbour | null)[];
  readonly #continuations: (Uint8Array | null)[];

  constructor(options: NearestOptions) {
    const { windows, contextRows, size } = options;
    this.#options = options;
    this.#queries = noGrad(() =>
      scope(() => {
        const last = windows.map(({ episode, start }) =>
          pairs(small(episode, start + contextRows - 2, 2, size)),
        );
        return keep(cat(last, 0));
      }),
    );
    this.#distance = new Float64Array(windows.length).fill(Number.POSITIVE_INFINITY);
    this.#found = windows.map(() => null);
    this.#continuations = windows.map(() => null);
  }

  /** Compares every row that has one before it and `horizon` after it. */
  search(episode: EpisodeFrames): void {
    const { horizon, size } = this.#options;
    const candidates = episode.length - horizon - 1;
    if (candidates < 1) return;
    const [least, rows] = noGrad(() =>
      scope(() => {
        const keys = pairs(small(episode, 0, candidates + 1, size)); // [F, 2 D], row f matches row f + 1
        // |q - k|^2 without the part that is the same for all k.
        const distance = keys.square().sum(1).sub(this.#queries.matmul(keys.t()).mul(2)); // [Q, F]
        const at = distance.argmin(1);
        return [
          distance.gather(1, at.unsqueeze(1)).squeeze(1).toTyped() as Float32Array,
          at.toTyped() as BigInt64Array,
        ] as const;
      }),
    );
    for (const [q, distance] of least.entries()) {
      if (distance >= (this.#distance[q] as number)) continue;
      const row = Number(rows[q]) + 1;
      const bytes = episode.frames.length / episode.length;
      this.#distance[q] = distance;
      this.#found[q] = { episode: episode.index, row };
      this.#continuations[q] = episode.frames.slice((row + 1) * bytes, (row + 1 + horizon) * bytes);
    }
  }

  /** The nearest moment of each window; null where no episode was long enough. */
  get found(): readonly (Neighbour | null)[] {
    return this.#found;
  }

  /** The frames that followed each window's nearest moment, uint8 [horizon, V, H, W, 3] each; null if there is none. */
  get continuations(): readonly Uint8Array[] | null {
    const all = this.#continuations.filter((frames) => frames !== null);
    return all.length === this.#continuations.length ? all : null;
  }

  free(): void {
    this.#queries.free();
  }
}

/** Rows `first` to `first + T` as [T, D] in [0, 1]. */
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

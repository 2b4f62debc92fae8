/**
 * Errors of one batch of windows: the model's dream, the same under another window's actions, and what it is compared
 * with.
 *
 * Shapes: B windows, H horizon, V cameras, h w pixels, P state width.
 */
import { openImagination, type AnyModel } from "@orrery/models";
import { fromTyped, keep, noGrad, scope, stack, type Tensor } from "@orrery/torch";
import { mean } from "../statistics.ts";
import { contextOf, type FrameSize, type Window } from "./episodes.ts";
import { localMoments, squaredErrors, structuralSimilarities, type LocalMoments } from "./image-metrics.ts";

/** Errors of one window: mean squared error and structural similarity per horizon. */
export interface WindowErrors {
  readonly mse: number[];
  readonly ssim: number[];
}

export interface WindowResult {
  readonly episode: number;
  readonly model: WindowErrors;
  readonly copyLast: WindowErrors;
  readonly nearest: WindowErrors | null;
  readonly roundTrip: WindowErrors;
  /** Mean squared error per horizon under another window's actions; null where there are none. */
  readonly shuffled: number[] | null;
  /** Squared errors per horizon, mean over the state's numbers; null where the data hold no state. */
  readonly state: {
    readonly model: number[];
    readonly constantVelocity: number[];
    readonly copyLast: number[];
  } | null;
}

export interface BatchSetting {
  readonly model: AnyModel;
  readonly usesBfloat16: boolean;
  readonly contextFrames: number;
  readonly horizon: number;
  readonly size: FrameSize;
  readonly windows: readonly Window[];
  /** Whose actions each window is given in the shuffled dream; null leaves that dream out. */
  readonly partners: readonly Window[] | null;
  /** Per window what the nearest neighbour says, uint8 [H, V, h, w, 3]. */
  readonly remembered: readonly Uint8Array[] | null;
  readonly seed: number;
}

/** Errors of each window of a batch. */
export function scoreWindows(setting: BatchSetting): WindowResult[] {
  const { model, contextFrames: C, horizon: H, size, windows, partners, remembered } = setting;
  const { facts } = model;
  const B = windows.length;
  const shape = [B, H, facts.cameras.length, size.height, size.width, 3];
  const dreamt = dream(setting, windows);
  const misled = partners === null ? null : dream(setting, partners);
  const truth = contextOf(windows, C, H, facts, size).frames;
  const last = contextOf(windows, C - 1, 1, facts, size).frames;
  return noGrad(() =>
    scope(() => {
      const target = prepare(fromTyped(truth, shape));
      const before = fromTyped(last, [B, 1, ...shape.slice(2)]);
      const copied = copies(prepare(before), target);
      const dreamed = errorsOf(prepare(dreamt.frames), target);
      const shuffled =
        misled === null ? null : perWindow(squaredErrors(flat(misled.frames), target.flat), shape);
      const copyLast = errorsOf(copied, target);
      const roundTrip = errorsOf(prepare(roundTripOf(setting, before.select(1, 0), target.frames)), target);
      const nearest =
        remembered === null ? null : errorsOf(prepare(fromTyped(joined(remembered), shape)), target);
      const state = stateErrors(setting, dreamt.states);
      dreamt.frames.free();
      misled?.frames.free();
      return windows.map(({ episode }, b) => ({
        episode: episode.index,
        model: dreamed[b] as WindowErrors,
        copyLast: copyLast[b] as WindowErrors,
        roundTrip: roundTrip[b] as WindowErrors,
        nearest: nearest?.[b] ?? null,
        shuffled: shuffled?.[b] ?? null,
        state: state?.[b] ?? null,
      }));
    }),
  );
}

/** Dreams the windows on, each with the actions of `actors`. Frames [B, H, V, h, w, 3] are the caller's to free. */
function dream(setting: BatchSetting, actors: readonly Window[]): { frames: Tensor; states: Float32Array[] } {
  const { model, usesBfloat16, contextFrames: C, horizon: H, size, windows, seed } = setting;
  const dreamer = openImagination(model, seed, { usesBfloat16 });
  const state = dreamer.begin(contextOf(windows, 0, C, model.facts, size));
  // The action of row C - 1 leads to the first predicted frame.
  const { action, A, B } = contextOf(actors, C - 1, H, model.facts, size);
  const pictures: Tensor[] = [];
  const states: Float32Array[] = [];
  try {
    for (let h = 0; h < H; h++) {
      scope(() => {
        const now = fromTyped(action, [B, H, A], { device: model.device }).select(1, h);
        dreamer.step(state, A === 0 ? null : now);
        pictures.push(keep(dreamer.look(state).cpu().clone()));
        states.push(dreamer.feel(state).state.cpu().toTyped() as Float32Array);
      });
    }
    return { frames: scope(() => keep(stack(pictures, 1))), states };
  } finally {
    state.free();
    for (const picture of pictures) picture.free();
  }
}

/** Frames through the model's own code and back, beginning on the last frame seen: the best that any dynamics could do. */
function roundTripOf({ model, usesBfloat16, seed }: BatchSetting, before: Tensor, frames: Tensor): Tensor {
  return openImagination(model, seed, { usesBfloat16 }).reconstruct(frames, before).cpu();
}

/** Pictures of B windows, ready to be compared: as [B, T, V, h, w, 3], and as a flat list with its local moments. */
interface Pictures {
  readonly frames: Tensor;
  readonly flat: Tensor; // [B T V, h, w, 3]
  readonly moments: LocalMoments;
}

function prepare(frames: Tensor): Pictures {
  return { frames, flat: flat(frames), moments: localMoments(flat(frames)) };
}

function flat(frames: Tensor): Tensor {
  return frames.flatten(0, 2);
}

/** One picture per window and camera, stood beside every horizon of `like`; its moments are computed once. */
function copies(one: Pictures, like: Pictures): Pictures {
  const [B = 0, H = 0, V = 0] = like.frames.shape;
  const spread = (x: Tensor): Tensor => {
    const inner = x.shape.slice(1);
    const perCamera = x.size(0) / (B * V); // 1 for pictures, 3 for planes
    return x
      .reshape([B, 1, V * perCamera, ...inner])
      .expand([B, H, V * perCamera, ...inner])
      .flatten(0, 2);
  };
  const { planes, mean: localMean, variance } = one.moments;
  return {
    frames: one.frames.expand(like.frames.shape),
    flat: spread(one.flat),
    moments: { planes: spread(planes), mean: spread(localMean), variance: spread(variance) },
  };
}

function errorsOf(predicted: Pictures, target: Pictures): WindowErrors[] {
  const mse = perWindow(squaredErrors(predicted.flat, target.flat), target.frames.shape);
  const ssim = perWindow(structuralSimilarities(predicted.moments, target.moments), target.frames.shape);
  return mse.map((errors, b) => ({ mse: errors, ssim: ssim[b] as number[] }));
}

/** One number per picture to one per window and horizon, mean over the cameras. */
function perWindow(values: readonly number[], [B = 0, H = 0, V = 0]: readonly number[]): number[][] {
  return Array.from({ length: B }, (_, b) =>
    Array.from({ length: H }, (_, h) => mean(values.slice((b * H + h) * V, (b * H + h + 1) * V))),
  );
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Squared errors of the predicted state, in units of the training set's deviation; null where states are missing. */
function stateErrors(
  { model, contextFrames: C, horizon: H, size, windows }: BatchSetting,
  predicted: readonly Float32Array[],
): NonNullable<WindowResult["state"]>[] | null {
  const { stateWidth: P } = model.facts;
  const std = model.stateScale.std.cpu().toTyped() as Float32Array;
  // Two rows of context, then the truth.
  const { state, stateMask } = contextOf(windows, C - 2, H + 2, model.facts, size);
  if (P === 0 || stateMask.includes(0)) return null;
  return windows.map((_, b) => {
    const at = (row: number, i: number): number => state[(b * (H + 2) + row) * P + i] as number;
    const error = (h: number, guess: (i: number) => number): number =>
      mean(Array.from({ length: P }, (_, i) => ((guess(i) - at(h + 2, i)) / (std[i] as number)) ** 2));
    const perHorizon = (guess: (h: number, i: number) => number): number[] =>
      Array.from({ length: H }, (_, h) => error(h, (i) => guess(h, i)));
    return {
      model: perHorizon((h, i) => predicted[h]?.[b * P + i] as number),
      constantVelocity: perHorizon((h, i) => at(1, i) + (h + 1) * (at(1, i) - at(0, i))),
      copyLast: perHorizon((_, i) => at(1, i)),
    };
  });
}

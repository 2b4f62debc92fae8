/**
 * How well a world model predicts held-out episodes, per horizon, beside what is trivial and what is possible:
 * copy-last-frame, nearest neighbour in the training set, and the tokenizer's round trip (the ceiling).
 *
 * One sample per window is drawn and scored; averages of several would flatter a model that is unsure.
 */
import { AbortedError, makeRng } from "@orrery/core";
import type { DatasetReader } from "@orrery/data";
import { Dreamer, type WorldModel } from "@orrery/models";
import { autocast, fromTyped, keep, noGrad, scope, stack, type Tensor } from "@orrery/torch";
import { bootstrap, mean, psnr, type Interval } from "../statistics.ts";
import { chooseWindows, contextOf, loadEpisodes, type FrameSize, type Window } from "./episodes.ts";
import { squaredErrors, structuralSimilarities } from "./image-metrics.ts";
import { nearestNeighbours, type Neighbour } from "./nearest.ts";

export interface PredictionOptions {
  readonly model: WorldModel;
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

/** Windows dreamt at once; bounded by memory, not by the result. */
const BATCH = 32;
const DEFAULTS = { contextFrames: 8, horizon: 16, windows: 256 };

/** Errors of one window: mean squared error and structural similarity per horizon. */
interface WindowErrors {
  readonly mse: number[];
  readonly ssim: number[];
}

interface WindowResult {
  readonly episode: number;
  readonly model: WindowErrors;
  readonly copyLast: WindowErrors;
  readonly nearest: WindowErrors | null;
  readonly roundTrip: WindowErrors;
  readonly shuffled: number[]; // mean squared error per horizon
  /** Squared errors per horizon, mean over the state's numbers; null where the data hold no state. */
  readonly state: {
    readonly model: number[];
    readonly constantVelocity: number[];
    readonly copyLast: number[];
  } | null;
}

/** Scores a model; see the file's head. @throws {DataError} if no window fits */
export async function evaluatePrediction(options: PredictionOptions): Promise<PredictionResult> {
  const { model, dataset, seed, training, signal } = options;
  const { contextFrames, horizon, windows: count } = { ...DEFAULTS, ...definedOf(options) };
  const { facts } = model;
  const { height, width } = model.config.tokenizer;
  const size = { height, width };
  const held = await loadEpisodes(dataset, options.episodes, facts, size, options.onNote);
  const rng = makeRng(seed, "prediction");
  const windows = chooseWindows(held, contextFrames + horizon, count, rng);
  const seen =
    training === undefined
      ? []
      : await loadEpisodes(training.dataset, training.episodes, facts, size, options.onNote);
  const neighbours =
    seen.length === 0 ? null : nearestNeighbours(seen, windows, contextFrames, horizon, size);
  // Each window gets the actions of another one, of another episode wherever there are several.
  const partner = derange(windows, rng.int(1 << 30));
  const results: WindowResult[] = [];
  for (let first = 0; first < windows.length; first += BATCH) {
    if (signal?.aborted) throw new AbortedError("eval prediction: stopped.");
    const at = Array.from({ length: Math.min(BATCH, windows.length - first) }, (_, i) => first + i);
    const setting: BatchSetting = {
      options,
      contextFrames,
      horizon,
      size,
      windows: at.map((i) => windows[i] as Window),
      partners: at.map((i) => windows[partner[i] as number] as Window),
      neighbours: neighbours === null ? null : at.map((i) => neighbours[i] as Neighbour),
      seed: seed + first,
    };
    results.push(...scoreBatch(setting));
    options.onProgress?.(results.length, windows.length);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return summarize(results, { contextFrames, horizon, seed, usesActions: facts.actionWidth > 0 });
}

interface BatchSetting {
  readonly options: PredictionOptions;
  readonly contextFrames: number;
  readonly horizon: number;
  readonly size: FrameSize;
  readonly windows: readonly Window[];
  readonly partners: readonly Window[];
  readonly neighbours: readonly Neighbour[] | null;
  readonly seed: number;
}

function scoreBatch(setting: BatchSetting): WindowResult[] {
  const { options, contextFrames: C, horizon: H, size, windows, partners, neighbours } = setting;
  const { facts } = options.model;
  const truth = contextOf(windows, C, H, facts, size).frames; // [B, H, V, h, w, 3]
  const B = windows.length;
  const shape = [B, H, facts.cameras.length, size.height, size.width, 3];
  const dreamt = dream(setting, windows);
  const misled = facts.actionWidth === 0 ? null : dream(setting, partners);
  const last = contextOf(windows, C - 1, 1, facts, size).frames;
  return noGrad(() =>
    scope(() => {
      const target = fromTyped(truth, shape);
      const copied = fromTyped(last, [B, 1, ...shape.slice(2)]).expand(shape);
      const roundTrip = roundTripOf(options, target);
      const remembered = neighbours === null ? null : fromTyped(continuations(neighbours, H, size), shape);
      const model = errorsOf(dreamt.frames, target);
      const shuffled = misled === null ? null : errorsOf(misled.frames, target, false);
      const copyLast = errorsOf(copied, target);
      const ceiling = errorsOf(roundTrip, target);
      const nearest = remembered === null ? null : errorsOf(remembered, target);
      const state = facts.stateWidth === 0 ? null : stateErrors(setting, dreamt.states);
      dreamt.frames.free();
      misled?.frames.free();
      return windows.map(({ episode }, b) => ({
        episode: episode.index,
        model: model[b] as WindowErrors,
        copyLast: copyLast[b] as WindowErrors,
        roundTrip: ceiling[b] as WindowErrors,
        nearest: nearest?.[b] ?? null,
        shuffled: shuffled?.[b]?.mse ?? [],
        state: state?.[b] ?? null,
      }));
    }),
  );
}

/** Dreams the windows on, each with the actions of `actors`. Frames [B, H, V, h, w, 3] are the caller's to free. */
function dream(setting: BatchSetting, actors: readonly Window[]): { frames: Tensor; states: Float32Array[] } {
  const { options, contextFrames: C, horizon: H, size, windows, seed } = setting;
  const { model } = options;
  const dreamer = new Dreamer(model, seed, { usesBfloat16: options.usesBfloat16 ?? false });
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

/** Frames through the tokenizer and back: the best that any dynamics could do. */
function roundTripOf({ model, usesBfloat16 = false }: PredictionOptions, frames: Tensor): Tensor {
  const device = model.device.startsWith("cuda") ? "cuda" : "cpu";
  return autocast({ enabled: usesBfloat16, device }, () =>
    model.decodeLatents(model.encodeFrames(frames.to({ device: model.device }))).cpu(),
  );
}

/** Per window and horizon, over all cameras. */
function errorsOf(predicted: Tensor, target: Tensor, withSsim = true): WindowErrors[] {
  const [B = 0, H = 0, V = 0] = target.shape;
  const flat = (x: Tensor): Tensor => x.flatten(0, 2);
  const mse = squaredErrors(flat(predicted), flat(target));
  const ssim = withSsim ? structuralSimilarities(flat(predicted), flat(target)) : [];
  const gather = (values: readonly number[], b: number): number[] =>
    Array.from({ length: H }, (_, h) => mean(values.slice((b * H + h) * V, (b * H + h + 1) * V)));
  return Array.from({ length: B }, (_, b) => ({
    mse: gather(mse, b),
    ssim: withSsim ? gather(ssim, b) : [],
  }));
}

function continuations(
  neighbours: readonly Neighbour[],
  H: number,
  { height, width }: FrameSize,
): Uint8Array {
  const V = neighbours[0]?.episode.cameras.length ?? 1;
  const bytes = V * height * width * 3;
  const out = new Uint8Array(neighbours.length * H * bytes);
  for (const [b, { episode, row }] of neighbours.entries()) {
    out.set(episode.frames.subarray((row + 1) * bytes, (row + 1 + H) * bytes), b * H * bytes);
  }
  return out;
}

/** Squared errors of the predicted state, in units of the training set's deviation. */
function stateErrors(
  { options, contextFrames: C, horizon: H, size, windows }: BatchSetting,
  predicted: readonly Float32Array[],
): NonNullable<WindowResult["state"]>[] {
  const { model } = options;
  const { stateWidth: P } = model.facts;
  const std = model.stateScale.std.cpu().toTyped() as Float32Array;
  const { state } = contextOf(windows, C - 2, H + 2, model.facts, size); // two rows of context, then the truth
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

/** Another window for each one, from another episode where there are several: a rotation by about half of a shuffle. */
function derange(windows: readonly Window[], seed: number): number[] {
  const order = makeRng(seed, "shuffle").shuffle(windows.map((_, i) => i));
  const partner: number[] = Array.from({ length: windows.length }, () => 0);
  for (const [place, i] of order.entries()) {
    const isOther = (j: number): boolean => windows[j]?.episode !== windows[i]?.episode;
    const candidates = order.map((_, k) => order[(place + 1 + k) % order.length] as number);
    partner[i] = candidates.find(isOther) ?? (candidates[0] as number);
  }
  return partner;
}

function summarize(
  results: readonly WindowResult[],
  {
    contextFrames,
    horizon,
    seed,
    usesActions,
  }: { contextFrames: number; horizon: number; seed: number; usesActions: boolean },
): PredictionResult {
  const clusters = byEpisode(results);
  const rng = makeRng(seed, "bootstrap");
  const hs = Array.from({ length: horizon }, (_, h) => h);
  const scores = (of: (result: WindowResult) => WindowErrors): HorizonScores => ({
    psnr: hs.map((h) => psnr(mean(results.map((r) => of(r).mse[h] as number)))),
    psnrCi95: hs.map((h) =>
      bootstrap(clusters, (items) => psnr(mean(items.map((r) => of(r).mse[h] as number))), rng, 400),
    ),
    meanPsnr: hs.map((h) => mean(results.map((r) => psnr(of(r).mse[h] as number)))),
    ssim: hs.map((h) => mean(results.map((r) => of(r).ssim[h] as number))),
  });
  const ratio = (items: readonly WindowResult[]): number =>
    mean(items.map((r) => mean(r.shuffled))) / mean(items.map((r) => mean(r.model.mse)));
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
    shuffleRatio: usesActions ? { value: ratio(results), ci95: bootstrap(clusters, ratio, rng) } : null,
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

/** Options that were given, so that defaults are not overwritten by undefined. */
function definedOf({ contextFrames, horizon, windows }: PredictionOptions): Partial<typeof DEFAULTS> {
  return Object.fromEntries(
    Object.entries({ contextFrames, horizon, windows }).filter(([, value]) => value !== undefined),
  );
}

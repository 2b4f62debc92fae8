/**
 * The training set as the dynamics sees it: once the tokenizer is frozen every frame is encoded once, and batches are
 * gathered from memory.
 *
 * Shapes: F frames of all episodes, N latent tokens, C channels, A action width, P state width, B batch, T clip.
 */
import { AbortedError, DataError, type Rng } from "@orrery/core";
import { episodeFrames, type DatasetReader, type EpisodeColumns } from "@orrery/data";
import { autocast, cat, fromTyped, keep, noGrad, scope, type Tensor } from "@orrery/torch";
import type { WorldModel } from "../world-model.ts";
import type { LatentBatch } from "../nets/shortcut.ts";

export interface TrainingSource {
  readonly dataset: DatasetReader;
  /** All where left out. */
  readonly episodes?: readonly number[];
}

/** Targets of the heads for a batch, beside the latents. */
export interface OutcomeTargets {
  /** Change of the normalised state that led to each frame, in units of its deviation: [B, T, P]. */
  readonly stateDelta: Tensor;
  readonly hasStateDelta: Tensor; // float [B, T]
  /** Normalised reward of the transition that led to each frame, [B, T]. */
  readonly reward: Tensor;
  readonly hasReward: Tensor; // float [B, T]
  readonly success: Tensor; // float [B, T]
}

export interface StoreOptions {
  readonly sources: readonly TrainingSource[];
  readonly usesBfloat16: boolean;
  readonly onProgress?: (framesDone: number, framesInAll: number) => void;
  readonly signal?: AbortSignal;
}

/** Frames encoded at once; enough to keep the cores busy, little enough to stay in the cache. */
const CHUNK = 64;

interface Rows {
  readonly action: Tensor; // [F, A], normalised
  readonly hasAction: Tensor; // float [F, 1]
  readonly state: Tensor; // [F, P], normalised
  readonly hasState: Tensor; // float [F, 1]
  readonly reward: Tensor; // [F], normalised
  readonly hasReward: Tensor; // float [F]
  readonly success: Tensor; // float [F]
}

export class LatentStore {
  readonly #latents: Tensor; // [F, N, C], of standard deviation `latentStd`
  readonly #rows: Rows;
  /** First frame and length of each episode. */
  readonly #spans: readonly (readonly [first: number, length: number])[];
  readonly #model: WorldModel;

  private constructor(
    model: WorldModel,
    latents: Tensor,
    rows: Rows,
    spans: readonly (readonly [number, number])[],
  ) {
    this.#model = model;
    this.#latents = latents;
    this.#rows = rows;
    this.#spans = spans;
  }

  /** Encodes all frames and sets the model's `latentGain`. Uses the model's scales, which must be set. */
  static async build(model: WorldModel, options: StoreOptions): Promise<LatentStore> {
    const { height, width } = model.config.tokenizer;
    const parts: Tensor[] = [];
    const columns: EpisodeColumns[] = [];
    const framesInAll = options.sources.reduce((sum, { dataset, episodes }) => {
      const wanted =
        episodes === undefined
          ? dataset.episodes
          : dataset.episodes.filter((e) => episodes.includes(e.index));
      return sum + wanted.reduce((n, e) => n + e.length, 0);
    }, 0);
    let framesDone = 0;
    // A resumed model brings its gain along; dividing it out again would round, and the run would not be the same.
    noGrad(() => model.latentGain.fill_(1));
    for (const { dataset, episodes } of options.sources) {
      const request = { dataset, size: { width, height }, cameras: model.facts.cameras, onSkip: () => {} };
      for await (const episode of episodeFrames(
        episodes === undefined ? request : { ...request, episodes },
      )) {
        if (options.signal?.aborted)
          throw new AbortedError("Stopped while encoding latents; run again with --resume.");
        parts.push(encodeEpisode(model, episode.frames, episode.length, options.usesBfloat16));
        columns.push(episode.columns);
        framesDone += episode.length;
        options.onProgress?.(framesDone, framesInAll);
      }
    }
    if (parts.length === 0) throw new DataError("LatentStore: no episode has frames to encode.");
    const spans: [number, number][] = [];
    let first = 0;
    for (const { length } of columns) {
      spans.push([first, length]);
      first += length;
    }
    const latents = keep(
      noGrad(() =>
        scope(() => {
          const all = cat(parts, 0);
          const gain = model.config.dynamics.latentStd / all.std().item();
          model.latentGain.fill_(gain);
          const scaled = all.mul(gain);
          model.dynamics.changeStd.copy_(changeOf(scaled, spans));
          return scaled;
        }),
      ),
    );
    for (const part of parts) part.free();
    return new LatentStore(model, latents, gatherRows(model, columns, first), spans);
  }

  get numFrames(): number {
    return this.#latents.size(0);
  }

  /** Windows of T frames there are. */
  numWindows(T: number): number {
    return this.#spans.reduce((sum, [, length]) => sum + Math.max(0, length - T + 1), 0);
  }

  /** B windows of T frames, drawn uniformly over all; to be called inside a scope. */
  draw(B: number, T: number, rng: Rng): LatentBatch & { readonly targets: OutcomeTargets } {
    const total = this.numWindows(T);
    if (total === 0) {
      const longest = Math.max(...this.#spans.map(([, length]) => length));
      throw new DataError(
        `LatentStore: clips of ${T} frames were asked for, the longest episode has ${longest}. Set training.dynamics.clipFrames lower.`,
      );
    }
    const index = new BigInt64Array(B * T);
    const previous = new BigInt64Array(B * T);
    const hasPrevious = new Float32Array(B * T);
    for (let b = 0; b < B; b++) {
      const start = this.#windowStart(rng.int(total), T);
      for (let t = 0; t < T; t++) {
        index[b * T + t] = BigInt(start + t);
        previous[b * T + t] = BigInt(start + Math.max(0, t - 1));
        hasPrevious[b * T + t] = t === 0 ? 0 : 1;
      }
    }
    const { device } = this.#latents;
    const at = fromTyped(index, [B * T], { device });
    const before = fromTyped(previous, [B * T], { device });
    const known = fromTyped(hasPrevious, [B, T, 1], { device });
    return this.#assemble(B, T, at, before, known);
  }

  free(): void {
    this.#latents.free();
    for (const tensor of Object.values(this.#rows) as Tensor[]) tensor.free();
  }

  #windowStart(window: number, T: number): number {
    let rest = window;
    for (const [first, length] of this.#spans) {
      const here = Math.max(0, length - T + 1);
      if (rest < here) return first + rest;
      rest -= here;
    }
    throw new RangeError("LatentStore: window out of range"); // not reached: `window` is below numWindows
  }

  #assemble(
    B: number,
    T: number,
    at: Tensor,
    before: Tensor,
    known: Tensor,
  ): LatentBatch & { targets: OutcomeTargets } {
    const rows = this.#rows;
    const { numTokens: N, channels: C } = this.#model.dynamics.shape;
    const take = (x: Tensor, index: Tensor): Tensor => x.indexSelect(0, index).view([B, T, -1]);
    const hasAction = take(rows.hasAction, before).mul(known);
    const hasBefore = take(rows.hasState, before).mul(known);
    const state = take(rows.state, before);
    const hasDelta = take(rows.hasState, at).mul(hasBefore);
    const delta = this.#model.deltaScale.normalize(take(rows.state, at).sub(state));
    const last = known.squeeze(-1);
    return {
      latents: this.#latents.indexSelect(0, at).view([B, T, N, C]),
      condition: {
        action: take(rows.action, before).mul(hasAction),
        hasAction: hasAction.bool(),
        state: state.mul(hasBefore),
        hasState: hasBefore.bool(),
      },
      targets: {
        stateDelta: delta.mul(hasDelta),
        hasStateDelta: hasDelta.squeeze(-1),
        reward: take(rows.reward, before).squeeze(-1),
        hasReward: take(rows.hasReward, before).squeeze(-1).mul(last),
        success: take(rows.success, before).squeeze(-1),
      },
    };
  }
}

/** Root mean square change from frame to frame within episodes; scalar. */
function changeOf(latents: Tensor, spans: readonly (readonly [first: number, length: number])[]): Tensor {
  const F = latents.size(0);
  if (F < 2) return latents.std(); // nothing is known of change: as much as frames differ at all
  const steps = latents.narrow(0, 1, F - 1).sub(latents.narrow(0, 0, F - 1));
  const squares = steps.square().mean([1, 2]); // [F - 1]
  const isInside = new Float32Array(F - 1).fill(1);
  for (const [first] of spans) if (first > 0) isInside[first - 1] = 0;
  const inside = fromTyped(isInside, [F - 1], { device: latents.device });
  return squares.mul(inside).sum().div(inside.sum().clampMin(1)).sqrt();
}

/** [T, N, C], while the model's gain is still 1. */
function encodeEpisode(model: WorldModel, frames: Uint8Array, length: number, usesBfloat16: boolean): Tensor {
  const { height, width } = model.config.tokenizer;
  const V = model.facts.cameras.length;
  const device = model.device.startsWith("cuda") ? "cuda" : "cpu";
  return noGrad(() => {
    // Over time the encoder looks back at most `contextFrames`, so pieces follow each other through its cache.
    const { encoder: cache } = model.tokenizer.makeCaches(model.config.dynamics.contextFrames);
    const latents = scope(() => {
      const all = fromTyped(frames, [1, length, V, height, width, 3], { device: model.device });
      const pieces: Tensor[] = [];
      for (let t = 0; t < length; t += CHUNK) {
        const piece = all.narrow(1, t, Math.min(CHUNK, length - t));
        pieces.push(
          autocast({ enabled: usesBfloat16, device }, () => model.encodeFrames(piece, cache).float()),
        );
      }
      return cat(pieces, 1).squeeze(0);
    });
    cache.free();
    return keep(latents);
  });
}

function gatherRows(model: WorldModel, columns: readonly EpisodeColumns[], F: number): Rows {
  const { actionWidth: A, stateWidth: P } = model.facts;
  const action = new Float32Array(F * A);
  const hasAction = new Float32Array(F);
  const state = new Float32Array(F * P);
  const hasState = new Float32Array(F);
  const reward = new Float32Array(F);
  const hasReward = new Float32Array(F);
  const success = new Float32Array(F);
  let first = 0;
  for (const episode of columns) {
    copyRows(episode.action, action, first, episode.length, A);
    copyRows(episode.state, state, first, episode.length, P);
    hasAction.set(episode.action === null ? [] : episode.actionMask, first);
    hasState.set(episode.state === null ? [] : episode.stateMask, first);
    if (episode.reward !== null) {
      reward.set(episode.reward, first);
      hasReward.set(episode.rewardMask, first);
    }
    if (episode.success !== null) success.set(episode.success, first);
    first += episode.length;
  }
  const { device } = model;
  return noGrad(() => {
    const rows = scope((): Rows => ({
      action: model.actionScale.normalize(fromTyped(action, [F, A], { device })).nanToNum(),
      hasAction: fromTyped(hasAction, [F, 1], { device }),
      state: model.stateScale.normalize(fromTyped(state, [F, P], { device })).nanToNum(),
      hasState: fromTyped(hasState, [F, 1], { device }),
      reward: model.rewardScale
        .normalize(fromTyped(reward, [F, 1], { device }))
        .squeeze(-1)
        .nanToNum(),
      hasReward: fromTyped(hasReward, [F], { device }),
      success: fromTyped(success, [F], { device }),
    }));
    for (const tensor of Object.values(rows) as Tensor[]) keep(tensor);
    return rows;
  });
}

/** Rows of a narrower source are padded with zeros on the right. */
function copyRows(
  from: Float32Array | null,
  to: Float32Array,
  first: number,
  length: number,
  width: number,
): void {
  if (from === null || length === 0) return;
  const own = from.length / length;
  for (let row = 0; row < length; row++) {
    to.set(from.subarray(row * own, row * own + Math.min(own, width)), (first + row) * width);
  }
}

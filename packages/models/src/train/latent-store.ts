/**
 * The training set as the dynamics sees it: once the tokenizer is frozen every frame is encoded once, and batches are
 * gathered from memory.
 *
 * Shapes: F frames of all episodes, N latent tokens, C channels, A action width, P state width, B batch, T clip.
 */
import { AbortedError, DataError, type Rng } from "@orrery/core";
import { episodeFrames, type ClipSource, type EpisodeColumns } from "@orrery/data";
import { autocast, cat, fromTyped, keep, noGrad, scope, type Tensor } from "@orrery/torch";
import { actionLabels } from "../inverse/inferred-columns.ts";
import type { WorldModel } from "../world-model.ts";
import type { LatentBatch } from "../nets/shortcut.ts";

/** One dataset of what is learnt from: its episodes, the rows of them that curation keeps, and its share of the windows. */
export interface TrainingSource extends ClipSource {
  /**
   * What becomes of actions that were inferred from pictures: "use" them like recorded ones, show each of them in a
   * share of the draws "by-confidence", or "ignore" them. "use" where left out.
   */
  readonly inferredActions?: InferredUse;
}

export type InferredUse = "use" | "by-confidence" | "ignore";

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
  readonly trust: Tensor; // float [F, 1]: 1 for recorded actions, the confidence for inferred ones
  readonly state: Tensor; // [F, P], normalised
  readonly hasState: Tensor; // float [F, 1]
  readonly reward: Tensor; // [F], normalised
  readonly hasReward: Tensor; // float [F]
  readonly success: Tensor; // float [F]
}

/** First frame and length of an episode, or of a kept span of one. */
type Span = readonly [first: number, length: number];

/** What was encoded of one source. */
interface Group {
  readonly spans: readonly Span[];
  /** Share of the windows; in proportion to their number where left out. */
  readonly weight: number | undefined;
}

export class LatentStore {
  /** Rows whose action is inferred rather than recorded. */
  readonly numInferred: number;
  readonly #latents: Tensor; // [F, N, C], of standard deviation `latentStd`
  readonly #rows: Rows;
  readonly #groups: readonly Group[];
  readonly #hasDoubt: boolean;
  readonly #model: WorldModel;

  private constructor(
    model: WorldModel,
    latents: Tensor,
    { rows, numInferred, hasDoubt }: Gathered,
    groups: readonly Group[],
  ) {
    this.#model = model;
    this.#latents = latents;
    this.#rows = rows;
    this.numInferred = numInferred;
    this.#hasDoubt = hasDoubt;
    this.#groups = groups;
  }

  /** Encodes all frames and sets the model's `latentGain`. Uses the model's scales, which must be set. */
  static async build(model: WorldModel, options: StoreOptions): Promise<LatentStore> {
    const { height, width } = model.config.tokenizer;
    const parts: Tensor[] = [];
    const numbers: Numbers[] = [];
    const framesInAll = options.sources.reduce((sum, source) => sum + framesOf(source), 0);
    let framesDone = 0;
    // A resumed model brings its gain along; dividing it out again would round, and the run would not be the same.
    noGrad(() => model.latentGain.fill_(1));
    const groups: Group[] = [];
    let first = 0;
    for (const source of options.sources) {
      const { dataset, episodes, spans: kept, weight, inferredActions = "use" } = source;
      const spans: Span[] = [];
      groups.push({ spans, weight });
      for await (const episode of episodeFrames({
        dataset,
        size: { width, height },
        cameras: source.cameras ?? model.facts.cameras,
        onSkip: () => {},
        // An episode of several kept spans may be named once for each of them.
        ...(episodes === undefined ? {} : { episodes: [...new Set(episodes)] }),
        ...(kept === undefined ? {} : { spans: kept }),
      })) {
        if (options.signal?.aborted)
          throw new AbortedError("Stopped while encoding latents; run again with --resume.");
        parts.push(encodeEpisode(model, episode.frames, episode.length, options.usesBfloat16));
        numbers.push({ columns: episode.columns, inferredActions });
        spans.push([first, episode.length]);
        first += episode.length;
        framesDone += episode.length;
        options.onProgress?.(framesDone, framesInAll);
      }
    }
    if (parts.length === 0) throw new DataError("LatentStore: no episode has frames to encode.");
    const latents = keep(
      noGrad(() =>
        scope(() => {
          const all = cat(parts, 0);
          const gain = model.config.dynamics.latentStd / all.std().item();
          model.latentGain.fill_(gain);
          const scaled = all.mul(gain);
          model.dynamics.changeStd.copy_(
            changeOf(
              scaled,
              groups.flatMap(({ spans }) => spans),
            ),
          );
          return scaled;
        }),
      ),
    );
    for (const part of parts) part.free();
    return new LatentStore(model, latents, gatherRows(model, numbers, first), groups);
  }

  get numFrames(): number {
    return this.#latents.size(0);
  }

  /** Windows of T frames there are. */
  numWindows(T: number): number {
    return this.#groups.reduce((sum, group) => sum + windowsOf(group, T), 0);
  }

  /** B windows of T frames, drawn uniformly within each source and by weight between them; to be called inside a scope. */
  draw(B: number, T: number, rng: Rng): LatentBatch & { readonly targets: OutcomeTargets } {
    const total = this.numWindows(T);
    if (total === 0) {
      const longest = Math.max(...this.#groups.flatMap(({ spans }) => spans.map(([, length]) => length)));
      throw new DataError(
        `LatentStore: clips of ${T} frames were asked for, the longest episode has ${longest}. Set training.dynamics.clipFrames lower.`,
      );
    }
    const index = new BigInt64Array(B * T);
    const previous = new BigInt64Array(B * T);
    const hasPrevious = new Float32Array(B * T);
    for (let b = 0; b < B; b++) {
      const start = this.#windowStart(T, total, rng);
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
    return this.#assemble(B, T, at, before, known, this.#thresholds(B, T, rng));
  }

  free(): void {
    this.#latents.free();
    for (const tensor of Object.values(this.#rows) as Tensor[]) tensor.free();
  }

  #windowStart(T: number, total: number, rng: Rng): number {
    const isWeighted = this.#groups.every(({ weight }) => weight !== undefined);
    const spans = isWeighted ? this.#drawGroup(T, rng).spans : this.#groups.flatMap((group) => group.spans);
    let rest = rng.int(isWeighted ? windowsOf({ spans }, T) : total);
    for (const [first, length] of spans) {
      const here = Math.max(0, length - T + 1);
      if (rest < here) return first + rest;
      rest -= here;
    }
    throw new RangeError("LatentStore: window out of range"); // not reached: `rest` is below the windows there are
  }

  /** A source that has windows of T frames, by weight. */
  #drawGroup(T: number, rng: Rng): Group {
    const usable = this.#groups.filter((group) => windowsOf(group, T) > 0);
    let rest = rng.uniform() * usable.reduce((sum, { weight = 0 }) => sum + weight, 0);
    for (const group of usable) {
      rest -= group.weight ?? 0;
      if (rest < 0) return group;
    }
    return usable.at(-1) as Group; // the sum's rounding
  }

  /** Numbers below a row's trust show its action: [B, T, 1]. Null where all are shown. */
  #thresholds(B: number, T: number, rng: Rng): Tensor | null {
    if (!this.#hasDoubt) return null;
    const draws = Float32Array.from({ length: B * T }, () => rng.uniform());
    return fromTyped(draws, [B, T, 1], { device: this.#latents.device });
  }

  #assemble(
    B: number,
    T: number,
    at: Tensor,
    before: Tensor,
    known: Tensor,
    threshold: Tensor | null,
  ): LatentBatch & { targets: OutcomeTargets } {
    const rows = this.#rows;
    const { numTokens: N, channels: C } = this.#model.dynamics.shape;
    const take = (x: Tensor, index: Tensor): Tensor => x.indexSelect(0, index).view([B, T, -1]);
    const recorded = take(rows.hasAction, before).mul(known);
    const hasAction =
      threshold === null ? recorded : recorded.mul(take(rows.trust, before).gt(threshold).float());
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

/** Frames that are to be encoded of a source. */
function framesOf({ dataset, episodes, spans }: TrainingSource): number {
  const wanted = new Set(episodes ?? dataset.episodes.map(({ index }) => index));
  return dataset.episodes.reduce((sum, { index, length }) => {
    if (!wanted.has(index)) return sum;
    const kept = spans?.get(index) ?? [{ from: 0, to: length }];
    return sum + kept.reduce((rows, { from, to }) => rows + to - from, 0);
  }, 0);
}

function windowsOf({ spans }: Pick<Group, "spans">, T: number): number {
  return spans.reduce((sum, [, length]) => sum + Math.max(0, length - T + 1), 0);
}

/** Root mean square change from frame to frame within episodes; scalar. */
function changeOf(latents: Tensor, spans: readonly Span[]): Tensor {
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

interface Gathered {
  readonly rows: Rows;
  readonly numInferred: number;
  /** Whether some actions are to be shown in part of the draws only. */
  readonly hasDoubt: boolean;
}

/** Numbers of an episode, and what is to become of its inferred actions. */
interface Numbers {
  readonly columns: EpisodeColumns;
  readonly inferredActions: InferredUse;
}

function gatherRows(model: WorldModel, numbers: readonly Numbers[], F: number): Gathered {
  const { actionWidth: A, stateWidth: P } = model.facts;
  const action = new Float32Array(F * A);
  const hasAction = new Float32Array(F);
  const trust = new Float32Array(F);
  let numInferred = 0;
  const state = new Float32Array(F * P);
  const hasState = new Float32Array(F);
  const reward = new Float32Array(F);
  const hasReward = new Float32Array(F);
  const success = new Float32Array(F);
  let first = 0;
  let hasDoubt = false;
  for (const { columns: episode, inferredActions } of numbers) {
    const labels = actionLabels(episode, inferredActions);
    copyRows(labels?.values ?? null, action, first, episode.length, A);
    hasAction.set(labels?.mask ?? [], first);
    trust.set(labels?.trust ?? [], first);
    numInferred += labels?.numInferred ?? 0;
    hasDoubt ||= inferredActions === "by-confidence" && (labels?.numInferred ?? 0) > 0;
    copyRows(episode.state, state, first, episode.length, P);
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
      trust: fromTyped(trust, [F, 1], { device }),
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
    return { rows, numInferred, hasDoubt };
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

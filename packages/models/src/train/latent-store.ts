/**
 * The training set as the dynamics sees it: once the tokenizer is frozen every frame is encoded once, and batches are
 * gathered from memory.
 *
 * Shapes: F frames of all episodes, N latent tokens, C channels, A action width, P state width, B batch, T clip.
 */
import { AbortedError, DataError, type Rng } from "@orrery/core";
import { episodeFrames, type ClipSource } from "@orrery/data";
import { autocast, cat, fromTyped, keep, noGrad, scope, type Tensor } from "@orrery/torch";
import type { WorldModel } from "../world-model.ts";
import type { Condition } from "../nets/dynamics.ts";
import type { LatentBatch } from "../nets/shortcut.ts";
import {
  gatherRows,
  isRecorded,
  type EpisodeNumbers,
  type GatheredRows,
  type InferredUse,
  type Rows,
} from "./latent-rows.ts";
import { windowDraw, windowsOf, type Span, type SpanGroup } from "./window-groups.ts";

/** One dataset of what is learnt from: its episodes, the rows of them that curation keeps, and its share of the windows. */
export interface TrainingSource extends ClipSource {
  /** What becomes of actions that were inferred from pictures; "apart" where left out. */
  readonly inferredActions?: InferredUse;
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

export class LatentStore {
  /** Rows whose action is inferred rather than recorded. */
  readonly numInferred: number;
  readonly #latents: Tensor; // [F, N, C], of standard deviation `latentStd`
  readonly #rows: Rows;
  readonly #groups: readonly SpanGroup[];
  readonly #hasDoubt: boolean;
  readonly #model: WorldModel;

  private constructor(
    model: WorldModel,
    latents: Tensor,
    { rows, numInferred, hasDoubt }: GatheredRows,
    groups: readonly SpanGroup[],
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
    const numbers: EpisodeNumbers[] = [];
    const framesInAll = options.sources.reduce((sum, source) => sum + framesOf(source), 0);
    let framesDone = 0;
    // A resumed model brings its gain along; dividing it out again would round, and the run would not be the same.
    noGrad(() => model.latentGain.fill_(1));
    const groups: SpanGroup[] = [];
    let first = 0;
    for (const source of options.sources) {
      const { dataset, episodes, spans: kept, weight, inferredActions = "apart" } = source;
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
        spans.push({ first, length: episode.length, isRecorded: isRecorded(episode.columns) });
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
    return this.#groups.reduce((sum, { spans }) => sum + windowsOf(spans, T), 0);
  }

  /**
   * B windows of T frames, to be called inside a scope.
   * @param recordedShare of them that have recorded actions at the least, as window-groups.ts says
   */
  draw(
    B: number,
    T: number,
    rng: Rng,
    recordedShare = 0,
  ): LatentBatch & { readonly targets: OutcomeTargets } {
    const index = new BigInt64Array(B * T);
    const previous = new BigInt64Array(B * T);
    const hasPrevious = new Float32Array(B * T);
    const drawStart = windowDraw(this.#groups, T, recordedShare);
    for (let b = 0; b < B; b++) {
      const start = drawStart(rng);
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

  #hints(hint: Tensor, hasHint: Tensor): Pick<Condition, "hint" | "hasHint"> {
    if (this.#model.dynamics.hintIn === null) return {};
    return { hint: hint.mul(hasHint), hasHint: hasHint.bool() };
  }

  free(): void {
    this.#latents.free();
    for (const tensor of Object.values(this.#rows) as Tensor[]) tensor.free();
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
        ...this.#hints(take(rows.hint, before), take(rows.hasHint, before).mul(known)),
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

/** Root mean square change from frame to frame within episodes; scalar. */
function changeOf(latents: Tensor, spans: readonly Span[]): Tensor {
  const F = latents.size(0);
  if (F < 2) return latents.std(); // nothing is known of change: as much as frames differ at all
  const steps = latents.narrow(0, 1, F - 1).sub(latents.narrow(0, 0, F - 1));
  const squares = steps.square().mean([1, 2]); // [F - 1]
  const isInside = new Float32Array(F - 1).fill(1);
  for (const { first } of spans) if (first > 0) isInside[first - 1] = 0;
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

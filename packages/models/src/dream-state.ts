/**
 * Where a `Dreamer` stands in its streams.
 *
 * Shapes: B streams, V cameras, H W pixels, N latent tokens of all cameras, C channels, P state width.
 */
import { keep, type Tensor } from "@orrery/torch";
import type { Imagined } from "./imagination.ts";
import type { StackCache } from "./nets/stack.ts";

/** Streams under way. They own tensors: call `free`. `step` moves them on in place. */
export class DreamState implements Imagined {
  readonly cache: StackCache;
  readonly decoderCache: StackCache;
  readonly encoderCache: StackCache;
  /** Whether the newest frame was dreamt rather than seen. */
  isDreamt: boolean;
  /** Scaled latents of the newest frame, [B, 1, N, C]. */
  latents: Tensor;
  /** Normalised state at the newest frame, [B, P]. */
  state: Tensor;
  hasState: Tensor; // bool [B, 1]
  reward: Tensor; // [B]
  success: Tensor; // [B]
  surprise: Tensor; // [B]
  /** Picture of the newest frame, uint8 [B, V, H, W, 3]. */
  picture: Tensor;

  constructor(parts: Omit<DreamState, "free" | "replace" | "select" | "streams">) {
    this.cache = parts.cache;
    this.decoderCache = parts.decoderCache;
    this.encoderCache = parts.encoderCache;
    this.isDreamt = parts.isDreamt;
    this.latents = parts.latents;
    this.state = parts.state;
    this.hasState = parts.hasState;
    this.reward = parts.reward;
    this.success = parts.success;
    this.surprise = parts.surprise;
    this.picture = parts.picture;
  }

  get streams(): number {
    return this.latents.size(0);
  }

  /**
   * Streams of their own for the given rows, int64 [N].
   * @param headTokens tokens per frame that the dynamics has beside the latents'
   */
  select(rows: Tensor, headTokens: number): DreamState {
    const tokens = this.latents.size(2);
    const take = (tensor: Tensor): Tensor => keep(tensor.indexSelect(0, rows));
    return new DreamState({
      cache: this.cache.select(rows, tokens + headTokens),
      decoderCache: this.decoderCache.select(rows, tokens),
      encoderCache: this.encoderCache.select(rows, tokens),
      isDreamt: this.isDreamt,
      latents: take(this.latents),
      state: take(this.state),
      hasState: take(this.hasState),
      reward: take(this.reward),
      success: take(this.success),
      surprise: take(this.surprise),
      picture: take(this.picture),
    });
  }

  /** Puts newer tensors in place of old ones, which are freed. */
  replace(
    newer: Partial<
      Record<"latents" | "state" | "hasState" | "reward" | "success" | "surprise" | "picture", Tensor>
    >,
  ): void {
    for (const [name, tensor] of Object.entries(newer)) {
      const key = name as keyof typeof newer;
      this[key].free();
      this[key] = keep(tensor);
    }
  }

  free(): void {
    for (const cache of [this.cache, this.decoderCache, this.encoderCache]) cache.free();
    for (const tensor of [
      this.latents,
      this.state,
      this.hasState,
      this.reward,
      this.success,
      this.surprise,
      this.picture,
    ])
      tensor.free();
  }
}

/**
 * Multi-head attention with the options that space-time world models use: rotary positions, grouped queries, normalised
 * queries and keys, a soft cap on the scores, masks, and streaming through a key-value cache.
 *
 * Shapes: B batch, Q query tokens, K key tokens, W model width, H heads, G key-value heads, D width of one head.
 */
import { UsageError } from "@orrery/core";
import { ones } from "../create.ts";
import { scaledDotProductAttention } from "../functional.ts";
import type { Generator } from "../generator.ts";
import type { Tensor } from "../tensor.ts";
import type { KvCache } from "./kv-cache.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { RMSNorm } from "./norm.ts";
import type { Rotary } from "./rotary.ts";

export interface AttentionConfig {
  readonly width: number; // W
  readonly numHeads: number; // H
  /** G: each serves H / G query heads (Ainslie et al. 2023, arXiv:2305.13245). Defaults to H. */
  readonly numKvHeads?: number;
  /** D, W / H by default. */
  readonly headWidth?: number;
  /** RMSNorm with a learned gain on queries and keys, which bounds the scores (Henry et al. 2020, arXiv:2010.04245). */
  readonly normalizesQueryKey?: boolean;
  /** Scores s become cap * tanh(s / cap) (Gemma 2, arXiv:2408.00118). Rules out the fused operator. */
  readonly softCap?: number;
  readonly hasBias?: boolean;
  /** Of the output layer's initial weights; 0 makes the block start as the identity. */
  readonly outStd?: number;
}

export interface AttendOptions {
  /** [Q, K], or broadcasting to [B, H, Q, K]: true where a query may see a key, or numbers added to the scores. */
  readonly mask?: Tensor | null;
  /** Query i sees keys up to i. */
  readonly isCausal?: boolean;
  /** Turns queries and keys; with a cache, as positions within its window, so that a stream may go on for ever. */
  readonly rotary?: Rotary;
  /** Keys and values of earlier calls, causal within its window; the tokens of x are added to it. */
  readonly cache?: KvCache;
}

export class Attention extends Module {
  readonly qkv: Linear; // queries, keys and values in one product
  readonly out: Linear;
  readonly queryNorm: RMSNorm | null;
  readonly keyNorm: RMSNorm | null;
  readonly #numHeads: number;
  readonly #numKvHeads: number;
  readonly #headWidth: number;
  readonly #softCap: number | undefined;

  /** @throws {UsageError} if the heads do not divide */
  constructor(config: AttentionConfig, generator: Generator) {
    super();
    const {
      width,
      numHeads,
      numKvHeads = numHeads,
      headWidth = width / numHeads,
      hasBias = false,
      outStd,
    } = config;
    if (numHeads % numKvHeads !== 0 || !Number.isInteger(headWidth)) {
      throw new UsageError(
        `Attention: numHeads must divide width ${width} and be a multiple of numKvHeads ${numKvHeads}, got ${numHeads}.`,
      );
    }
    this.qkv = new Linear(width, (numHeads + 2 * numKvHeads) * headWidth, generator, { bias: hasBias });
    const outOptions = { bias: hasBias, ...(outStd === undefined ? {} : { std: outStd }) };
    this.out = new Linear(numHeads * headWidth, width, generator, outOptions);
    const isNormed = config.normalizesQueryKey ?? false;
    this.queryNorm = isNormed ? new RMSNorm(headWidth) : null;
    this.keyNorm = isNormed ? new RMSNorm(headWidth) : null;
    this.#numHeads = numHeads;
    this.#numKvHeads = numKvHeads;
    this.#headWidth = headWidth;
    this.#softCap = config.softCap;
  }

  /**
   * x [B, Q, W] gives [B, Q, W].
   * @throws {UsageError} if `cache` comes with a mask, which it replaces
   */
  forward(x: Tensor, options: AttendOptions = {}): Tensor {
    const { rotary, cache } = options;
    if (cache !== undefined && options.mask !== undefined && options.mask !== null) {
      throw new UsageError("Attention: a cache brings its own causal mask. Leave `mask` out.");
    }
    const [B = 0, Q = 0] = x.shape;
    const { query, key: newKey, value: newValue } = this.#project(x, B, Q);
    const { key, value, numPast } = cache?.append(newKey, newValue) ?? {
      key: newKey,
      value: newValue,
      numPast: 0,
    };

    const q = rotary?.rotate(query, numPast) ?? query; // [B, H, Q, D]
    const k = rotary?.rotate(key) ?? key; // [B, G, K, D]
    const attended = this.#attend(q, k, value, this.#maskFor(options, Q, numPast, x.device));
    return this.out.forward(attended.transpose(1, 2).reshape([B, Q, this.#numHeads * this.#headWidth]));
  }

  #project(x: Tensor, B: number, Q: number): { query: Tensor; key: Tensor; value: Tensor } {
    const H = this.#numHeads;
    const G = this.#numKvHeads;
    const heads = this.qkv.forward(x).view([B, Q, H + 2 * G, this.#headWidth]);
    const [query, key, value] = heads.split([H, G, G], 2) as [Tensor, Tensor, Tensor];
    return {
      query: (this.queryNorm?.forward(query) ?? query).transpose(1, 2),
      key: (this.keyNorm?.forward(key) ?? key).transpose(1, 2),
      value: value.transpose(1, 2),
    };
  }

  /** What the operator needs to know: "causal" where its own flag says it all, which is the faster way. */
  #maskFor(options: AttendOptions, Q: number, numPast: number, device: string): Tensor | "causal" | null {
    const { cache, isCausal = false, mask = null } = options;
    if (cache !== undefined) {
      if (Q === 1) return null; // the cache gave exactly the window of this one token
      return numPast + Q <= cache.window && numPast === 0
        ? "causal"
        : windowMask(Q, numPast, cache.window, device);
    }
    if (!isCausal) return mask;
    if (mask === null) return "causal";
    const causal = windowMask(Q, 0, Q, device);
    return mask.dtype === "bool" ? mask.logicalAnd(causal) : mask.maskedFill(causal.logicalNot(), -Infinity);
  }

  #attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | "causal" | null): Tensor {
    const groups = this.#numHeads / this.#numKvHeads;
    const key = repeatHeads(k, groups);
    const value = repeatHeads(v, groups);
    if (this.#softCap !== undefined) return softCapped(q, key, value, this.#softCap, mask);
    const options = mask === "causal" ? { isCausal: true } : { mask };
    return scaledDotProductAttention(q, key, value, options);
  }
}

/** [Q, numPast + Q]: query i, at position numPast + i, sees itself and the `window - 1` positions before it. */
export function windowMask(numQueries: number, numPast: number, window: number, device = "cpu"): Tensor {
  const all = ones([numQueries, numPast + numQueries], { dtype: "bool", device });
  return all.tril(numPast).triu(numPast - window + 1);
}

/** [B, G, K, D] to [B, G * times, K, D], each head standing for a group of query heads. */
function repeatHeads(x: Tensor, times: number): Tensor {
  if (times === 1) return x;
  const [B = 0, G = 0, K = 0, D = 0] = x.shape;
  return x
    .unsqueeze(2)
    .expand([B, G, times, K, D])
    .reshape([B, G * times, K, D]);
}

/** Scores stay in (-cap, cap), so no single key can shut the others out early in training. */
function softCapped(q: Tensor, k: Tensor, v: Tensor, cap: number, mask: Tensor | "causal" | null): Tensor {
  const scale = 1 / (cap * Math.sqrt(q.size(-1)));
  let scores = q.mul(scale).matmul(k.transpose(-2, -1)).tanh().mul(cap); // [B, H, Q, K]
  const visible = mask === "causal" ? windowMask(q.size(-2), 0, q.size(-2), q.device) : mask;
  if (visible !== null) {
    scores =
      visible.dtype === "bool" ? scores.maskedFill(visible.logicalNot(), -Infinity) : scores.add(visible);
  }
  return scores.softmax(-1).matmul(v);
}

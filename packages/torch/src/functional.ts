/**
 * Operations on several tensors, and the layers' and losses' functions.
 *
 * Letters: B batch, C channels, H W height and width, D features, N rows.
 */
import type { Generator } from "./generator.ts";
import * as ops from "./generated/ops.ts";
import { findOperator } from "./operator.ts";
import { Tensor } from "./tensor.ts";

/** Joins tensors along an existing dimension. */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  return ops.cat(tensors, dim);
}

/** Joins tensors of one shape along a new dimension. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  return ops.stack(tensors, dim);
}

/** `a` where the condition is true, `b` elsewhere. */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  if (typeof a === "number") {
    return typeof b === "number" ? ops.whereScalar(condition, a, b) : ops.whereScalarSelf(condition, a, b);
  }
  return typeof b === "number" ? ops.whereScalarOther(condition, a, b) : ops.whereSelf(condition, a, b);
}

/** Sums of products by Einstein's notation, such as "bhqd,bhkd->bhqk". */
export function einsum(equation: string, ...tensors: readonly Tensor[]): Tensor {
  return ops.einsum(equation, tensors);
}

export interface AttentionOptions {
  /** Broadcasts to [.., Q, K]: booleans (true may be seen) or numbers added to the scores. */
  readonly mask?: Tensor | null;
  /** Query i sees keys 0 to i only. Not together with `mask`. */
  readonly isCausal?: boolean;
  /** Multiplies the scores; 1 / sqrt(D) by default. */
  readonly scale?: number | undefined;
}

/**
 * Attention: softmax(q k' scale + mask) v, by the fused operator where libtorch has one (2.0 on), else in plain steps.
 *
 * @param query [.., Q, D]
 * @param key [.., K, D]
 * @param value [.., K, E]
 * @returns [.., Q, E]
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Tensor {
  const { mask = null, isCausal = false, scale } = options;
  const fused = findOperator("aten::scaled_dot_product_attention");
  if (fused !== undefined) return fused(query, key, value, mask, 0, isCausal, scale ?? null) as Tensor;
  return plainAttention(query, key, value, options);
}

/** The same result as `scaledDotProductAttention`, from single operators; also the reference in its tests. */
export function plainAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Tensor {
  const scale = options.scale ?? 1 / Math.sqrt(query.size(-1));
  // Scaling the query costs Q D products, scaling the scores Q K. Masks are written into the scores, which nobody else sees: their
  // gradient does not need them, and a copy of [.., Q, K] costs as much as the product.
  const scores = query.mul(scale).matmul(key.transpose(-2, -1)); // [.., Q, K]
  const mask = options.isCausal === true ? causalMask(scores) : options.mask;
  if (mask !== undefined && mask !== null) applyMask(scores, mask);
  // Autocast computes softmax in float32 and casts the weights back for the product.
  return scores.softmax(-1).matmul(value);
}

function applyMask(scores: Tensor, mask: Tensor): void {
  if (mask.dtype === "bool") scores.maskedFill_(mask.logicalNot(), -Infinity);
  else scores.add_(mask.to(scores.dtype)); // of one dtype: mixed ones take a slow path
}

/** [Q, K] for scores [.., Q, K]: 0 on and below the diagonal, -Infinity above. */
function causalMask(scores: Tensor): Tensor {
  const { dtype, device } = scores;
  return ops.full([scores.size(-2), scores.size(-1)], -Infinity, dtype, undefined, device).triu(1);
}

/** Normalises over the last dimensions, `shape`, then scales and shifts by weight and bias of that shape. */
export function layerNorm(
  input: Tensor,
  shape: readonly number[],
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor {
  return ops.layerNorm(input, shape, weight, bias, eps);
}

/** Normalises [B, C, ..] over groups of channels. */
export function groupNorm(
  input: Tensor,
  numGroups: number,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor {
  return ops.groupNorm(input, numGroups, weight, bias, eps);
}

/** input [.., D] by weight [E, D], plus bias [E], gives [.., E]. */
export function linear(input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  return ops.linear(input, weight, bias);
}

/** Rows of weight [N, D] at ids (any shape, int64) give [.., D]. */
export function embedding(weight: Tensor, ids: Tensor): Tensor {
  return ops.embedding(weight, ids);
}

/** Class ids (int64) to zeros with a one at each id, int64: [..] gives [.., numClasses]. */
export function oneHot(ids: Tensor, numClasses: number): Tensor {
  return ops.oneHot(ids, numClasses);
}

type Pair = number | readonly [number, number];

export interface ConvOptions {
  readonly stride?: Pair;
  readonly padding?: Pair;
  readonly dilation?: Pair;
  readonly groups?: number;
}

/** input [B, C, H, W] by weight [D, C / groups, h, w]. */
export function conv2d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvOptions = {},
): Tensor {
  const { stride, padding, dilation, groups } = options;
  return ops.conv2d(input, weight, bias, stride, padding, dilation, groups);
}

/** input [B, C, T] by weight [D, C / groups, t]. */
export function conv1d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: {
    readonly stride?: number;
    readonly padding?: number;
    readonly dilation?: number;
    readonly groups?: number;
  } = {},
): Tensor {
  const { stride, padding, dilation, groups } = options;
  return ops.conv1d(input, weight, bias, stride, padding, dilation, groups);
}

/** The gradient of conv2d as a layer: input [B, C, H, W] by weight [C, D / groups, h, w]. */
export function convTranspose2d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvOptions & { readonly outputPadding?: Pair } = {},
): Tensor {
  const { stride, padding, outputPadding, groups, dilation } = options;
  return ops.convTranspose2d(input, weight, bias, stride, padding, outputPadding, groups, dilation);
}

/** Mean over windows of [B, C, H, W]; the stride is the kernel's size unless given. */
export function avgPool2d(input: Tensor, kernel: Pair, stride?: Pair): Tensor {
  return ops.avgPool2d(input, kernel, stride);
}

/** Maximum over windows of [B, C, H, W]; the stride is the kernel's size unless given. */
export function maxPool2d(input: Tensor, kernel: Pair, stride?: Pair, padding?: Pair): Tensor {
  return ops.maxPool2d(input, kernel, stride, padding);
}

/** Resizes [B, C, H, W] to `size`. */
export function resize2d(
  input: Tensor,
  size: readonly [number, number],
  mode: "nearest" | "bilinear",
): Tensor {
  return mode === "nearest" ? ops.upsampleNearest2d(input, size) : ops.upsampleBilinear2d(input, size, false);
}

/** [B, C r r, H, W] to [B, C, H r, W r]. */
export function pixelShuffle(input: Tensor, factor: number): Tensor {
  return ops.pixelShuffle(input, factor);
}

/** [B, C, H r, W r] to [B, C r r, H, W]. */
export function pixelUnshuffle(input: Tensor, factor: number): Tensor {
  return ops.pixelUnshuffle(input, factor);
}

/** How a loss over many elements becomes one number, or stays as it is. */
export type Reduction = "none" | "mean" | "sum";

const reductions: Readonly<Record<Reduction, number>> = { none: 0, mean: 1, sum: 2 };

export interface CrossEntropyOptions {
  readonly weight?: Tensor | null; // per class, [C]
  readonly reduction?: Reduction;
  /** Targets of this id count neither in the sum nor in the mean. */
  readonly ignoreIndex?: number;
  readonly labelSmoothing?: number;
}

/** logits [N, C] (or [N, C, ..]) against class ids [N, ..] (int64) or probabilities of the logits' shape. */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { weight, reduction = "mean", ignoreIndex, labelSmoothing } = options;
  return ops.crossEntropyLoss(logits, target, weight, reductions[reduction], ignoreIndex, labelSmoothing);
}

export function mseLoss(input: Tensor, target: Tensor, reduction: Reduction = "mean"): Tensor {
  return ops.mseLoss(input, target, reductions[reduction]);
}

export function l1Loss(input: Tensor, target: Tensor, reduction: Reduction = "mean"): Tensor {
  return ops.l1Loss(input, target, reductions[reduction]);
}

/** Squared below `delta`, linear above. */
export function huberLoss(input: Tensor, target: Tensor, delta = 1, reduction: Reduction = "mean"): Tensor {
  return ops.huberLoss(input, target, reductions[reduction], delta);
}

/** Logits against probabilities in [0, 1], both of one shape. */
export function bceWithLogits(
  logits: Tensor,
  target: Tensor,
  options: {
    readonly weight?: Tensor | null;
    readonly posWeight?: Tensor | null;
    readonly reduction?: Reduction;
  } = {},
): Tensor {
  const { weight, posWeight, reduction = "mean" } = options;
  return ops.binaryCrossEntropyWithLogits(logits, target, weight, posWeight, reductions[reduction]);
}

/** Zeroes elements with probability p and scales the rest by 1 / (1 - p); with a generator the mask follows its seed. */
export function dropout(input: Tensor, p: number, training: boolean, generator?: Generator): Tensor {
  if (!training || p === 0) return input;
  if (generator === undefined) return ops.dropout(input, p, training);
  const mask = ops.bernoulliFloat_(ops.emptyLike(input.detach()), 1 - p, generator);
  return input.mul(mask.mul_(1 / (1 - p)));
}

/** Draws numSamples class ids per row of weights [N, C] (need not sum to 1), int64 [N, numSamples]. */
export function multinomial(
  weights: Tensor,
  numSamples: number,
  replacement = false,
  generator?: Generator,
): Tensor {
  return ops.multinomial(weights, numSamples, replacement, generator);
}

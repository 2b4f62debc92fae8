/**
 * Operations that write into the tensor itself and return it. A leaf that requires a gradient refuses them outside `noGrad`.
 */
import type { Generator } from "../generator.ts";
import * as ops from "../generated/ops.ts";
import type { Scalar, Tensor } from "./class.ts";

export const inplace = {
  /** this += alpha * other */
  add_(this: Tensor, other: Tensor | number, alpha?: Scalar): Tensor {
    return typeof other === "number" ? ops.addScalar_(this, other, alpha) : ops.add_(this, other, alpha);
  },
  /** this -= alpha * other */
  sub_(this: Tensor, other: Tensor | number, alpha?: Scalar): Tensor {
    return typeof other === "number" ? ops.subScalar_(this, other, alpha) : ops.sub_(this, other, alpha);
  },
  mul_(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.mulScalar_(this, other) : ops.mul_(this, other);
  },
  div_(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.divScalar_(this, other) : ops.div_(this, other);
  },
  pow_(this: Tensor, exponent: Tensor | number): Tensor {
    return typeof exponent === "number" ? ops.powScalar_(this, exponent) : ops.pow_(this, exponent);
  },
  /** this += value * a * b */
  addcmul_(this: Tensor, a: Tensor, b: Tensor, value: Scalar = 1): Tensor {
    return ops.addcmul_(this, a, b, value);
  },
  /** this += value * a / b */
  addcdiv_(this: Tensor, a: Tensor, b: Tensor, value: Scalar = 1): Tensor {
    return ops.addcdiv_(this, a, b, value);
  },
  /** this += weight * (end - this) */
  lerp_(this: Tensor, end: Tensor, weight: Tensor | number): Tensor {
    return typeof weight === "number" ? ops.lerpScalar_(this, end, weight) : ops.lerp_(this, end, weight);
  },
  neg_(this: Tensor): Tensor {
    return ops.neg_(this);
  },
  exp_(this: Tensor): Tensor {
    return ops.exp_(this);
  },
  sqrt_(this: Tensor): Tensor {
    return ops.sqrt_(this);
  },
  rsqrt_(this: Tensor): Tensor {
    return ops.rsqrt_(this);
  },
  relu_(this: Tensor): Tensor {
    return ops.relu_(this);
  },
  clamp_(this: Tensor, min: number | null, max: number | null = null): Tensor {
    return ops.clamp_(this, min, max);
  },
  /** Copies `source` in, converting dtype and device, broadcasting its shape. */
  copy_(this: Tensor, source: Tensor, nonBlocking = false): Tensor {
    return ops.copy_(this, source, nonBlocking);
  },
  zero_(this: Tensor): Tensor {
    return ops.zero_(this);
  },
  fill_(this: Tensor, value: Tensor | number | boolean): Tensor {
    return typeof value === "object" ? ops.fill_(this, value) : ops.fillScalar_(this, value);
  },
  maskedFill_(this: Tensor, mask: Tensor, value: Tensor | number): Tensor {
    return typeof value === "number"
      ? ops.maskedFillScalar_(this, mask, value)
      : ops.maskedFill_(this, mask, value);
  },
  /** Draws every element from a normal distribution. */
  normal_(this: Tensor, mean = 0, std = 1, generator?: Generator): Tensor {
    return ops.normal_(this, mean, std, generator);
  },
  /** Draws every element uniformly from [low, high). */
  uniform_(this: Tensor, low = 0, high = 1, generator?: Generator): Tensor {
    return ops.uniform_(this, low, high, generator);
  },
  /** Draws every element as 1 with probability p, else 0. */
  bernoulli_(this: Tensor, p = 0.5, generator?: Generator): Tensor {
    return ops.bernoulliFloat_(this, p, generator);
  },
  /** Writes `source` at `index` along `dim`. */
  scatter_(this: Tensor, dim: number, index: Tensor, source: Tensor | number): Tensor {
    return typeof source === "number"
      ? ops.scatterValue_(this, dim, index, source)
      : ops.scatterSrc_(this, dim, index, source);
  },
  /** Adds `source` at `index` along `dim`; repeated places add up. */
  scatterAdd_(this: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
    return ops.scatterAdd_(this, dim, index, source);
  },
  /** Adds rows of `source` to the rows `index` [N] of `dim`. */
  indexAdd_(this: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
    return ops.indexAdd_(this, dim, index, source);
  },
  /** Copies rows of `source` into the rows `index` [N] of `dim`. */
  indexCopy_(this: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
    return ops.indexCopy_(this, dim, index, source);
  },
  /** Writes `values` where the index tensors point, one per leading dimension; null takes the whole dimension. */
  indexPut_(this: Tensor, indices: readonly (Tensor | null)[], values: Tensor, accumulate = false): Tensor {
    return ops.indexPut_(this, indices, values, accumulate);
  },
  requiresGrad_(this: Tensor, value = true): Tensor {
    this.requiresGrad = value;
    return this;
  },
};

/**
 * Reductions, sorting, and products over a dimension. Without `dim` all elements are reduced to a scalar; negative dims count from the end.
 */
import type { DType } from "../dtype.ts";
import * as ops from "../generated/ops.ts";
import type { Tensor } from "./class.ts";

/** What `max`, `min`, `sort`, `topk` and `median` over a dimension return. */
export interface ValuesAndIndices {
  readonly values: Tensor;
  readonly indices: Tensor; // int64
}

type Dims = number | readonly number[];

function named([values, indices]: [Tensor, Tensor]): ValuesAndIndices {
  return { values, indices };
}

function max(this: Tensor): Tensor;
function max(this: Tensor, dim: number, keepdim?: boolean): ValuesAndIndices;
function max(this: Tensor, dim?: number, keepdim = false): Tensor | ValuesAndIndices {
  return dim === undefined ? ops.max(this) : named(ops.maxDim(this, dim, keepdim));
}

function min(this: Tensor): Tensor;
function min(this: Tensor, dim: number, keepdim?: boolean): ValuesAndIndices;
function min(this: Tensor, dim?: number, keepdim = false): Tensor | ValuesAndIndices {
  return dim === undefined ? ops.min(this) : named(ops.minDim(this, dim, keepdim));
}

function median(this: Tensor): Tensor;
function median(this: Tensor, dim: number, keepdim?: boolean): ValuesAndIndices;
function median(this: Tensor, dim?: number, keepdim = false): Tensor | ValuesAndIndices {
  return dim === undefined ? ops.median(this) : named(ops.medianDim(this, dim, keepdim));
}

export const reduce = {
  /** The largest element, or per `dim` the largest and where it stands. */
  max,
  /** The smallest element, or per `dim` the smallest and where it stands. */
  min,
  /** The middle element (the lower of two), or per `dim` the middle and where it stands. */
  median,

  sum(this: Tensor, dim?: Dims, keepdim = false, dtype?: DType): Tensor {
    return dim === undefined ? ops.sum(this, dtype) : ops.sumDimIntList(this, dim, keepdim, dtype);
  },
  mean(this: Tensor, dim?: Dims, keepdim = false, dtype?: DType): Tensor {
    return dim === undefined ? ops.mean(this, dtype) : ops.meanDim(this, dim, keepdim, dtype);
  },
  /** Standard deviation; `correction` 1 divides by n - 1, 0 by n. */
  std(this: Tensor, dim?: Dims, keepdim = false, correction = 1): Tensor {
    return ops.stdCorrection(this, dim ?? null, correction, keepdim);
  },
  /** Variance; `correction` 1 divides by n - 1, 0 by n. */
  var(this: Tensor, dim?: Dims, keepdim = false, correction = 1): Tensor {
    return ops.varCorrection(this, dim ?? null, correction, keepdim);
  },
  prod(this: Tensor, dim?: number, keepdim = false): Tensor {
    return dim === undefined ? ops.prod(this) : ops.prodDimInt(this, dim, keepdim);
  },
  /** The largest over one or several dimensions, without indices. */
  amax(this: Tensor, dim: Dims = [], keepdim = false): Tensor {
    return ops.amax(this, dim, keepdim);
  },
  /** The smallest over one or several dimensions, without indices. */
  amin(this: Tensor, dim: Dims = [], keepdim = false): Tensor {
    return ops.amin(this, dim, keepdim);
  },
  argmax(this: Tensor, dim?: number, keepdim = false): Tensor {
    return ops.argmax(this, dim, keepdim);
  },
  argmin(this: Tensor, dim?: number, keepdim = false): Tensor {
    return ops.argmin(this, dim, keepdim);
  },
  /** Whether any element is non-zero. */
  any(this: Tensor, dim?: number, keepdim = false): Tensor {
    return dim === undefined ? ops.any(this) : ops.anyDim(this, dim, keepdim);
  },
  /** Whether all elements are non-zero. */
  all(this: Tensor, dim?: number, keepdim = false): Tensor {
    return dim === undefined ? ops.all(this) : ops.allDim(this, dim, keepdim);
  },
  /** The p-norm of the elements as one vector, over all or the given dimensions. */
  norm(this: Tensor, p = 2, dim?: Dims, keepdim = false): Tensor {
    return ops.linalgVectorNorm(this, p, dim ?? null, keepdim);
  },
  /** log(sum(exp(this))) without overflow. */
  logsumexp(this: Tensor, dim: Dims, keepdim = false): Tensor {
    return ops.logsumexp(this, dim, keepdim);
  },
  softmax(this: Tensor, dim: number, dtype?: DType): Tensor {
    return ops.softmax(this, dim, dtype);
  },
  logSoftmax(this: Tensor, dim: number, dtype?: DType): Tensor {
    return ops.logSoftmax(this, dim, dtype);
  },
  cumsum(this: Tensor, dim: number): Tensor {
    return ops.cumsum(this, dim);
  },
  cumprod(this: Tensor, dim: number): Tensor {
    return ops.cumprod(this, dim);
  },
  sort(this: Tensor, dim = -1, descending = false): ValuesAndIndices {
    return named(ops.sort(this, dim, descending));
  },
  argsort(this: Tensor, dim = -1, descending = false): Tensor {
    return ops.argsort(this, dim, descending);
  },
  /** The k largest (or smallest), largest first. */
  topk(this: Tensor, k: number, dim = -1, largest = true): ValuesAndIndices {
    return named(ops.topk(this, k, dim, largest));
  },
  /** @param q in [0, 1] */
  quantile(this: Tensor, q: number, dim?: number, keepdim = false): Tensor {
    return ops.quantileScalar(this, q, dim, keepdim);
  },

  matmul(this: Tensor, other: Tensor): Tensor {
    return ops.matmul(this, other);
  },
  /** [N, K] by [K, M] */
  mm(this: Tensor, other: Tensor): Tensor {
    return ops.mm(this, other);
  },
  /** [B, N, K] by [B, K, M] */
  bmm(this: Tensor, other: Tensor): Tensor {
    return ops.bmm(this, other);
  },
  /** beta * this + alpha * (a @ b) */
  addmm(this: Tensor, a: Tensor, b: Tensor, beta = 1, alpha = 1): Tensor {
    return ops.addmm(this, a, b, beta, alpha);
  },
  /** The inner product of two vectors. */
  dot(this: Tensor, other: Tensor): Tensor {
    return ops.dot(this, other);
  },
  /** Whether all elements are equal within atol + rtol * |other|. */
  allclose(this: Tensor, other: Tensor, rtol = 1e-5, atol = 1e-8): boolean {
    return ops.allclose(this, other, rtol, atol);
  },
  /** Whether shape and all elements are the same. */
  equal(this: Tensor, other: Tensor): boolean {
    return ops.equal(this, other);
  },
};

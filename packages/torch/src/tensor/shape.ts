/**
 * Shape, order and selection. Most results are views: they share memory with their source.
 */
import * as ops from "../generated/ops.ts";
import type { Tensor } from "./class.ts";

type Shape = readonly number[];

export const shape = {
  /** The same elements in another shape, as a view where strides allow it; one size may be -1. */
  reshape(this: Tensor, shape: Shape): Tensor {
    return ops.reshape(this, shape);
  },
  /** Like `reshape`, but throws where it would have to copy. */
  view(this: Tensor, shape: Shape): Tensor {
    return ops.view(this, shape);
  },
  flatten(this: Tensor, startDim = 0, endDim = -1): Tensor {
    return ops.flattenUsingInts(this, startDim, endDim);
  },
  /** Splits one dimension into several. */
  unflatten(this: Tensor, dim: number, sizes: Shape): Tensor {
    return ops.unflatten(this, dim, sizes);
  },
  permute(this: Tensor, dims: Shape): Tensor {
    return ops.permute(this, dims);
  },
  transpose(this: Tensor, dim0: number, dim1: number): Tensor {
    return ops.transpose(this, dim0, dim1);
  },
  /** The transpose of a matrix. */
  t(this: Tensor): Tensor {
    return ops.t(this);
  },
  movedim(this: Tensor, source: number, destination: number): Tensor {
    return ops.movedimInt(this, source, destination);
  },
  unsqueeze(this: Tensor, dim: number): Tensor {
    return ops.unsqueeze(this, dim);
  },
  /** Drops one dimension of size 1, or all of them. */
  squeeze(this: Tensor, dim?: number): Tensor {
    return dim === undefined ? ops.squeeze(this) : ops.squeezeDim(this, dim);
  },
  /** Repeats dimensions of size 1 without copying; -1 keeps a size. */
  expand(this: Tensor, shape: Shape): Tensor {
    return ops.expand(this, shape);
  },
  expandAs(this: Tensor, other: Tensor): Tensor {
    return ops.expandAs(this, other);
  },
  /** Copies the tensor `repeats` times along each dimension. */
  repeat(this: Tensor, repeats: Shape): Tensor {
    return ops.repeat(this, repeats);
  },
  /** Repeats each element in place, along `dim` or over the flattened tensor. */
  repeatInterleave(this: Tensor, repeats: Tensor | number, dim?: number): Tensor {
    return typeof repeats === "number"
      ? ops.repeatInterleaveSelfInt(this, repeats, dim)
      : ops.repeatInterleaveSelfTensor(this, repeats, dim);
  },
  /** `length` elements of `dim` from `start`. */
  narrow(this: Tensor, dim: number, start: number, length: number): Tensor {
    return ops.narrow(this, dim, start, length);
  },
  /** Elements start, start + step, … before `end` of `dim`; negative places count from the end, null takes all. */
  slice(this: Tensor, dim: number, start: number | null, end: number | null = null, step = 1): Tensor {
    return ops.slice(this, dim, start, end, step);
  },
  /** One place of `dim`, which disappears. */
  select(this: Tensor, dim: number, index: number): Tensor {
    return ops.select(this, dim, index);
  },
  /** The rows `index` [N] of `dim`. */
  indexSelect(this: Tensor, dim: number, index: Tensor): Tensor {
    return ops.indexSelect(this, dim, index);
  },
  /** The rows `index` (any shape) of `dim`, as `numpy.take`: [.., N, ..] and index [I, J] give [.., I, J, ..]. */
  take(this: Tensor, index: Tensor, dim: number): Tensor {
    const at = dim < 0 ? dim + this.rank : dim;
    const rows = ops.indexSelect(this, at, ops.reshape(index, [-1]));
    const { shape } = this;
    return ops.reshape(rows, [...shape.slice(0, at), ...index.shape, ...shape.slice(at + 1)]);
  },
  /** Picks along `dim` with an index of this tensor's rank. */
  gather(this: Tensor, dim: number, index: Tensor): Tensor {
    return ops.gather(this, dim, index);
  },
  /** A copy with `source` written at `index` along `dim`. */
  scatter(this: Tensor, dim: number, index: Tensor, source: Tensor | number): Tensor {
    return typeof source === "number"
      ? ops.scatterValue(this, dim, index, source)
      : ops.scatterSrc(this, dim, index, source);
  },
  /** A copy with `source` added at `index` along `dim`. */
  scatterAdd(this: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
    return ops.scatterAdd(this, dim, index, source);
  },
  /** Advanced indexing: one int64 or bool tensor per leading dimension, null for all of one. */
  index(this: Tensor, indices: readonly (Tensor | null)[]): Tensor {
    return ops.index(this, indices);
  },
  /** The elements where `mask` is true, [N]. */
  maskedSelect(this: Tensor, mask: Tensor): Tensor {
    return ops.maskedSelect(this, mask);
  },
  /** Places of the non-zero elements, [N, rank]. */
  nonzero(this: Tensor): Tensor {
    return ops.nonzero(this);
  },
  flip(this: Tensor, dims: Shape): Tensor {
    return ops.flip(this, dims);
  },
  roll(this: Tensor, shifts: number | Shape, dims: number | Shape): Tensor {
    return ops.roll(this, shifts, dims);
  },
  /** At most `chunks` views of equal size (the last may be smaller). */
  chunk(this: Tensor, chunks: number, dim = 0): Tensor[] {
    return ops.chunk(this, chunks, dim);
  },
  /** Views of the given size, or of the given sizes. */
  split(this: Tensor, size: number | Shape, dim = 0): Tensor[] {
    return typeof size === "number" ? ops.split(this, size, dim) : ops.splitWithSizes(this, size, dim);
  },
  /** One view per place of `dim`. */
  unbind(this: Tensor, dim = 0): Tensor[] {
    return ops.unbind(this, dim);
  },
  /** Sliding windows of `size` along `dim`, appended as a last dimension. */
  unfold(this: Tensor, dim: number, size: number, step: number): Tensor {
    return ops.unfold(this, dim, size, step);
  },
  /** Pads the last dimensions: [left, right] of the last, then of the one before, … */
  pad(
    this: Tensor,
    padding: Shape,
    mode: "constant" | "reflect" | "replicate" = "constant",
    value = 0,
  ): Tensor {
    return ops.pad(this, padding, mode, mode === "constant" ? value : null);
  },
  /** The upper triangle, zeros below. */
  triu(this: Tensor, diagonal = 0): Tensor {
    return ops.triu(this, diagonal);
  },
  /** The lower triangle, zeros above. */
  tril(this: Tensor, diagonal = 0): Tensor {
    return ops.tril(this, diagonal);
  },
  diagonal(this: Tensor, offset = 0, dim1 = 0, dim2 = 1): Tensor {
    return ops.diagonal(this, offset, dim1, dim2);
  },
};

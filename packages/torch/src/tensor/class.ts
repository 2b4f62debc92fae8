/**
 * The Tensor class itself: what a tensor is and where it lives. Its operations are installed from the files beside this one.
 */
import { dtypeName, type DType } from "../dtype.ts";
import { Owned } from "../memory.ts";
import { native } from "../native.ts";

/** Something libtorch takes for a plain number. Whole JS numbers count as integers, others as floats. */
export type Scalar = number | bigint | boolean;

/** "cpu", "cuda", or "cuda:1". */
export type Device = string;

/** A multi-dimensional array in libtorch's memory. Get one from `tensor`, `zeros`, `fromTyped` and the like. */
export class Tensor extends Owned {
  /** Sizes, outermost first; [] for a scalar. */
  get shape(): number[] {
    return native.shape(this.handle);
  }

  /** Number of dimensions. */
  get rank(): number {
    return native.rank(this.handle);
  }

  /** Number of elements. */
  get numel(): number {
    return native.numel(this.handle);
  }

  get dtype(): DType {
    return dtypeName(native.dtype(this.handle));
  }

  get device(): Device {
    return native.device(this.handle);
  }

  /** Steps in elements, not bytes, between neighbours along each dimension. */
  get stride(): number[] {
    return native.strides(this.handle);
  }

  get isContiguous(): boolean {
    return native.isContiguous(this.handle);
  }

  /** False for the empty results that some operators return in place of what was not asked for. */
  get isDefined(): boolean {
    return native.isDefined(this.handle);
  }

  /** Address of the first element: equal for views of the same memory that start at the same place. */
  get dataPointer(): bigint {
    return native.dataPointer(this.handle);
  }

  /** Size along one dimension; negative ones count from the end. */
  size(dim: number): number {
    return native.size(this.handle, dim);
  }

  /** Whether operations on this tensor are recorded for `backward`. */
  get requiresGrad(): boolean {
    return native.requiresGrad(this.handle);
  }

  set requiresGrad(value: boolean) {
    native.setRequiresGrad(this.handle, value);
  }

  /** True for tensors that no recorded operation made; only these collect `grad`. */
  get isLeaf(): boolean {
    return native.isLeaf(this.handle);
  }

  /** The accumulated gradient, of this tensor's shape, or null. Each read gives a new wrapper of the same memory. */
  get grad(): Tensor | null {
    const handle = native.grad(this.handle);
    return handle === undefined ? null : new Tensor(handle);
  }

  set grad(value: Tensor | null) {
    native.setGrad(this.handle, value === null ? null : value.handle);
  }

  /** The name of the recorded operation that made this tensor, or undefined. */
  get gradFn(): string | undefined {
    return native.gradFnName(this.handle);
  }
}

/** Makes the JS side of a handle that the addon returned. Internal. */
export function wrap(handle: number): Tensor {
  return new Tensor(handle);
}

/** The same for a list of results. Internal. */
export function wrapAll(handles: readonly number[]): Tensor[] {
  return handles.map(wrap);
}

/** The handle of an optional tensor argument. Internal. */
export function handleOf(tensor: Tensor | null | undefined): number | undefined {
  return tensor === null || tensor === undefined ? undefined : tensor.handle;
}

/** Handles of a list, keeping absent ones. Internal. */
export function handlesOf(tensors: readonly (Tensor | null)[]): (number | undefined)[] {
  return tensors.map(handleOf);
}

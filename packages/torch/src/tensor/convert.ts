/**
 * Copies, other dtypes and devices, autograd on one tensor, and the way out to JS values.
 */
import { ShapeError, UsageError } from "@orrery/core";
import { allocateFor, dtypeCode, itemBytes, type DType, type TypedArray } from "../dtype.ts";
import * as ops from "../generated/ops.ts";
import type { MemoryFormat } from "../layout.ts";
import { native } from "../native.ts";
import { printTensor } from "../print.ts";
import type { Device, Tensor } from "./class.ts";

/** Where and as what `to` puts a tensor. */
export interface Placement {
  readonly dtype?: DType | undefined;
  readonly device?: Device | undefined;
}

/** Numbers (or booleans) nested as deep as a tensor's rank. */
export type Nested = number | boolean | bigint | readonly Nested[];

export const convert = {
  /** Itself when already contiguous, else a copy in row-major order. */
  contiguous(this: Tensor, format?: MemoryFormat): Tensor {
    return ops.contiguous(this, format);
  },
  /** A copy of its own memory; gradients flow through. */
  clone(this: Tensor): Tensor {
    return ops.clone(this);
  },
  /** The same memory, cut off from the recorded graph. */
  detach(this: Tensor): Tensor {
    return ops.detach(this);
  },
  /** Itself when dtype and device already fit, else a copy. */
  to(this: Tensor, where: DType | Placement | (string & {})): Tensor {
    const { dtype, device } = placementOf(where);
    if (device === undefined) return dtype === undefined ? this : ops.toDtype(this, dtype);
    return ops.toDevice(this, device, dtype ?? this.dtype);
  },
  float(this: Tensor): Tensor {
    return ops.toDtype(this, "float32");
  },
  double(this: Tensor): Tensor {
    return ops.toDtype(this, "float64");
  },
  half(this: Tensor): Tensor {
    return ops.toDtype(this, "float16");
  },
  bfloat16(this: Tensor): Tensor {
    return ops.toDtype(this, "bfloat16");
  },
  long(this: Tensor): Tensor {
    return ops.toDtype(this, "int64");
  },
  int(this: Tensor): Tensor {
    return ops.toDtype(this, "int32");
  },
  bool(this: Tensor): Tensor {
    return ops.toDtype(this, "bool");
  },
  byte(this: Tensor): Tensor {
    return ops.toDtype(this, "uint8");
  },
  cpu(this: Tensor): Tensor {
    return this.to({ device: "cpu" });
  },
  cuda(this: Tensor): Tensor {
    return this.to({ device: "cuda" });
  },

  /**
   * Adds the gradients of this tensor to `grad` of all leaves it was made from.
   *
   * @param gradient of this tensor's shape; may be left out for a scalar
   */
  backward(
    this: Tensor,
    gradient?: Tensor,
    options: { retainGraph?: boolean; createGraph?: boolean } = {},
  ): void {
    const createGraph = options.createGraph ?? false;
    native.backward(
      [this.handle],
      [gradient?.handle ?? null],
      options.retainGraph ?? createGraph,
      createGraph,
      [],
    );
  },
  /** Also collects `grad` for a tensor that is no leaf. */
  retainGrad(this: Tensor): Tensor {
    ops.retainGrad(this);
    return this;
  },

  /**
   * The value of a tensor with one element; booleans give 0 or 1.
   *
   * @throws {ShapeError} if there is not exactly one element
   * @throws {UsageError} if an int64 is beyond 2^53; use `toTyped` there
   */
  item(this: Tensor): number {
    if (this.numel !== 1) {
      throw new ShapeError("item", "the tensor", "[] (one element)", this.shape, "Reduce or select first.");
    }
    const value = ops.item(this);
    if (typeof value === "bigint") {
      throw new UsageError(
        `item: a JS number is exact up to 2^53 - 1, the value is ${value}. Use toTyped().`,
      );
    }
    return Number(value);
  },
  /** Copies the elements out in row-major order. 16-bit floats become float32, bools 0 and 1, int64 a BigInt64Array. */
  toTyped(this: Tensor): TypedArray {
    const { array, dtype } = allocateFor(this.dtype, this.numel);
    native.copyOut(this.handle, array, dtypeCode(dtype));
    return array;
  },
  /** The elements as float32 in row-major order, whatever the dtype. */
  toFloat32(this: Tensor): Float32Array {
    const array = new Float32Array(this.numel);
    native.copyOut(this.handle, array, dtypeCode("float32"));
    return array;
  },
  /** The elements as float64 in row-major order, whatever the dtype. */
  toFloat64(this: Tensor): Float64Array {
    const array = new Float64Array(this.numel);
    native.copyOut(this.handle, array, dtypeCode("float64"));
    return array;
  },
  /** Another name for `toTyped`. */
  data(this: Tensor): TypedArray {
    return this.toTyped();
  },
  /** The elements' own bytes in row-major order, little-endian: what a safetensors file holds. */
  rawBytes(this: Tensor): Uint8Array {
    const { dtype } = this;
    const bytes = new Uint8Array(this.numel * itemBytes(dtype));
    native.copyOut(this.handle, bytes, dtypeCode(dtype));
    return bytes;
  },
  /** Nested arrays of numbers (bigints for int64 beyond 2^53, booleans for bool); a scalar gives an array of one. */
  toArray(this: Tensor): Nested[] {
    const { shape, dtype } = this;
    const flat = Array.from<number | bigint, Nested>(this.toTyped(), (value) => plainValue(value, dtype));
    return nest(flat, shape.length === 0 ? [1] : shape);
  },
  toString(this: Tensor): string {
    return printTensor(this);
  },
};

const devicePattern = /^(cpu|cuda|meta|xpu|mps)(:\d+)?$/;

function placementOf(where: string | Placement): Placement {
  if (typeof where !== "string") return where;
  return devicePattern.test(where) ? { device: where } : { dtype: where as DType };
}

function plainValue(value: number | bigint, dtype: DType): number | bigint | boolean {
  if (dtype === "bool") return value !== 0;
  if (typeof value === "number") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function nest(flat: readonly Nested[], shape: readonly number[]): Nested[] {
  const [size = 0, ...rest] = shape;
  if (rest.length === 0) return [...flat];
  const step = rest.reduce((product, n) => product * n, 1);
  return Array.from({ length: size }, (_, i) => nest(flat.slice(i * step, (i + 1) * step), rest));
}

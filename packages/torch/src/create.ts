/**
 * Making tensors: from JS values and typed arrays, filled, and random. All take dtype (float32 by default), device and requiresGrad.
 */
import { ShapeError, UsageError } from "@orrery/core";
import { dtypeCode, dtypeOfTyped, type DType, type TypedArray } from "./dtype.ts";
import type { Generator } from "./generator.ts";
import * as ops from "./generated/ops.ts";
import { native } from "./native.ts";
import { wrap } from "./tensor/class.ts";
import { type Device, type Nested, type Tensor } from "./tensor.ts";

export interface TensorOptions {
  readonly dtype?: DType | undefined;
  readonly device?: Device | undefined;
  /** Records what is done with the tensor, for `backward`. */
  readonly requiresGrad?: boolean | undefined;
}

export interface RandomOptions extends TensorOptions {
  /** The stream to draw from; the device's global one otherwise. */
  readonly generator?: Generator | undefined;
}

type Shape = readonly number[];

function finish(t: Tensor, options: TensorOptions): Tensor {
  if (options.requiresGrad === true) t.requiresGrad = true;
  return t;
}

/**
 * A tensor from nested arrays of numbers, or from one number. Numbers give float32 (JS cannot tell 1 from 1.0), booleans bool and bigints
 * int64, unless `dtype` says otherwise. Typed arrays keep their type and give one dimension.
 *
 * @throws {ShapeError} if rows differ in length
 */
export function tensor(values: Nested | TypedArray, options: TensorOptions = {}): Tensor {
  if (isTyped(values)) return fromTyped(values, [values.length], options);
  const shape = shapeOf(values);
  const flat: (number | boolean | bigint)[] = [];
  flatten(values, shape, 0, flat);
  const first = flat[0];
  const isBig = typeof first === "bigint";
  const dtype = options.dtype ?? (isBig ? "int64" : typeof first === "boolean" ? "bool" : "float32");
  const exact = isBig ? BigInt64Array.from(flat, BigInt) : Float64Array.from(flat, Number);
  return fromTyped(exact, shape, { ...options, dtype });
}

function isTyped(values: Nested | TypedArray): values is TypedArray {
  return ArrayBuffer.isView(values);
}

function shapeOf(values: Nested): number[] {
  const shape: number[] = [];
  for (let level: Nested | undefined = values; Array.isArray(level); level = level[0] as Nested | undefined) {
    shape.push(level.length);
  }
  return shape;
}

function flatten(values: Nested, shape: Shape, depth: number, out: (number | boolean | bigint)[]): void {
  if (!isList(values)) {
    if (depth !== shape.length) throw raggedError(shape, depth, 0);
    out.push(values);
    return;
  }
  if (values.length !== shape[depth]) throw raggedError(shape, depth, values.length);
  for (const item of values) flatten(item, shape, depth + 1, out);
}

function isList(values: Nested): values is readonly Nested[] {
  return Array.isArray(values);
}

function raggedError(shape: Shape, depth: number, found: number): ShapeError {
  const what = `every row at depth ${depth}`;
  return new ShapeError(
    "tensor",
    what,
    `the first one's [${shape.slice(depth).join(", ")}]`,
    found === 0 ? [] : [found],
  );
}

export interface FromTypedOptions extends TensorOptions {
  /**
   * Uses the array's own memory instead of copying: writes on either side are seen by both, and the array stays alive as long as the tensor.
   * Needs the array's own dtype on the CPU. Do not transfer its buffer to a worker meanwhile.
   */
  readonly share?: boolean;
}

/**
 * A tensor from a typed array in row-major order. With `dtype` the elements are converted.
 *
 * @throws {TorchError} if the shape does not fit the length
 */
export function fromTyped(values: TypedArray, shape: Shape, options: FromTypedOptions = {}): Tensor {
  const own = dtypeOfTyped(values);
  const dtype = options.dtype ?? own;
  const { device, share = false } = options;
  const fits = dtype === own || (dtype === "bool" && own === "uint8");
  if (fits && (device === undefined || device === "cpu")) {
    return finish(wrap(native.fromBytes(values, shape, dtypeCode(dtype), share)), options);
  }
  if (share) {
    throw new UsageError(
      `fromTyped: share needs the array's own dtype on the CPU, got ${own} for ${dtype} on ${device ?? "cpu"}.`,
    );
  }
  // Seen in place, then converted and moved in one copy; the view must not outlive this call.
  const view = wrap(native.fromBytes(values, shape, dtypeCode(own), true));
  const converted = device === undefined ? ops.toDtype(view, dtype) : ops.toDevice(view, device, dtype);
  view.free();
  return finish(converted, options);
}

/** A tensor from its raw little-endian bytes, as `rawBytes` gives them and safetensors stores them. */
export function fromBytes(
  bytes: Uint8Array,
  shape: Shape,
  dtype: DType,
  options: { readonly share?: boolean } = {},
): Tensor {
  return wrap(native.fromBytes(bytes, shape, dtypeCode(dtype), options.share ?? false));
}

export function zeros(shape: Shape, options: TensorOptions = {}): Tensor {
  return finish(ops.zeros(shape, options.dtype ?? "float32", undefined, options.device), options);
}

export function ones(shape: Shape, options: TensorOptions = {}): Tensor {
  return finish(ops.ones(shape, options.dtype ?? "float32", undefined, options.device), options);
}

export function full(shape: Shape, value: number | boolean, options: TensorOptions = {}): Tensor {
  const dtype = options.dtype ?? (typeof value === "boolean" ? "bool" : "float32");
  return finish(ops.full(shape, value, dtype, undefined, options.device), options);
}

/** Not initialised: write before reading. */
export function empty(shape: Shape, options: TensorOptions = {}): Tensor {
  return finish(ops.emptyMemoryFormat(shape, options.dtype ?? "float32", undefined, options.device), options);
}

/** Of the same shape, dtype and device as `like`. */
export function zerosLike(like: Tensor, options: TensorOptions = {}): Tensor {
  return finish(ops.zerosLike(like, options.dtype, undefined, options.device), options);
}

/** Of the same shape, dtype and device as `like`. */
export function onesLike(like: Tensor, options: TensorOptions = {}): Tensor {
  return finish(ops.onesLike(like, options.dtype, undefined, options.device), options);
}

/** Of the same shape, dtype and device as `like`. */
export function fullLike(like: Tensor, value: number | boolean, options: TensorOptions = {}): Tensor {
  return finish(ops.fullLike(like, value, options.dtype, undefined, options.device), options);
}

/** Of the same shape, dtype and device as `like`, not initialised. */
export function emptyLike(like: Tensor, options: TensorOptions = {}): Tensor {
  return finish(ops.emptyLike(like, options.dtype, undefined, options.device), options);
}

/** start, start + step, … before `end`. With one number: from 0 to it. The dtype is float32 unless given; int64 for indices. */
export function arange(end: number, options?: TensorOptions): Tensor;
export function arange(start: number, end: number, options?: TensorOptions): Tensor;
export function arange(start: number, end: number, step: number, options?: TensorOptions): Tensor;
export function arange(...args: readonly (number | TensorOptions | undefined)[]): Tensor {
  const numbers = args.filter((arg) => typeof arg === "number");
  const options = args.find((arg) => typeof arg === "object") ?? {};
  const [start = 0, end = 0, step = 1] = numbers.length === 1 ? [0, ...numbers] : numbers;
  return finish(
    ops.arangeStartStep(start, end, step, options.dtype ?? "float32", undefined, options.device),
    options,
  );
}

/** `steps` numbers evenly from start to end, both included. */
export function linspace(start: number, end: number, steps: number, options: TensorOptions = {}): Tensor {
  return finish(
    ops.linspace(start, end, steps, options.dtype ?? "float32", undefined, options.device),
    options,
  );
}

/** Ones on the diagonal of an [n, m] matrix. */
export function eye(n: number, m = n, options: TensorOptions = {}): Tensor {
  return finish(ops.eyeM(n, m, options.dtype ?? "float32", undefined, options.device), options);
}

/** Standard normal numbers. */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  const { generator, device, dtype = "float32" } = options;
  return finish(ops.randnGenerator(shape, generator ?? null, dtype, undefined, device), options);
}

/** Uniform numbers in [0, 1). */
export function rand(shape: Shape, options: RandomOptions = {}): Tensor {
  const { generator, device, dtype = "float32" } = options;
  return finish(ops.randGenerator(shape, generator ?? null, dtype, undefined, device), options);
}

/** Whole numbers from low up to and without high, int64 unless given. */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  const { generator, device, dtype = "int64" } = options;
  return finish(
    ops.randintLowGenerator(low, high, shape, generator ?? null, dtype, undefined, device),
    options,
  );
}

/** The numbers 0 to n - 1 in random order, int64 unless given. */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  const { generator, device, dtype = "int64" } = options;
  return finish(ops.randpermGenerator(n, generator ?? null, dtype, undefined, device), options);
}

/** Normal numbers of the given mean and standard deviation. */
export function normal(mean: number, std: number, shape: Shape, options: RandomOptions = {}): Tensor {
  const { generator, device, dtype = "float32" } = options;
  return finish(ops.normalFloatFloat(mean, std, shape, generator, dtype, undefined, device), options);
}

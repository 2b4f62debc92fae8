/**
 * Element types: their names, libtorch's numbers for them, and the typed array each one copies to.
 */
import { UsageError } from "@orrery/core";

/** c10::ScalarType's numbers, which no libtorch release has ever changed. */
const codes = {
  uint8: 0,
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  float16: 5,
  float32: 6,
  float64: 7,
  complex64: 9,
  complex128: 10,
  bool: 11,
  bfloat16: 15,
} as const;

/** The element type of a tensor. Complex ones have no typed array: look at them through `ops.viewAsReal`. */
export type DType = keyof typeof codes;

/** All typed arrays that hold tensor elements. */
export type TypedArray =
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

const names = new Map<number, DType>(Object.entries(codes).map(([name, code]) => [code, name as DType]));

/** libtorch's number for a dtype; undefined and null pass through, so that operators see "not given". */
export function dtypeCode(dtype: DType): number;
export function dtypeCode(dtype: DType | null | undefined): number | null | undefined;
export function dtypeCode(dtype: DType | null | undefined): number | null | undefined {
  if (dtype === undefined || dtype === null) return dtype;
  const code: number | undefined = codes[dtype];
  if (code === undefined) {
    throw new UsageError(`dtype must be one of ${Object.keys(codes).join(", ")}, got "${dtype as string}".`);
  }
  return code;
}

/** @throws {UsageError} for libtorch's quantised and other exotic types */
export function dtypeName(code: number): DType {
  const name = names.get(code);
  if (name === undefined)
    throw new UsageError(`dtype: libtorch's element type number ${code} is not supported.`);
  return name;
}

/** True for the types that can carry a gradient. */
export function isFloatingPoint(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64" || dtype === "bfloat16" || dtype === "float16";
}

/** Bytes per element. */
export function itemBytes(dtype: DType): number {
  return {
    bool: 1,
    uint8: 1,
    int8: 1,
    int16: 2,
    float16: 2,
    bfloat16: 2,
    int32: 4,
    float32: 4,
    int64: 8,
    float64: 8,
    complex64: 8,
    complex128: 16,
  }[dtype];
}

/** A new typed array for `numel` elements, and the dtype its elements have: 16-bit floats come out as float32. */
export function allocateFor(dtype: DType, numel: number): { array: TypedArray; dtype: DType } {
  switch (dtype) {
    case "bool":
      return { array: new Uint8Array(numel), dtype: "bool" };
    case "uint8":
      return { array: new Uint8Array(numel), dtype };
    case "int8":
      return { array: new Int8Array(numel), dtype };
    case "int16":
      return { array: new Int16Array(numel), dtype };
    case "int32":
      return { array: new Int32Array(numel), dtype };
    case "int64":
      return { array: new BigInt64Array(numel), dtype };
    case "float64":
      return { array: new Float64Array(numel), dtype };
    case "float16":
    case "bfloat16":
    case "float32":
      return { array: new Float32Array(numel), dtype: "float32" };
    case "complex64":
    case "complex128":
      throw new UsageError(`toTyped: ${dtype} has no typed array. Use ops.viewAsReal first.`);
  }
}

/** The dtype that a typed array's elements have. */
export function dtypeOfTyped(array: TypedArray): DType {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return "uint8";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof BigInt64Array) return "int64";
  if (array instanceof Int16Array) return "int16";
  if (array instanceof Int8Array) return "int8";
  throw new UsageError(
    `fromTyped: ${Object.prototype.toString.call(array)} is no supported typed array. Use one of Float32Array, Float64Array, ` +
      `Uint8Array, Int8Array, Int16Array, Int32Array or BigInt64Array.`,
  );
}

/** Public names of this package. */
export { autocast, enableGrad, grads, gradsOrNull, isGradEnabled, noGrad } from "./autograd.ts";
export type { AutocastOptions, GradOptions } from "./autograd.ts";
export * from "./create.ts";
export { isFloatingPoint, itemBytes } from "./dtype.ts";
export type { DType, TypedArray } from "./dtype.ts";
export { TorchError } from "./errors.ts";
export * from "./functional.ts";
export { Generator, getRngState, manualSeed, setRngState } from "./generator.ts";
export * as ops from "./generated/ops.ts";
export type { Layout, MemoryFormat } from "./layout.ts";
export { keep, liveTensorBytes, liveTensorCount, scope } from "./memory.ts";
export { callOperator, findOperator } from "./operator.ts";
export type { Operator } from "./operator.ts";
export * from "./runtime.ts";
export { Tensor } from "./tensor.ts";
export type { Device, Nested, Placement, Scalar, ValuesAndIndices } from "./tensor.ts";

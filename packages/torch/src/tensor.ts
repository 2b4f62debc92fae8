/**
 * The Tensor class with its operations: the parts under tensor/ put together.
 */
import { Tensor } from "./tensor/class.ts";
import { convert } from "./tensor/convert.ts";
import { inplace } from "./tensor/inplace.ts";
import { pointwise } from "./tensor/pointwise.ts";
import { reduce } from "./tensor/reduce.ts";
import { shape } from "./tensor/shape.ts";

type Convert = typeof convert;
type Inplace = typeof inplace;
type Pointwise = typeof pointwise;
type Reduce = typeof reduce;
type Shape = typeof shape;

declare module "./tensor/class.ts" {
  interface Tensor extends Convert, Inplace, Pointwise, Reduce, Shape {}
}

// The class cannot hold its operations itself: they need the generated operators, which need the class.
for (const part of [convert, inplace, pointwise, reduce, shape]) {
  for (const [name, value] of Object.entries(part)) {
    Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
  }
}

export { Tensor };
export type { Device, Scalar } from "./tensor/class.ts";
export type { Nested, Placement } from "./tensor/convert.ts";
export type { ValuesAndIndices } from "./tensor/reduce.ts";

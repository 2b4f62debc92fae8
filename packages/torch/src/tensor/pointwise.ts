/**
 * Element-wise operations. Shapes broadcast as in NumPy; a number stands for a scalar and keeps the tensor's own dtype where it can.
 */
import * as ops from "../generated/ops.ts";
import type { Scalar, Tensor } from "./class.ts";

export const pointwise = {
  add(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.addScalar(this, other) : ops.add(this, other);
  },
  sub(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.subScalar(this, other) : ops.sub(this, other);
  },
  /** other - this */
  rsub(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.rsubScalar(this, other) : ops.rsub(this, other);
  },
  mul(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.mulScalar(this, other) : ops.mul(this, other);
  },
  /** True division: integers give floats. */
  div(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.divScalar(this, other) : ops.div(this, other);
  },
  /** Division rounded towards minus infinity, in the tensor's dtype. */
  floorDivide(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number"
      ? ops.divScalarMode(this, other, "floor")
      : ops.divTensorMode(this, other, "floor");
  },
  /** The remainder that has the divisor's sign, as Python's %. */
  remainder(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.remainderScalar(this, other) : ops.remainder(this, other);
  },
  pow(this: Tensor, exponent: Tensor | number): Tensor {
    return typeof exponent === "number"
      ? ops.powTensorScalar(this, exponent)
      : ops.powTensorTensor(this, exponent);
  },
  /** this + value * a * b */
  addcmul(this: Tensor, a: Tensor, b: Tensor, value: Scalar = 1): Tensor {
    return ops.addcmul(this, a, b, value);
  },
  /** this + value * a / b */
  addcdiv(this: Tensor, a: Tensor, b: Tensor, value: Scalar = 1): Tensor {
    return ops.addcdiv(this, a, b, value);
  },
  /** this + weight * (end - this) */
  lerp(this: Tensor, end: Tensor, weight: Tensor | number): Tensor {
    return typeof weight === "number" ? ops.lerpScalar(this, end, weight) : ops.lerp(this, end, weight);
  },

  neg(this: Tensor): Tensor {
    return ops.neg(this);
  },
  abs(this: Tensor): Tensor {
    return ops.abs(this);
  },
  sign(this: Tensor): Tensor {
    return ops.sign(this);
  },
  square(this: Tensor): Tensor {
    return ops.square(this);
  },
  sqrt(this: Tensor): Tensor {
    return ops.sqrt(this);
  },
  /** 1 / sqrt(this) */
  rsqrt(this: Tensor): Tensor {
    return ops.rsqrt(this);
  },
  reciprocal(this: Tensor): Tensor {
    return ops.reciprocal(this);
  },
  exp(this: Tensor): Tensor {
    return ops.exp(this);
  },
  /** exp(this) - 1, exact near zero */
  expm1(this: Tensor): Tensor {
    return ops.expm1(this);
  },
  log(this: Tensor): Tensor {
    return ops.log(this);
  },
  /** log(1 + this), exact near zero */
  log1p(this: Tensor): Tensor {
    return ops.log1p(this);
  },
  log2(this: Tensor): Tensor {
    return ops.log2(this);
  },
  sin(this: Tensor): Tensor {
    return ops.sin(this);
  },
  cos(this: Tensor): Tensor {
    return ops.cos(this);
  },
  /** The angle of the point (x = other, y = this), in radians. */
  atan2(this: Tensor, other: Tensor): Tensor {
    return ops.atan2(this, other);
  },
  tanh(this: Tensor): Tensor {
    return ops.tanh(this);
  },
  atanh(this: Tensor): Tensor {
    return ops.atanh(this);
  },
  erf(this: Tensor): Tensor {
    return ops.erf(this);
  },
  sigmoid(this: Tensor): Tensor {
    return ops.sigmoid(this);
  },
  relu(this: Tensor): Tensor {
    return ops.relu(this);
  },
  /** @param approximate "tanh" for the cheaper formula of GPT-2 */
  gelu(this: Tensor, approximate: "none" | "tanh" = "none"): Tensor {
    return ops.gelu(this, approximate);
  },
  /** this * sigmoid(this), also called swish */
  silu(this: Tensor): Tensor {
    return ops.silu(this);
  },
  /** log(1 + exp(this)) */
  softplus(this: Tensor): Tensor {
    return ops.softplus(this);
  },
  leakyRelu(this: Tensor, negativeSlope = 0.01): Tensor {
    return ops.leakyRelu(this, negativeSlope);
  },
  elu(this: Tensor, alpha = 1): Tensor {
    return ops.elu(this, alpha);
  },
  floor(this: Tensor): Tensor {
    return ops.floor(this);
  },
  ceil(this: Tensor): Tensor {
    return ops.ceil(this);
  },
  /** To the nearest whole number; halves go to the even one. */
  round(this: Tensor): Tensor {
    return ops.round(this);
  },
  trunc(this: Tensor): Tensor {
    return ops.trunc(this);
  },
  /** Limits to [min, max]; null leaves a side open. */
  clamp(this: Tensor, min: Tensor | number | null, max: Tensor | number | null = null): Tensor {
    if (typeof min !== "object" || typeof max !== "object") {
      if (isTensor(min)) return ops.clampMax(ops.clampMinTensor(this, min), max as number);
      if (isTensor(max)) return ops.clampMaxTensor(ops.clampMin(this, min as number), max);
      return ops.clamp(this, min, max);
    }
    return ops.clampTensor(this, min, max);
  },
  clampMin(this: Tensor, min: Tensor | number): Tensor {
    return typeof min === "number" ? ops.clampMin(this, min) : ops.clampMinTensor(this, min);
  },
  clampMax(this: Tensor, max: Tensor | number): Tensor {
    return typeof max === "number" ? ops.clampMax(this, max) : ops.clampMaxTensor(this, max);
  },
  /** The larger of the two, element by element. */
  maximum(this: Tensor, other: Tensor): Tensor {
    return ops.maximum(this, other);
  },
  /** The smaller of the two, element by element. */
  minimum(this: Tensor, other: Tensor): Tensor {
    return ops.minimum(this, other);
  },

  eq(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.eqScalar(this, other) : ops.eq(this, other);
  },
  ne(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.neScalar(this, other) : ops.ne(this, other);
  },
  lt(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.ltScalar(this, other) : ops.lt(this, other);
  },
  le(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.leScalar(this, other) : ops.le(this, other);
  },
  gt(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.gtScalar(this, other) : ops.gt(this, other);
  },
  ge(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? ops.geScalar(this, other) : ops.ge(this, other);
  },
  logicalNot(this: Tensor): Tensor {
    return ops.logicalNot(this);
  },
  logicalAnd(this: Tensor, other: Tensor): Tensor {
    return ops.logicalAnd(this, other);
  },
  logicalOr(this: Tensor, other: Tensor): Tensor {
    return ops.logicalOr(this, other);
  },
  isnan(this: Tensor): Tensor {
    return ops.isnan(this);
  },
  isfinite(this: Tensor): Tensor {
    return ops.isfinite(this);
  },
  /** Replaces NaN and infinities. */
  nanToNum(this: Tensor, nan = 0, posinf?: number, neginf?: number): Tensor {
    return ops.nanToNum(this, nan, posinf, neginf);
  },
  /** Puts `value` where `mask` is true. */
  maskedFill(this: Tensor, mask: Tensor, value: Tensor | number): Tensor {
    return typeof value === "number"
      ? ops.maskedFillScalar(this, mask, value)
      : ops.maskedFill(this, mask, value);
  },
  /** Keeps this where `condition` is true and takes `other` elsewhere. */
  where(this: Tensor, condition: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number"
      ? ops.whereScalarOther(condition, this, other)
      : ops.whereSelf(condition, this, other);
  },
};

function isTensor(value: Tensor | number | null): value is Tensor {
  return typeof value === "object" && value !== null;
}

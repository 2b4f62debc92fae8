/** How weights begin. Every random one takes a generator, so a seed fixes a model. */
import { noGrad } from "../autograd.ts";
import { rand, zeros } from "../create.ts";
import * as ops from "../generated/ops.ts";
import type { Generator } from "../generator.ts";
import { scope } from "../memory.ts";
import type { Tensor } from "../tensor.ts";

/** Standard deviation of a unit normal cut at two of them. */
const CUT_STD = 0.879_625_661_034_239_78;
/** Probability that a unit normal lies below 2. */
const PHI_2 = 0.977_249_868_051_820_8;

/**
 * Normal values cut at two standard deviations, then widened so that `std` is what the result has. Cutting keeps a
 * rare large weight from dominating a small layer.
 */
export function truncatedNormal(shape: readonly number[], std: number, generator: Generator): Tensor {
  if (std === 0) return zeros(shape);
  return scope(() =>
    noGrad(() => {
      // Inverse CDF: uniform in (2 Phi(-2) - 1, 2 Phi(2) - 1), through erfinv.
      const half = 2 * PHI_2 - 1;
      const uniform = rand(shape, { generator })
        .mul_(2 * half)
        .sub_(half);
      return ops.erfinv_(uniform).mul_((Math.SQRT2 * std) / CUT_STD);
    }),
  );
}

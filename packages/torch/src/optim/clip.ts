/** Gradient clipping. */
import { noGrad } from "../autograd.ts";
import * as ops from "../generated/ops.ts";
import { stack } from "../functional.ts";
import { scope } from "../memory.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Scales all gradients together so that their joint L2 norm is at most `maxNorm`.
 *
 * @returns the norm before; where it is not finite the gradients are left as they are, and the caller should skip the step
 */
export function clipGradNorm(parameters: readonly Tensor[], maxNorm: number): number {
  return noGrad(() =>
    scope(() => {
      const grads = parameters.map((p) => p.grad).filter((grad) => grad !== null);
      if (grads.length === 0) return 0;
      const norm = stack(ops._foreachNormScalar(grads)).norm().item();
      if (Number.isFinite(norm) && norm > maxNorm) ops._foreachMulScalar_(grads, maxNorm / (norm + 1e-6));
      return norm;
    }),
  );
}

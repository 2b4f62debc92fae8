/**
 * Helpers for tests of anything that computes gradients.
 */
import { OrreryError } from "@orrery/core";
import { grads, noGrad } from "./autograd.ts";
import { fromTyped } from "./create.ts";
import { scope } from "./memory.ts";
import type { Tensor } from "./tensor.ts";

export interface GradcheckOptions {
  /** Half the distance between the two points of a central difference; the error falls with its square. */
  readonly step?: number;
  readonly rtol?: number;
  readonly atol?: number;
}

/**
 * Compares autograd's gradients of `fn` with central finite differences. The output is weighted with fixed irregular numbers, so that
 * errors of different elements cannot cancel.
 *
 * @param fn must compute in float64 throughout and give the same for the same input
 * @param inputs float64 tensors; their values are put back afterwards
 * @returns the largest absolute difference
 * @throws {OrreryError} naming the input and element that differ by more than atol + rtol * |difference quotient|
 */
export function gradcheck(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): number {
  const { step = 1e-6, rtol = 1e-5, atol = 1e-7 } = options;
  return scope(() => {
    const leaves = inputs.map((input) => {
      if (input.dtype !== "float64") {
        throw new OrreryError(
          `gradcheck: inputs must be float64, got ${input.dtype}. Differences of 1e-6 vanish in float32.`,
        );
      }
      return input.detach().clone().requiresGrad_();
    });
    const value = (): Tensor => weightedSum(fn(...leaves));
    const analytic = grads([value()], leaves).map((g) => g.toFloat64());

    let worst = 0;
    for (const [i, leaf] of leaves.entries()) {
      for (let j = 0; j < leaf.numel; j++) {
        const numeric = (valueMoved(value, leaf, j, step) - valueMoved(value, leaf, j, -step)) / (2 * step);
        const found = analytic[i]?.[j] ?? Number.NaN;
        const error = Math.abs(found - numeric);
        worst = Math.max(worst, error);
        if (!(error <= atol + rtol * Math.abs(numeric))) {
          throw new OrreryError(
            `gradcheck: the gradient of input ${i} at element ${j} must be ${numeric} (finite differences), got ${found}.`,
          );
        }
      }
    }
    return worst;
  });
}

/** The value with element `j` of `leaf` moved by `by`. */
function valueMoved(value: () => Tensor, leaf: Tensor, j: number, by: number): number {
  return scope(() =>
    noGrad(() => {
      const element = leaf.view([-1]).narrow(0, j, 1);
      const before = element.clone();
      element.add_(by);
      const result = value().item();
      element.copy_(before);
      return result;
    }),
  );
}

/** Weights between 0.5 and 1.5 without a pattern that an operation could share. */
function weightedSum(output: Tensor): Tensor {
  const weights = Float64Array.from({ length: output.numel }, (_, i) => 1 + 0.5 * Math.sin(1 + i * 12.9898));
  return output.mul(fromTyped(weights, output.shape)).sum();
}

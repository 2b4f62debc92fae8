/** Gradient checks for whole modules. */
import type { Tensor } from "../tensor.ts";
import { gradcheck } from "../testing.ts";
import type { Module } from "./module.ts";

/**
 * Compares the gradients of all inputs and parameters with finite differences. The parameters must be float64
 * (`module.to({ dtype: "float64" })`); the module is left with the tensors of the last evaluation, so throw it away.
 *
 * @throws {OrreryError} naming the first element that differs
 */
export function gradcheckModule(
  module: Module,
  inputs: readonly Tensor[],
  forward: (...inputs: Tensor[]) => Tensor,
): void {
  const named = module.namedParameters();
  gradcheck(
    (...leaves) => {
      // The leaves that gradcheck moves take the places of the parameters.
      for (const [i, [path]] of named.entries()) setField(module, path, leaves[inputs.length + i] as Tensor);
      return forward(...leaves.slice(0, inputs.length));
    },
    [...inputs, ...named.map(([, tensor]) => tensor)],
  );
}

function setField(module: Module, path: string, value: Tensor): void {
  const names = path.split(".");
  const last = names.pop() as string;
  let at: unknown = module;
  for (const name of names) at = (at as Record<string, unknown>)[name];
  (at as Record<string, unknown>)[last] = value;
}

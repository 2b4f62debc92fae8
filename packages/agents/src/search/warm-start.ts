/** Receding horizon: what is left of a plan once its first steps have been carried out. */
import { cat, scope, type Tensor } from "@orrery/torch";
import type { WarmStart } from "./search.ts";

/**
 * A found plan as the next search's start: what was carried out is dropped, the end filled with its last action.
 *
 * @param steps carried out since the plan was made
 * @returns null once nothing of the plan is left; the tensors belong to the caller
 */
export function shiftWarmStart({ actions, elites }: WarmStart, steps: number): WarmStart | null {
  if (steps >= actions.size(0)) return null;
  return scope(() => ({
    actions: shift(actions, 0, steps),
    elites: elites === null ? null : shift(elites, 1, steps),
  }));
}

/** Drops `steps` rows of `dim` at the front and repeats the last row at the back. */
function shift(x: Tensor, dim: number, steps: number): Tensor {
  const rows = x.size(dim);
  const last = x.narrow(dim, rows - 1, 1);
  const parts = [x.narrow(dim, steps, rows - steps), ...Array.from({ length: steps }, () => last)];
  return cat(parts, dim);
}

/** Receding horizon: what is left of a plan once its first steps have been carried out. */
import { cat, scope, type Tensor } from "@orrery/torch";
import type { WarmStart } from "./search.ts";

/**
 * A found plan as the next search's start: what was carried out is dropped, the end filled with its last action.
 *
 * @param steps carried out since the plan was made, in rows of the plan. A part of a row, where rows are held for several
 *   control steps, mixes neighbours by the time that each has left; otherwise a plan that is renewed before its first row
 *   is over would begin that row again and again.
 * @returns null once nothing of the plan is left; the tensors belong to the caller
 */
export function shiftWarmStart({ actions, elites }: WarmStart, steps: number): WarmStart | null {
  if (steps >= actions.size(0)) return null;
  return scope(() => ({
    actions: shift(actions, 0, steps),
    elites: elites === null ? null : shift(elites, 1, steps),
  }));
}

function shift(x: Tensor, dim: number, steps: number): Tensor {
  const whole = Math.floor(steps);
  const moved = drop(x, dim, whole);
  return steps === whole ? moved : moved.lerp(drop(x, dim, whole + 1), steps - whole);
}

/** Drops `rows` rows of `dim` at the front and repeats the last one at the back. */
function drop(x: Tensor, dim: number, rows: number): Tensor {
  const size = x.size(dim);
  const gone = Math.min(rows, size - 1);
  const last = x.narrow(dim, size - 1, 1);
  return cat([x.narrow(dim, gone, size - gone), ...Array.from({ length: gone }, () => last)], dim);
}

/**
 * Where a body comes to rest on its way: above a thing, around it, with it in its hand. Between two rests it goes straight
 * to the next, which is what a planner with a short view can do as well.
 *
 * Source: keyframes of demonstrations, James and Davison 2022, arXiv:2105.14829, found there by the speed of the arm and
 * the state of the gripper; here by how much of all that is felt changes.
 *
 * Shapes: P state width.
 */
import type { EpisodeColumns } from "@orrery/data";

/** Below this share of the episode's own pace a body rests: an unsteady hand never stands quite still. */
const REST_SHARE = 0.3;
/** Rests nearer than this are one, in rows. */
const LEAST_ROWS = 2;

/**
 * The last row of every rest up to row `end`, which is the last one itself; without the rest that an episode begins with.
 *
 * @param scale how much each number of the state changes from row to row, [P]; 0 where it never does
 */
export function restsOf({ state, length }: EpisodeColumns, scale: Float32Array, end: number): number[] {
  if (state === null) return [end];
  const P = state.length / length;
  const moved = Float64Array.from({ length: end }, (_, row) => moveOf(state, P, row, scale));
  const pace = rootMeanSquare(moved.filter((each) => each > 0));
  const isResting = (row: number): boolean => (moved[row] as number) < REST_SHARE * pace;
  const rests: number[] = [];
  let hasMoved = false;
  for (let row = 0; row < end; row++) {
    hasMoved ||= !isResting(row);
    const isLast = isResting(row) && (row + 1 === end || !isResting(row + 1));
    if (hasMoved && isLast && row - (rests.at(-1) ?? -Infinity) >= LEAST_ROWS) rests.push(row);
  }
  while (end - (rests.at(-1) ?? -Infinity) < LEAST_ROWS) rests.pop();
  return [...rests, end];
}

/** From a row to the next, in deviations of such changes, root mean square over the numbers that ever change. */
function moveOf(state: Float32Array, P: number, row: number, scale: Float32Array): number {
  const changes: number[] = [];
  for (let i = 0; i < P; i++) {
    const std = scale[i] ?? 0;
    if (std > 0) changes.push(((state[(row + 1) * P + i] as number) - (state[row * P + i] as number)) / std);
  }
  return rootMeanSquare(Float64Array.from(changes));
}

function rootMeanSquare(values: Float64Array): number {
  return values.length === 0
    ? 0
    : Math.sqrt(values.reduce((sum, each) => sum + each * each, 0) / values.length);
}

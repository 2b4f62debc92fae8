/**
 * Where a body comes to rest or turns on its way: above a thing, around it, with it in its hand. Between two such places it
 * goes straight to the next, which is what a planner with a short view can do as well.
 *
 * Source: keyframes of demonstrations, James and Davison 2022, arXiv:2105.14829, found there by the speed of the arm and
 * the state of the gripper; here by how all that is felt changes, where a hand that closes turns from where it was going.
 *
 * Shapes: P state width.
 */
import type { EpisodeColumns } from "@orrery/data";

/** Below this share of the episode's own pace a body rests: an unsteady hand never stands quite still. */
const REST_SHARE = 0.3;
/** Rows before and after a turn over which its two directions are taken. */
const TURN_ROWS = 3;
/** Cosine of the least angle between them. */
const TURN_COSINE = 0.4;
/** Places nearer than this are one, in rows, and in rows at the episode's pace. */
const LEAST_ROWS = 3;
const LEAST_WAY = 2;

/** Rows that a body takes to gather speed: from so many before it moves in earnest it is on its way. */
const START_ROWS = 2;

/** Rows from which on and up to which one looks. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

export interface Rests {
  /** Row that somebody sets off in: people look before they move, and who learnt that as a way would look for ever. */
  readonly start: number;
  readonly rows: readonly number[];
}

/**
 * Rows from `begin` to `end`, which is the last of them: the last of every rest, but for that which it begins with, and
 * the slowest about every turn.
 *
 * @param scale how much each number of the state changes from row to row, [P]; 0 where it never does
 */
export function restsOf({ state, length }: EpisodeColumns, scale: Float32Array, { begin, end }: Span): Rests {
  if (state === null) return { start: begin, rows: [end] };
  const path = new Path(state, state.length / length, scale, { begin, end });
  const rests: number[] = [];
  for (let row = path.firstMove; row < end; row++) {
    const last = rests.at(-1) ?? path.firstMove;
    const isNew = row - last >= LEAST_ROWS && end - row >= LEAST_ROWS && path.isFar(last, row);
    if (isNew && (path.isLastOfRest(row) || path.isTurn(row))) rests.push(row);
  }
  return { start: Math.max(begin, path.firstMove - START_ROWS), rows: [...rests, end] };
}

/** What is felt from row to row, in deviations of such changes. */
class Path {
  /** Row that the body leaves its first place in. */
  readonly firstMove: number;
  readonly #at: (row: number) => readonly number[];
  readonly #pace: number;
  readonly #speed: Float64Array;
  readonly #end: number;

  constructor(state: Float32Array, P: number, scale: Float32Array, { begin, end }: Span) {
    const numbers = Array.from({ length: P }, (_, i) => i).filter((i) => (scale[i] ?? 0) > 0);
    this.#at = (row) => numbers.map((i) => (state[row * P + i] as number) / (scale[i] as number));
    this.#end = end;
    this.#speed = Float64Array.from({ length: end }, (_, row) => norm(this.#change(row, row + 1)));
    const moves = this.#speed.subarray(begin).filter((each) => each > 0);
    this.#pace = Math.sqrt(moves.reduce((sum, each) => sum + each * each, 0) / Math.max(1, moves.length));
    const first = this.#speed.findIndex((_, row) => row >= begin && !this.#isResting(row));
    this.firstMove = first < 0 ? end : first;
  }

  isFar(from: number, to: number): boolean {
    return norm(this.#change(from, to)) >= LEAST_WAY * this.#pace;
  }

  isLastOfRest(row: number): boolean {
    return this.#isResting(row) && (row + 1 === this.#end || !this.#isResting(row + 1));
  }

  /** Where what comes has another direction than what was, without a rest, at the slowest row of those about it. */
  isTurn(row: number): boolean {
    const [from, to] = [row - TURN_ROWS, row + TURN_ROWS];
    if (from < this.firstMove || to > this.#end || this.#isResting(row)) return false;
    const [before, after] = [this.#change(from, row), this.#change(row, to)];
    const least = TURN_ROWS * REST_SHARE * this.#pace;
    if (norm(before) < least || norm(after) < least) return false;
    const slowest = Math.min(...this.#speed.subarray(from, to));
    return this.#speed[row] === slowest && dot(before, after) < TURN_COSINE * norm(before) * norm(after);
  }

  #isResting(row: number): boolean {
    return (this.#speed[row] as number) < REST_SHARE * this.#pace;
  }

  #change(from: number, to: number): readonly number[] {
    const before = this.#at(from);
    return this.#at(to).map((each, i) => each - (before[i] as number));
  }
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, each, i) => sum + each * (b[i] as number), 0);
}

function norm(a: readonly number[]): number {
  return Math.sqrt(dot(a, a));
}

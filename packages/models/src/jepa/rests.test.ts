import type { EpisodeColumns } from "@orrery/data";
import { makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import { restsOf, type Rests } from "./rests.ts";

/** A state of two numbers along a path of moves: rows and what they add per row. */
function path(...moves: readonly (readonly [rows: number, x: number, y: number])[]): EpisodeColumns {
  const state: number[] = [0, 0];
  for (const [rows, x, y] of moves)
    for (let row = 0; row < rows; row++)
      state.push((state.at(-2) as number) + x, (state.at(-1) as number) + y);
  return { state: Float32Array.from(state), length: state.length / 2 } as unknown as EpisodeColumns;
}

const scale = Float32Array.of(0.1, 0.1);

function upTo(end: number, columns: EpisodeColumns, changes = scale): Rests {
  return restsOf(columns, changes, { begin: 0, end });
}

test("a body rests where it stood still after it had moved, and where it came to in the end", () => {
  // Waits, goes, waits, goes another way, ends in motion.
  const columns = path([4, 0, 0], [5, 0.1, 0], [3, 0, 0], [5, 0, 0.1]);
  expect(upTo(17, columns).rows).toEqual([11, 17]);
  expect(upTo(17, columns).start).toBe(2);
  // What comes after the end does not count, and a rest just before it is the end.
  expect(upTo(12, columns).rows).toEqual([12]);
  expect(upTo(7, columns).rows).toEqual([7]);
});

test("a hand that opens moves, though it stays where it is; a number that never changes says nothing", () => {
  const columns = path([5, 0.1, 0], [3, 0, 0], [2, 0, 0.4], [3, 0, 0], [5, 0.1, 0]);
  expect(upTo(18, columns).rows).toEqual([7, 12, 18]);
  expect(upTo(18, columns, Float32Array.of(0.1, 0)).rows).toEqual([12, 18]);
});

test("an unsteady hand rests too, and a slow one does not rest all the time", () => {
  const rng = makeRng(0);
  const columns = path([10, 0.01, 0], [4, 0, 0], [10, 0, 0.01]);
  const trembling = columns.state as Float32Array;
  for (let i = 0; i < trembling.length; i++) trembling[i] = (trembling[i] as number) + rng.normal(0, 0.0005);
  expect(upTo(24, columns).rows).toEqual([13, 24]);
});

test("where it turns at once is a place as well; a bow is none, nor what it does before it is under way", () => {
  const corner = path([6, 0.1, 0], [1, 0.05, 0], [6, 0, 0.1]);
  expect(upTo(13, corner).rows).toEqual([6, 13]);
  const bow = path(
    ...Array.from({ length: 16 }, (_, i) => [1, 0.1 * Math.cos(i / 10), 0.1 * Math.sin(i / 10)] as const),
  );
  expect(upTo(16, bow).rows).toEqual([16]);
  const twitch = path([2, 0, 0.05], [10, 0.1, 0]);
  expect(upTo(12, twitch).rows).toEqual([12]);
});

test("who comes to it later looks first as well: where he stood meanwhile is no place on the way", () => {
  // Somebody gives up where he stands, another one looks for four rows and goes on.
  const columns = path([6, 0.1, 0], [4, 0, 0], [5, 0, 0.1], [3, 0, 0], [4, 0.1, 0]);
  expect(upTo(22, columns).rows).toEqual([9, 17, 22]);
  const after = restsOf(columns, scale, { begin: 6, end: 22 });
  expect(after.rows).toEqual([17, 22]);
  expect(after.start).toBe(8);
});

import { makeRng, TAKEOVER_ROW } from "@orrery/core";
import type { ClipEpisode } from "@orrery/data";
import { expect, test } from "vitest";
import { Habits, type HabitShape } from "./habits.ts";
import { Hindsight } from "./hindsight.ts";

const LENGTH = 40;
const shape: HabitShape = { block: 3, parts: [2, 1], actionWidth: 2, task: null };

/** State and action of row t are made of the episode's number and t, so that what is drawn can be traced. */
interface Given {
  readonly done?: number;
  readonly unknown?: readonly number[];
  readonly stream?: string;
  /** Row from which an operator acted in a fleet's episode. */
  readonly takeoverRow?: number;
}

function episode(id: number, { done, unknown = [], stream = "sim", takeoverRow }: Given = {}) {
  const success = new Uint8Array(LENGTH);
  if (done !== undefined) success.fill(1, done);
  const rows = Array.from({ length: LENGTH }, (_, t) => 100 * id + t);
  const columns = {
    length: LENGTH,
    state: Float32Array.from(rows.flatMap((row) => [row, -row, 0.5])),
    stateMask: new Uint8Array(LENGTH).fill(1),
    action: Float32Array.from(rows.flatMap((row) => [row, 0])),
    actionMask: Uint8Array.from({ length: LENGTH }, (_, t) => (unknown.includes(t) ? 0 : 1)),
    success,
  };
  const labels = takeoverRow === undefined ? {} : { [TAKEOVER_ROW]: takeoverRow };
  const dataset = { episodes: [{ index: id, provenance: { stream, labels } }] };
  return { id, index: id, dataset, from: 0, length: LENGTH, columns } as unknown as ClipEpisode;
}

/** Every draw, taken apart. */
function drawn(episodes: readonly ClipEpisode[], of: HabitShape = shape) {
  const B = 2000;
  const habits = new Habits(episodes, new Hindsight(episodes), of);
  const { state, goal, isTold, action } = habits.draw(B, makeRng(4));
  return Array.from({ length: B }, (_, b) => ({
    from: state[3 * b] as number,
    to: goal[3 * b] as number,
    told: [...isTold.subarray(3 * b, 3 * b + 3)].join(""),
    actions: [0, 1, 2].map((k) => action[2 * (3 * b + k)]),
  }));
}

test("actions follow their state, and the goal is what was asked for or where the body was a little later", () => {
  const all = drawn([episode(1, { done: 20 }), episode(2)]);
  for (const { from, actions } of all) expect(actions).toEqual([from, from + 1, from + 2]);
  const asked = all.filter((_, b) => b % 2 === 0);
  // The last row of the first success; what comes after is no longer a way to it.
  expect(new Set(asked.map(({ to }) => to))).toEqual(new Set([139]));
  expect(Math.max(...asked.map(({ from }) => from))).toBe(136); // three actions must follow
  const later = all.filter((_, b) => b % 2 === 1);
  for (const { from, to } of later) {
    expect(to).toBeGreaterThan(from);
    expect(to - from).toBeLessThanOrEqual(15);
    expect(Math.floor(to / 100)).toBe(Math.floor(from / 100));
  }
  expect(new Set(later.map(({ from }) => Math.floor(from / 100)))).toEqual(new Set([1, 2]));
});

test("a part of the goal is told as a whole or not at all, and some part always is", () => {
  const counts = new Map<string, number>();
  for (const { told } of drawn([episode(1)])) counts.set(told, (counts.get(told) ?? 0) + 1);
  expect([...counts.keys()].toSorted()).toEqual(["001", "110", "111"]);
  // Half of the draws tell one part; of the others a second one comes in half of the time.
  for (const [told, share] of [
    ["001", 0.375],
    ["110", 0.375],
    ["111", 0.25],
  ] as const)
    expect(Math.abs((counts.get(told) ?? 0) / 2000 - share)).toBeLessThan(0.05);
});

test("what was asked for is mostly told in the parts that a task is about, and nothing else is", () => {
  const all = drawn([episode(1, { done: 20 })], { ...shape, task: [false, false, true] });
  const shareOf = (odd: number): number =>
    all.filter(({ told }, b) => b % 2 === odd && told === "001").length / 1000;
  // Three draws of four, and of the fourth as many as ever.
  expect(Math.abs(shareOf(0) - (0.75 + 0.25 * 0.375))).toBeLessThan(0.05);
  expect(Math.abs(shareOf(1) - 0.375)).toBeLessThan(0.05);
});

test("moments whose actions are not all known are left out, and with none there is nothing to learn", () => {
  const holes = drawn([episode(1, { unknown: [10] })]);
  const froms = new Set(holes.map(({ from }) => from));
  for (const from of [108, 109, 110]) expect(froms.has(from)).toBe(false);
  expect(froms.has(107)).toBe(true);
  const blind = [episode(1, { unknown: Array.from({ length: LENGTH }, (_, t) => t) })];
  expect(new Habits(blind, new Hindsight(blind), shape).isEmpty).toBe(true);
});

test("how a task is done is learnt from demonstrations, where things lie from fleets as well", () => {
  const all = drawn([episode(1, { done: 20 }), episode(3, { done: 30, stream: "fleet" })]);
  const ofFleet = all.filter(({ from }) => from >= 300);
  expect(ofFleet.length).toBeGreaterThan(300); // half of the hindsight half
  for (const { from, to } of ofFleet) expect(to - from).toBeLessThanOrEqual(15);
});

test("from where an operator took over a fleet's episode, it is a demonstration", () => {
  const all = drawn([episode(3, { done: 30, stream: "fleet", takeoverRow: 18 })]);
  const asked = all.filter((_, b) => b % 2 === 0);
  expect(new Set(asked.map(({ to }) => to))).toEqual(new Set([339]));
  expect(Math.min(...asked.map(({ from }) => from))).toBe(318);
  // Pieces of all of it are ways to where they led.
  expect(Math.min(...all.map(({ from }) => from))).toBe(300);
});

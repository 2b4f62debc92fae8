import { TAKEOVER_ROW } from "@orrery/core";
import type { ClipEpisode } from "@orrery/data";
import { expect, test } from "vitest";
import { Hindsight } from "./hindsight.ts";

interface Given {
  readonly until?: number;
  readonly felt?: boolean;
  readonly stream?: string;
  readonly takeover?: number;
  /** Rows in which the number stays as it is. */
  readonly rests?: readonly number[];
}

/** An episode of one state number, which counts its rows; done in the steps that leave rows `done` up to `until`. */
function episode(
  id: number,
  length: number,
  done: number | null,
  { until = length - 1, felt = true, stream = "sim", takeover, rests = [] }: Given = {},
): ClipEpisode {
  const success = new Uint8Array(length);
  if (done !== null) success.fill(1, done, until + 1);
  const columns = {
    length,
    state: felt
      ? Float32Array.from({ length }, (_, t) => 100 * id + t - rests.filter((row) => row < t).length)
      : null,
    stateMask: new Uint8Array(length).fill(felt ? 1 : 0),
    success,
  };
  const labels = takeover === undefined ? {} : { [TAKEOVER_ROW]: takeover };
  const dataset = { episodes: [{ index: id, provenance: { stream, labels } }] };
  return { id, index: id, dataset, from: 0, length, columns } as unknown as ClipEpisode;
}

test("an episode's goal is what was felt at the end of its first success", () => {
  const hindsight = new Hindsight([
    episode(1, 10, 2, { until: 4 }), // the step that leaves row 4 leads to row 5
    episode(2, 10, null),
    episode(3, 10, 6), // the last row's outcome was not observed: the last row stands for it
    episode(4, 10, 2, { felt: false }),
  ]);
  const goals = [1, 2, 3, 4, 9].map((id) => hindsight.stagesOf(id).flatMap(({ goal }) => [...goal]));
  expect(goals).toEqual([[105], [], [309], [], []]);
});

test("the scale of goals is that of all episodes that came to one", () => {
  const hindsight = new Hindsight([episode(1, 10, 2, { until: 4 }), episode(2, 10, null), episode(3, 10, 6)]);
  expect(Array.from(hindsight.moments?.mean ?? [])).toEqual([207]); // of 105 and 309
  expect(Array.from(hindsight.moments?.std ?? [])).toEqual([102]);
  expect(new Hindsight([episode(2, 10, null)]).moments).toBeNull();
});

test("goals on the way are where it rested, each asked for where it rested before", () => {
  const own = episode(1, 30, 24, { until: 26, rests: [8, 9, 17, 18] });
  const hindsight = new Hindsight([own], "rests");
  const told = hindsight.stagesOf(1).map(({ from, to, start, goal }) => [from, to, start[0], goal[0]]);
  expect(told).toEqual([
    [0, 9, 100, 108],
    [9, 18, 108, 115],
    [18, 27, 115, 123],
  ]);
  const next = [0, 8, 9, 26, 27].map((row) => hindsight.nextGoal(1, row)?.[0]);
  expect(next).toEqual([108, 108, 115, 123, undefined]);
  // Each goal counts once in their scale.
  expect(hindsight.moments?.mean[0]).toBeCloseTo((108 + 115 + 123) / 3, 4);
});

test("of each stage one moment is known in which most of the way was still to be gone", () => {
  const many = Array.from({ length: 12 }, (_, i) =>
    episode(i + 1, 30, 24, { until: 26, rests: [8, 9, 17, 18], ...(i === 11 ? { takeover: 9 } : {}) }),
  );
  const hindsight = new Hindsight(many, "rests");
  const shares = many.slice(0, -1).flatMap(({ id }) => {
    const ways = hindsight.waysOf(id);
    expect(ways.map(({ to, goal }) => [to, goal[0]])).toEqual(
      hindsight.stagesOf(id).map(({ to, goal }) => [to, goal[0]]),
    );
    return ways.map(({ from, start }, i) => {
      const stage = hindsight.stagesOf(id)[i]!;
      // It is what was felt there: the number counts the rows in which it did not rest.
      expect(start[0]).toBe(100 * id + from - [8, 9, 17, 18].filter((row) => row < from).length);
      return (from - stage.from) / (stage.to - stage.from);
    });
  });
  expect(Math.min(...shares)).toBeGreaterThan(0.09);
  expect(Math.max(...shares)).toBeLessThan(0.67); // rows are whole
  expect(new Set(shares).size).toBeGreaterThan(4);
  // Before somebody took over nobody knew the way.
  expect(hindsight.stagesOf(12).map(({ from, to }) => [from, to])).toEqual([
    [0, 18],
    [9, 18],
    [18, 27],
  ]);
  expect(hindsight.waysOf(12).map(({ to }) => to)).toEqual([18, 27]);
  // Where the end alone is told, nobody is asked on the way.
  expect(new Hindsight(many).waysOf(1)).toEqual([]);
});

test("of a fleet's episode only what the operator did who took over shows the way", () => {
  const given = { until: 26, rests: [8, 9, 17, 18], stream: "fleet" };
  const alone = new Hindsight([episode(1, 30, 24, given)], "rests");
  expect(alone.stagesOf(1)).toEqual([]);
  const helped = [episode(1, 30, 24, { ...given, takeover: 12 })];
  const rowsOf = (kind: "rests" | "end") =>
    new Hindsight(helped, kind).stagesOf(1).map(({ from, to }) => [from, to]);
  // What was next at the start is what came of it in the end.
  expect(rowsOf("rests")).toEqual([
    [0, 18],
    [12, 18],
    [18, 27],
  ]);
  expect(rowsOf("end")).toEqual([
    [0, 27],
    [12, 27],
  ]);
});

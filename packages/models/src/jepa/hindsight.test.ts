import type { ClipEpisode } from "@orrery/data";
import { expect, test } from "vitest";
import { Hindsight } from "./hindsight.ts";

/** An episode of one state number, which counts its rows; done in the steps that leave rows `done` up to `until`. */
function episode(
  id: number,
  length: number,
  done: number | null,
  { until = length - 1, felt = true } = {},
): ClipEpisode {
  const success = new Uint8Array(length);
  if (done !== null) success.fill(1, done, until + 1);
  const columns = {
    length,
    state: felt ? Float32Array.from({ length }, (_, t) => 100 * id + t) : null,
    stateMask: new Uint8Array(length).fill(felt ? 1 : 0),
    success,
  };
  return { id, from: 0, length, columns } as unknown as ClipEpisode;
}

test("an episode's goal is what was felt at the end of its first success", () => {
  const hindsight = new Hindsight([
    episode(1, 10, 2, { until: 4 }), // the step that leaves row 4 leads to row 5
    episode(2, 10, null),
    episode(3, 10, 6), // the last row's outcome was not observed: the last row stands for it
    episode(4, 10, 2, { felt: false }),
  ]);
  const goals = [1, 2, 3, 4, 9].map((id) => Array.from(hindsight.goalOf(id) ?? []));
  expect(goals).toEqual([[105], [], [309], [], []]);
});

test("the scale of goals is that of all episodes that came to one", () => {
  const hindsight = new Hindsight([episode(1, 10, 2, { until: 4 }), episode(2, 10, null), episode(3, 10, 6)]);
  expect(Array.from(hindsight.moments?.mean ?? [])).toEqual([207]); // of 105 and 309
  expect(Array.from(hindsight.moments?.std ?? [])).toEqual([102]);
  expect(new Hindsight([episode(2, 10, null)]).moments).toBeNull();
});

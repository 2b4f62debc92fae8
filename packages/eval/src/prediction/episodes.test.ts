import { makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import { makeEpisode, SIDE, squareFacts } from "../testing.ts";
import { chooseWindows, contextOf, shuffledPartners } from "./episodes.ts";

const episodes = [10, 3, 25].map((length, index) => makeEpisode(index, length, (row) => index * 50 + row));

test("all windows that fit are taken where few are enough", () => {
  const windows = chooseWindows(episodes, 8, 100, makeRng(0, "w"));
  const places = windows.map(({ episode, start }) => [episode.index, start]);
  expect(places.filter(([index]) => index === 0)).toEqual([
    [0, 0],
    [0, 1],
    [0, 2],
  ]); // 8 of 10 rows
  expect(places.some(([index]) => index === 1)).toBe(false); // too short
  expect(places.at(-1)).toEqual([2, 17]);
  expect(places).toHaveLength(3 + 18);
});

test("fewer windows are spread evenly, the same for the same seed", () => {
  const long = [makeEpisode(0, 307, () => 0)];
  const starts = (seed: number): number[] =>
    chooseWindows(long, 8, 30, makeRng(seed, "w")).map(({ start }) => start);
  const chosen = starts(1);
  expect(chosen).toHaveLength(30);
  for (let i = 1; i < 30; i++) expect((chosen[i] as number) - (chosen[i - 1] as number)).toBe(10); // 300 / 30
  expect(starts(1)).toEqual(chosen);
  expect(new Set([1, 2, 3, 4, 5].map((seed) => starts(seed)[0])).size).toBeGreaterThan(1);
});

test("a window that fits nowhere is refused with both lengths", () => {
  expect(() => chooseWindows(episodes, 26, 4, makeRng(0, "w"))).toThrow(
    "windows of 26 rows must fit into an episode, the longest has 25. Ask for a shorter horizon.",
  );
});

test("a batch holds the rows of each window, and nothing where nothing was recorded", () => {
  const [first, , third] = episodes as [(typeof episodes)[0], unknown, (typeof episodes)[0]];
  const blind = { ...third, columns: { ...third.columns, action: null, actionMask: new Uint8Array(25) } };
  const windows = [
    { episode: first, start: 1 },
    { episode: blind, start: 4 },
  ];
  const batch = contextOf(windows, 2, 3, squareFacts, { height: SIDE, width: SIDE });
  const bytes = SIDE * SIDE * 3;
  expect([0, 1, 2, 3, 4, 5].map((i) => batch.frames[i * bytes])).toEqual([3, 4, 5, 106, 107, 108]);
  expect([...batch.state]).toEqual([6, 7, 8, 9, 10, 11, 2012, 2013, 2014, 2015, 2016, 2017]);
  expect([...batch.action]).toEqual([-6, -7, -8, -9, -10, -11, 0, 0, 0, 0, 0, 0]);
  expect([...batch.actionMask]).toEqual([1, 1, 1, 0, 0, 0]);
  expect([...batch.stateMask]).toEqual([1, 1, 1, 1, 1, 1]);
});

test("shuffled actions come from other episodes, and from none where there is but one", () => {
  const windows = chooseWindows(episodes, 8, 12, makeRng(0, "w"));
  const partners = shuffledPartners(windows, makeRng(1, "p")) ?? [];
  expect(partners).toHaveLength(windows.length);
  for (const [i, j] of partners.entries()) expect(windows[j]?.episode).not.toBe(windows[i]?.episode);
  expect(shuffledPartners(windows, makeRng(1, "p"))).toEqual(partners);
  const alone = windows.filter(({ episode }) => episode.index === 2);
  expect(shuffledPartners(alone, makeRng(1, "p"))).toBeNull();
});

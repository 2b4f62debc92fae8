import { liveTensorCount } from "@orrery/torch";
import { expect, test } from "vitest";
import { makeEpisode, SIDE } from "../testing.ts";
import { NearestSearch } from "./nearest.ts";

const size = { height: SIDE, width: SIDE };
/** A pattern of its own for every number. */
const pattern = (n: number, i: number): number => (n * 53 + Math.floor(i / 96) * (n % 7) * 3) % 256;

test("the planted moment is found, whatever its episode, and what followed it is the prediction", () => {
  const query = makeEpisode(9, 12, (row, i) => pattern(500 + row, i));
  const training = [0, 1, 2].map((index) =>
    makeEpisode(index, 20, (row, i) => {
      // Rows 7 and 8 of episode 1 look like rows 5 and 6 of the query; row 6 alone also stands in episode 0.
      if (index === 1 && (row === 7 || row === 8)) return pattern(500 + row - 2, i);
      if (index === 0 && row === 11) return pattern(506, i);
      return pattern(100 * index + row, i);
    }),
  );
  const before = liveTensorCount();
  const search = new NearestSearch({
    windows: [{ episode: query, start: 3 }],
    contextRows: 4, // rows 3 to 6
    horizon: 3,
    size,
  });
  for (const episode of training) search.search(episode);
  expect(search.found).toEqual([{ episode: 1, row: 8 }]);
  const bytes = SIDE * SIDE * 3;
  expect(search.continuations?.[0]).toEqual(training[1]?.frames.slice(9 * bytes, 12 * bytes));
  search.free();
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
});

test("a moment too near its episode's end does not count, nor does an episode that is too short", () => {
  const query = makeEpisode(9, 4, () => 200);
  const search = new NearestSearch({
    windows: [{ episode: query, start: 0 }],
    contextRows: 2,
    horizon: 4,
    size,
  });
  search.search(makeEpisode(0, 5, () => 200)); // needs a row before, one to match, and 4 after
  expect(search.continuations).toBeNull();
  search.search(makeEpisode(1, 8, (row) => (row >= 4 ? 200 : row))); // the best match has 3 rows after it
  expect(search.found).toEqual([{ episode: 1, row: 3 }]);
  search.free();
});

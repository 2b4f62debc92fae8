import { expect, test } from "vitest";
import { episodeList, positiveNumber, positiveWhole, wholeNumber } from "./options.ts";

test("episode lists take single indices and closed ranges, sorted and once each", () => {
  expect(episodeList("3")).toEqual([3]);
  expect(episodeList("0-3,7, 9 - 11,2")).toEqual([0, 1, 2, 3, 7, 9, 10, 11]);
});

test.each(["", "a-b", "1-", "-3", "4-2", "1,,2"])("the episode list %j is refused", (text) => {
  expect(() => episodeList(text)).toThrow(/episodes as|backwards/);
});

test("numbers that are not what the option needs are refused with what was found", () => {
  expect(wholeNumber("12")).toBe(12);
  expect(() => wholeNumber("1.5")).toThrow('got "1.5"');
  expect(() => positiveWhole("0")).toThrow("1 or more");
  expect(positiveNumber("0.5")).toBe(0.5);
  for (const text of ["0", "-1", "x", " ", "Infinity"]) expect(() => positiveNumber(text)).toThrow("above 0");
});

import { expect, test } from "vitest";
import { didYouMean } from "./suggest.ts";

const TASKS = ["reach", "push", "pick", "put-in-bowl", "put-on-shelf", "open-drawer", "close-drawer"];

test.each([
  ["reahc", "reach"], // two letters swapped
  ["Push", "push"],
  ["puch", "push"],
  ["drawer", "open-drawer"], // part of two names: the first
  ["put-in-bowls", "put-in-bowl"],
])("%s is near %s", (typed, meant) => {
  expect(didYouMean(typed, TASKS)).toBe(` Did you mean "${meant}"?`);
});

test.each(["juggle", "", "xx", "quicksort"])("nothing is near %j", (typed) => {
  expect(didYouMean(typed, TASKS)).toBe("");
});

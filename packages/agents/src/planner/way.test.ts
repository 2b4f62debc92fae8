import { expect, test } from "vitest";
import { Way, type Distance } from "./way.ts";

const options = { arrival: 0.1, patience: 3, redrawEvery: Infinity };

/** A hand that comes near and opens or closes at once as far as it should. */
const alike = (distances: readonly number[]): Distance[] =>
  distances.map((distance) => ({ counted: distance, told: distance }));

test("what is next is asked where a goal is reached and all has settled, or is come no nearer to", () => {
  const way = new Way(options);
  const told = alike([0.9, 0.5, 0.09, 0.09, 0.089, 0.8, 0.795, 0.81, 0.9]).map((each) => way.take(each));
  expect(told).toEqual(["go on", "go on", "go on", "go on", "ask", "go on", "go on", "go on", "ask"]);
});

test("a hand that is in its place goes on opening; one that neither moves nor opens is stuck", () => {
  const way = new Way(options);
  const opening = [0.9, 0.7, 0.5, 0.3, 0.3, 0.3].map((told) => way.take({ counted: 0.05, told }));
  expect(opening).toEqual(["go on", "go on", "go on", "go on", "go on", "ask"]);
  const stuck = [0.9, 0.8, 0.7, 0.7, 0.7, 0.7].map((told) => way.take({ counted: 0.5, told }));
  expect(stuck).toEqual(["go on", "go on", "go on", "go on", "go on", "ask"]);
});

test("who is stuck is so until he gets on", () => {
  const way = new Way(options);
  const wasStuck = [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.5, 0.4].map((told) => {
    way.take({ counted: 0.05, told });
    return way.isStuck;
  });
  // In its place with a hand that does not open: asked after two steps without change.
  expect(wasStuck).toEqual([false, false, true, true, true, true, true, false]);
  alike([0.5, 0.05, 0.05, 0.05]).forEach((each) => way.take(each));
  expect(way.isStuck).toBe(false); // it is there
});

test("another place is tried every so often, counted anew for every goal", () => {
  const way = new Way({ ...options, patience: Infinity, redrawEvery: 4 });
  const told = alike([0.05, 0.05, 0.05, 0.9, 0.8, 0.7, 0.6, 0.5]).map((each) => way.take(each));
  expect(told).toEqual(["go on", "go on", "ask", "go on", "go on", "go on", "draw", "go on"]);
});

test("where there are no goals on the way nothing is asked again", () => {
  const way = new Way({ ...options, redrawEvery: 4 });
  const told = Array.from({ length: 8 }, () => way.take(null));
  expect(told).toEqual(["go on", "go on", "go on", "draw", "go on", "go on", "go on", "draw"]);
});

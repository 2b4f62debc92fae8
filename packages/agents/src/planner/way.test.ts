import { expect, test } from "vitest";
import { Way } from "./way.ts";

const options = { arrival: 0.1, patience: 3, redrawEvery: 4 };

test("what is next is asked where a goal is reached, or is come no nearer to", () => {
  const way = new Way(options);
  const told = [0.9, 0.5, 0.09, 0.8, 0.795, 0.81, 0.9].map((distance) => way.take(distance));
  expect(told).toEqual(["go on", "go on", "ask", "go on", "go on", "go on", "ask"]);
});

test("another place is tried every so often, counted anew for every goal", () => {
  const way = new Way({ ...options, patience: Infinity });
  const distances = [0.9, 0.8, 0.05, 0.9, 0.8, 0.7, 0.6, 0.5];
  const told = distances.map((distance) => way.take(distance));
  expect(told).toEqual(["go on", "go on", "ask", "go on", "go on", "go on", "draw", "go on"]);
});

test("where there are no goals on the way nothing is asked again", () => {
  const way = new Way(options);
  const told = Array.from({ length: 8 }, () => way.take(Infinity));
  expect(told).toEqual(["go on", "go on", "go on", "draw", "go on", "go on", "go on", "draw"]);
});

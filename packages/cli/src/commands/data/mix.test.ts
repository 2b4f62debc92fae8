import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parseMix } from "./mix.ts";

test("datasets, episodes and weights are told apart", () => {
  expect(parseMix("kitchen=store/a@0-3,7,9-11:2,store/b:0.5,c", { streams: "teleop=3,sim=1" })).toEqual({
    name: "kitchen",
    streams: { teleop: 3, sim: 1 },
    sources: [
      { dataset: resolve("store/a"), episodes: "0-3,7,9-11", weight: 2 },
      { dataset: resolve("store/b"), weight: 0.5 },
      { dataset: resolve("c") },
    ],
  });
  expect(parseMix("x=a", { all: true }).sources).toEqual([{ dataset: resolve("a"), curated: false }]);
});

test("wrong use says what is right", () => {
  expect(() => parseMix("store/a", {})).toThrow("NAME=DATASET[@EPISODES][:WEIGHT]");
  expect(() => parseMix("x=a,,b", {})).toThrow('a dataset must be named, got ""');
  expect(() => parseMix("x=a", { streams: "robot=1" })).toThrow('got "robot=1"');
  expect(() => parseMix("x=a", { streams: "sim=-1" })).toThrow("weights above 0");
});

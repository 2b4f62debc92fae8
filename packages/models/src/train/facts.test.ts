import { DataError } from "@orrery/core";
import type { DatasetReader } from "@orrery/data";
import { expect, test } from "vitest";
import { streamFacts, withCameras } from "./facts.ts";
import type { TrainingSource } from "./latent-store.ts";

/** As much of a dataset as facts are read from. */
function source(seen: readonly string[], named?: readonly string[]): TrainingSource {
  const part = (name: string, width: number): object => ({ name, width, unit: "1" });
  const dataset = {
    cameras: seen.map((name) => ({ name, isDepth: name.endsWith("depth") })),
    embodiment: { state: [part("joints", seen.length)], action: [part("joints", 2 * seen.length)] },
    features: [],
    fps: 10,
    files: { root: `store/${seen.join("-")}` },
  } as unknown as DatasetReader;
  return { dataset, ...(named === undefined ? {} : { cameras: named }) };
}

test("without a word on cameras, those that all sources have are learnt from", () => {
  const facts = streamFacts([source(["head", "wrist", "head_depth"]), source(["wrist", "room"])]);
  expect(facts).toMatchObject({ cameras: ["wrist"], stateWidth: 3, actionWidth: 6 });
  expect(() => streamFacts([source(["head"]), source(["wrist"])])).toThrow(/share a camera, got head; wrist/);
});

test("sources that name their own cameras keep them, whatever they are called", () => {
  const sources = [source(["head"]), source(["left_wrist", "right_wrist"], ["right_wrist"])];
  const facts = streamFacts(sources);
  expect(facts.cameras).toEqual(["head"]);
  expect(withCameras(sources, facts).map(({ cameras }) => cameras)).toEqual([["head"], ["right_wrist"]]);
});

test("a list asked for overrules what sources name", () => {
  const sources = [source(["head", "wrist"], ["wrist"]), source(["head"])];
  const facts = streamFacts(sources, ["head"]);
  expect(withCameras(sources, facts, ["head"]).map(({ cameras }) => cameras)).toEqual([["head"], ["head"]]);
});

test("lists of different lengths are refused with both", () => {
  const sources = [source(["head", "wrist"], ["head", "wrist"]), source(["room"], ["room"])];
  expect(() => streamFacts(sources)).toThrow(DataError);
  expect(() => streamFacts(sources)).toThrow(/store\/room names room and the others give head\+wrist/);
});

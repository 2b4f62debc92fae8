import { expect, test } from "vitest";
import type { DatasetReader } from "../reader.ts";
import { pairCameras } from "./pair-cameras.ts";

/** As much of a dataset as the question needs: names of cameras that have pictures. */
function view(path: string, ...names: string[]) {
  const dataset = {
    cameras: names.map((name) => ({ name, isDepth: false })),
    episodes: [{ cameras: Object.fromEntries(names.map((name) => [name, {}])) }],
  };
  return { path, dataset: dataset as unknown as DatasetReader };
}

function pair(...views: { path: string; dataset: DatasetReader; cameras?: readonly string[] }[]) {
  const notes: string[] = [];
  return { cameras: pairCameras(views, notes).map(({ cameras }) => cameras), notes };
}

test("single cameras of other names stand for the same view, and that is said", () => {
  const { cameras, notes } = pair(view("web", "image"), view("arm", "top"));
  expect(cameras).toEqual([["image"], ["top"]]);
  expect(notes).toEqual(["no camera name is shared; taken for the same view: image of web, top of arm."]);
});

test("a shared name, cameras that are named already and datasets without pictures are left alone", () => {
  expect(pair(view("a", "head", "wrist"), view("b", "head"))).toEqual({
    cameras: [undefined, undefined],
    notes: [],
  });
  expect(pair({ ...view("a", "x"), cameras: ["x"] }, view("b", "y")).cameras).toEqual([["x"], undefined]);
  expect(pair(view("a"), view("b", "y"))).toEqual({ cameras: [undefined, undefined], notes: [] });
});

test("several cameras leave the choice to the user", () => {
  const { cameras, notes } = pair(view("a", "left", "right"), view("b", "front"));
  expect(cameras).toEqual([undefined, undefined]);
  expect(notes.join()).toMatch(/no camera is shared \(left\+right of a, front of b\): name `cameras`/);
});

import { tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { Normalizer } from "./normalizer.ts";

test("scales to mean 0 and deviation 1 and back", () => {
  const scale = new Normalizer(2);
  scale.set({ mean: [10, -4], std: [2, 0.5] });
  const x = tensor([
    [12, -4.5],
    [10, -3],
  ]);
  expect(scale.normalize(x).toArray()).toEqual([
    [1, -1],
    [0, 2],
  ]);
  expect(scale.denormalize(scale.normalize(x)).toArray()).toEqual(x.toArray());
});

test("numbers that never change, or of which nothing is known, keep their unit", () => {
  const scale = new Normalizer(3);
  scale.set({ mean: [5, 5, 5], std: [0, Number.NaN, 1e-9] });
  expect(scale.normalize(tensor([6, 6, 6])).toArray()).toEqual([1, 1, 1]);
});

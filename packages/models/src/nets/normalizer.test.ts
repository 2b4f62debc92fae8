import { tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { Normalizer, STATE_LIMIT } from "./normalizer.ts";

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

test("a number that hardly varied is cut off when it moves at last, so that it drowns nothing", () => {
  const measured = { mean: [0.5, 0], std: [2e-4, 1] };
  const far = tensor([
    [1.5, 3],
    [-0.5, 3],
  ]);
  const state = new Normalizer(2, STATE_LIMIT);
  state.set(measured);
  // Uncut it would be 5,000 deviations, and the mean squared error 12 million times that of the second number's.
  expect(state.normalize(far).toArray()).toEqual([
    [10, 3],
    [-10, 3],
  ]);
  expect(state.normalize(tensor([[0.5004, -9.5]])).toArray()[0]).toEqual([expect.closeTo(2, 2), -9.5]);
  const free = new Normalizer(2);
  free.set(measured);
  expect((free.normalize(far).toArray() as number[][])[0]?.[0]).toBeCloseTo(5000, -1);
});

test("what was never measured says so", () => {
  const scale = new Normalizer(2);
  expect(scale.isSet).toBe(false);
  scale.set({ mean: [0, 0], std: [0, 0.5] });
  expect(scale.isSet).toBe(true);
});

test("numbers that never change, or of which nothing is known, keep their unit", () => {
  const scale = new Normalizer(3);
  scale.set({ mean: [5, 5, 5], std: [0, Number.NaN, 1e-9] });
  expect(scale.normalize(tensor([6, 6, 6])).toArray()).toEqual([1, 1, 1]);
});

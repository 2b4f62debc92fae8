import { expect, test } from "vitest";
import { fitBatch } from "./pace.ts";

/** 10 ms a step and 2 ms an observation, after 5 s of set-up. */
const tries = [4, 16, 48].map((batch) => ({ batch, secPerStep: 0.01 + 0.002 * batch, setUpSec: 5 }));

test("the batch is read off the line, the set-up left out", () => {
  // 205 s leave 200 for 1000 steps: 200 ms each, so 95 observations.
  expect(fitBatch(tries, { steps: 1000, seconds: 205 })).toMatchObject({ batch: 95, secPerStep: 0.2 });
});

test("a batch is at least 1 and at most 512, and a machine on which size costs nothing takes the most", () => {
  expect(fitBatch(tries, { steps: 100_000, seconds: 100 }).batch).toBe(1);
  expect(fitBatch(tries, { steps: 10, seconds: 1000 }).batch).toBe(512);
  const flat = tries.map((t) => ({ ...t, secPerStep: 0.01 }));
  expect(fitBatch(flat, { steps: 1000, seconds: 20 }).batch).toBe(512);
});

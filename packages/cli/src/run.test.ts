import { expect, test } from "vitest";
import { snakeKeys } from "./run.ts";

test("keys become snake_case at every depth, values and other keys stay", () => {
  expect(
    snakeKeys({ successRate: 1, a: [{ freeBytes: 2 }, "someText"], OMP_NUM_THREADS: null, x2Y: { z: null } }),
  ).toEqual({
    success_rate: 1,
    a: [{ free_bytes: 2 }, "someText"],
    OMP_NUM_THREADS: null,
    x2_y: { z: null },
  });
});

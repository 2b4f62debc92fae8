import type { Rollout } from "@orrery/models";
import { tensor, zeros } from "@orrery/torch";
import { expect, test } from "vitest";
import { imageObjective } from "./objective.ts";
import { PLANNER_DEFAULTS } from "./options.ts";

/** Two plans of one step, of which each is one off in another number of the embedding. */
const futures = {
  embedding: tensor([1, 0, 0, 1]).view([2, 1, 2]),
  surprise: zeros([2, 1]),
} as unknown as Rollout;

test("how far off a goal picture is counts each number by its weight", () => {
  const goal = zeros([2]);
  const costs = (weights: Parameters<typeof imageObjective>[1]): number[] => [
    ...imageObjective(goal, weights, PLANNER_DEFAULTS)(futures).toFloat64(),
  ];
  expect(costs(null)).toEqual([0.5, 0.5]);
  expect(costs(tensor([1.5, 0.5]))).toEqual([0.75, 0.25]);
});

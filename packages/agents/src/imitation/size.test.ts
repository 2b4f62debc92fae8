import { UsageError } from "@orrery/core";
import { expect, test } from "vitest";
import { loadPolicyConfig } from "./config.ts";
import { sizedTo } from "./size.ts";
import { moverFacts } from "./testing.ts";

test.each([600_000, 1_500_000, 6_000_000])(
  "a policy of %i parameters is found within a percent",
  (target) => {
    const { config, parameters } = sizedTo(loadPolicyConfig("vla-tiny"), moverFacts(), target);
    expect(Math.abs(parameters / target - 1)).toBeLessThan(0.01);
    expect(config.trunk.width).toBe(config.numHeads * config.headWidth);
  },
);

test("a size too small for the shape is refused", () => {
  expect(() => sizedTo(loadPolicyConfig("vla-tiny"), moverFacts(), 10_000)).toThrow(UsageError);
});

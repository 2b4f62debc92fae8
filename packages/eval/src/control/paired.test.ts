import { expect, test } from "vitest";
import { countPairs, mcnemarExact, newcombePaired } from "./paired.ts";

test("pairs are counted by who succeeded", () => {
  const counts = countPairs([true, true, false, false, true], [true, false, true, false, false]);
  expect(counts).toEqual({ both: 1, onlyFirst: 2, onlySecond: 1, neither: 1 });
});

test("Newcombe's interval of paired rates agrees with the worked example", () => {
  // Altman et al. 2000, Statistics with Confidence, chapter 6: 41 pairs, difference 0.122, 95 % interval 0.011 to 0.226.
  const [low, high] = newcombePaired({ both: 14, onlyFirst: 5, onlySecond: 0, neither: 22 });
  expect(low).toBeCloseTo(0.011, 3);
  expect(high).toBeCloseTo(0.226, 3);
});

test("the interval turns round with the policies and does not vanish when all agree", () => {
  const [low, high] = newcombePaired({ both: 10, onlyFirst: 12, onlySecond: 3, neither: 5 });
  const [swappedLow, swappedHigh] = newcombePaired({ both: 10, onlyFirst: 3, onlySecond: 12, neither: 5 });
  expect([swappedLow, swappedHigh]).toEqual([-high, -low]);
  const same = newcombePaired({ both: 30, onlyFirst: 0, onlySecond: 0, neither: 0 });
  expect(same[0]).toBeCloseTo(-same[1], 12);
  expect(same[1]).toBeGreaterThan(0.1);
  expect(newcombePaired({ both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 })).toEqual([-1, 1]);
});

test("McNemar's exact p is the binomial's two tails", () => {
  // 1 against 5: 2 (1 + 6) / 64.
  expect(mcnemarExact({ both: 3, onlyFirst: 1, onlySecond: 5, neither: 2 })).toBeCloseTo(14 / 64, 12);
  expect(mcnemarExact({ both: 0, onlyFirst: 10, onlySecond: 0, neither: 0 })).toBeCloseTo(2 / 1024, 12);
  expect(mcnemarExact({ both: 9, onlyFirst: 0, onlySecond: 0, neither: 0 })).toBe(1);
  expect(mcnemarExact({ both: 0, onlyFirst: 4, onlySecond: 4, neither: 0 })).toBe(1);
});

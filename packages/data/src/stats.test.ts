import { expect, test } from "vitest";
import type { Column } from "./column.ts";
import { columnStats, mergeStats, PictureStats } from "./stats.ts";

function column(rows: readonly number[], width = 1): Column {
  return {
    name: "x",
    dtype: "float64",
    width,
    data: Float64Array.from(rows),
    mask: new Uint8Array(rows.length / width).fill(1),
  };
}

test("statistics of known numbers", () => {
  // 0, 1, … 100: every quantile is the number itself; std of 0..n is sqrt(n (n + 2) / 12).
  const stats = columnStats(column(Array.from({ length: 101 }, (_, i) => 100 - i)));
  expect(stats).toMatchObject({
    min: [0],
    max: [100],
    count: 101,
    q01: [1],
    q10: [10],
    q50: [50],
    q90: [90],
    q99: [99],
  });
  expect(stats?.mean[0]).toBeCloseTo(50, 12);
  expect(stats?.std[0]).toBeCloseTo(Math.sqrt((100 * 102) / 12), 12);
});

test("masked rows do not count; a column without rows has no statistics", () => {
  const some = column([1, 2, Number.NaN, 4, 5, 6], 2);
  some.mask[1] = 0;
  expect(columnStats(some)).toMatchObject({ min: [1, 2], max: [5, 6], count: 2, mean: [3, 4] });
  some.mask.fill(0);
  expect(columnStats(some)).toBeNull();
});

test("merging two parts gives mean and spread of the whole", () => {
  const [a, b] = [
    [1, 5, 2, 8],
    [3, 3, 9],
  ];
  const parts = [a, b].map((rows) => columnStats(column(rows)));
  const whole = columnStats(column([...a, ...b]));
  if (!parts[0] || !parts[1] || !whole) throw new Error("each part must have statistics");
  const merged = mergeStats(parts[0], parts[1]);
  expect(merged).toMatchObject({ min: whole.min, max: whole.max, count: 7 });
  expect(merged.mean[0]).toBeCloseTo(whole.mean[0] ?? 0, 12);
  expect(merged.std[0]).toBeCloseTo(whole.std[0] ?? 0, 12);
});

test("pictures are counted per channel on a scale of 0 to 1", () => {
  const stats = new PictureStats();
  // Two pixels: (0, 51, 255) and (255, 51, 0).
  stats.add({ width: 2, height: 1, data: Uint8Array.of(0, 51, 255, 255, 51, 0) });
  const result = stats.result();
  expect(result).toMatchObject({ min: [0, 0.2, 0], max: [1, 0.2, 1], mean: [0.5, 0.2, 0.5], count: 1 });
  expect(result?.std).toEqual([0.5, 0, 0.5]);
});

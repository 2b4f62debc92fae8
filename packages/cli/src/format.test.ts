import { expect, test } from "vitest";
import { formatBytes, formatDuration, formatNumber, formatTable } from "./format.ts";

test.each([
  [0.84, "0.8 s"],
  [45.2, "45 s"],
  [59.7, "1 min 0 s"],
  [200, "3 min 20 s"],
  [7500, "2 h 5 min"],
  [Number.NaN, "?"],
])("formatDuration(%d) is %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test("bytes and numbers keep three figures", () => {
  expect(formatBytes(512)).toBe("512 B");
  expect(formatBytes(1.5 * 2 ** 30)).toBe("1.5 GiB");
  expect(formatBytes(250 * 2 ** 20)).toBe("250 MiB");
  expect(formatNumber(12345.6)).toBe("12,346");
  expect(formatNumber(0.021349)).toBe("0.0213");
});

test("tables line up, numbers to the right", () => {
  const text = formatTable(
    ["name", "episodes"],
    [
      ["cr5", 81],
      ["pusht", 206],
    ],
  );
  expect(text).toBe("name   episodes\ncr5          81\npusht       206");
});

import type { Image } from "@orrery/core";
import { expect, test } from "vitest";
import { sideBySide, truthBesideDream } from "./tiles.ts";

const plain = (value: number, width = 2, height = 2): Image => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});
/** The red of each pixel of a row. */
const reds = ({ data, width }: Image, y: number): number[] =>
  Array.from({ length: width }, (_, x) => data[(y * width + x) * 3] as number);

test("pictures stand in a row with a gap, and a missing one leaves its place dark", () => {
  const row = sideBySide([plain(10), null, plain(30)]);
  expect([row.width, row.height]).toEqual([2 + 2 + 2 + 2 + 2, 2]);
  for (const y of [0, 1]) expect(reds(row, y)).toEqual([10, 10, 32, 32, 32, 32, 32, 32, 30, 30]);
});

test("where the recording has ended its place stays dark while the dream goes on", () => {
  const film = truthBesideDream([plain(1)], [plain(5), plain(6)]);
  expect(film.map((picture) => reds(picture, 0))).toEqual([
    [1, 1, 32, 32, 5, 5],
    [32, 32, 32, 32, 6, 6],
  ]);
});

test("nothing but missing pictures has no size", () => {
  expect(() => sideBySide([null])).toThrow(RangeError);
});

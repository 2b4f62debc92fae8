import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing-datasets.ts";
import { curateDataset } from "./curate.ts";
import { curationExamples, rowsToShow, spread } from "./examples.ts";
import { readCuration } from "./sidecar.ts";
import { flat, makeScene, writeTestDataset } from "./testing.ts";

test("rows are spread over a span, and a span of a frame or two is shown with its neighbours", () => {
  expect(rowsToShow({ from: 10, to: 31 }, 100, 6)).toEqual([10, 14, 18, 22, 26, 30]);
  expect(rowsToShow({ from: 50, to: 51 }, 100, 6)).toEqual([47, 48, 49, 50, 51, 52]);
  expect(rowsToShow({ from: 0, to: 1 }, 100, 4)).toEqual([0, 1, 2, 3]);
  expect(rowsToShow({ from: 99, to: 100 }, 100, 4)).toEqual([96, 97, 98, 99]);
  expect(rowsToShow({ from: 1, to: 2 }, 3, 6)).toEqual([0, 1, 2]);
  expect(rowsToShow({ from: 0, to: 1 }, 1, 6)).toEqual([0]);
});

test("examples are spread over the list, in its order", () => {
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8], 3)).toEqual([1, 4, 7]);
  expect(spread([0, 1], 3)).toEqual([0, 1]);
});

test("strips show the frames that a verdict is about, and the bar says which are meant", async () => {
  const root = join(temporaryFolder("examples"), "clips");
  const scene = makeScene(3);
  const film = Array.from({ length: 40 }, (_, t) => scene.at(3 * Math.sin(t / 5), 0, t));
  const black = Array.from({ length: 4 }, () => flat(3));
  // Dark from frame 24 to 27; what follows is too short to be kept.
  await writeTestDataset(root, 20, [{ images: [...film.slice(0, 24), ...black, ...film.slice(28)] }]);
  await curateDataset(root, { config: { cut: { action: "off" } } });
  const curation = await readCuration(root);
  expect(curation.episodes[0]?.kept).toEqual([{ from: 0, to: 24 }]);
  const examples = await curationExamples(root, curation, { heightPx: 32 });
  expect(examples.map(({ verdict, from, to, rows }) => ({ verdict, from, to, rows }))).toEqual([
    { verdict: "kept", from: 0, to: 24, rows: [0, 5, 9, 14, 18, 23] },
    { verdict: "black", from: 24, to: 28, rows: [23, 24, 25, 26, 27, 28] },
    { verdict: "short", from: 28, to: 40, rows: [28, 30, 32, 35, 37, 39] },
  ]);
  const strip = examples[1]?.strip ?? expect.fail("no strip");
  const { data, info } = await sharp(strip).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = film[0] ?? expect.fail();
  const side = Math.round((32 * width) / height);
  expect([info.width, info.height]).toEqual([6 * side + 5 * 2, 32 + 5]);
  const pixel = (column: number, y: number): number[] => {
    const at = (y * info.width + column * (side + 2) + (side >> 1)) * 3;
    return [...data.subarray(at, at + 3)];
  };
  const isDark = (column: number): boolean => Math.max(...pixel(column, 16)) < 30;
  expect([0, 1, 2, 3, 4, 5].map(isDark)).toEqual([false, true, true, true, true, false]);
  const isRed = (column: number): boolean => {
    const [red = 0, green = 0] = pixel(column, 34);
    return red > 150 && green < 100;
  };
  expect([0, 1, 2, 3, 4, 5].map(isRed)).toEqual([false, true, true, true, true, false]);
});

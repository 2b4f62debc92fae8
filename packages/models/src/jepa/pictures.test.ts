import { join } from "node:path";
import { makeRng } from "@orrery/core";
import { episodeFrames, makeClipLoader, type ClipLoader, type DatasetReader } from "@orrery/data";
import { beforeAll, expect, test } from "vitest";
import { recordSquare, temporaryFolder } from "../testing.ts";
import { Pictures } from "./pictures.ts";

const size = { width: 16, height: 16 };
const BYTES = 16 * 16 * 3;

let dataset: DatasetReader;
let loader: ClipLoader;
beforeAll(async () => {
  dataset = await recordSquare(join(temporaryFolder("pictures"), "data"), { episodes: 4, length: 10 });
  const spans = new Map([[1, [{ from: 2, to: 8 }]]]);
  loader = await makeClipLoader({ sources: [{ dataset, spans }], batch: 2, window: 4, size, seed: 0 });
  return () => loader.close();
});

function hex(frames: Uint8Array, i: number): string {
  return Buffer.from(frames.subarray(i * BYTES, (i + 1) * BYTES)).toString("hex");
}

/** All recorded pictures but those that are not to be learnt from. */
async function recorded(): Promise<string[]> {
  const all: string[] = [];
  for await (const { index, frames, length } of episodeFrames({ dataset, size })) {
    for (let row = 0; row < length; row++)
      if (index !== 1 || (row >= 2 && row < 8)) all.push(hex(frames, row));
  }
  return all;
}

test("every kept row is a picture to draw, and no other", async () => {
  const pictures = await Pictures.read(loader);
  const expected = new Set(await recorded());
  expect(pictures.size).toBe(36);
  const { B, frames } = pictures.draw(2000, makeRng(1));
  const drawn = new Set(Array.from({ length: B }, (_, b) => hex(frames, b)));
  expect(drawn).toEqual(expected);
});

test("of more than fit in memory every third or fourth is kept, and the mean is theirs", async () => {
  const pictures = await Pictures.read(loader, 10 * BYTES);
  expect(pictures.size).toBe(10);
  const { frames } = pictures.draw(500, makeRng(1));
  const kept = [...new Set(Array.from({ length: 500 }, (_, b) => hex(frames, b)))];
  const sum = new Float64Array(BYTES);
  const all = await recorded();
  const rows = Array.from({ length: 10 }, (_, i) => all[Math.floor(3.6 * i)] as string);
  expect(new Set(kept)).toEqual(new Set(rows));
  for (const each of rows)
    Buffer.from(each, "hex").forEach((value, k) => (sum[k] = (sum[k] as number) + value));
  const mean = pictures.mean();
  for (const [k, value] of sum.entries()) expect(mean[k]).toBeCloseTo(value / 10, 3);
});

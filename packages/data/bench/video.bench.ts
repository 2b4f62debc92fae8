/**
 * What the video writer's defaults and the clip loader rest on. Prints one table per question.
 *
 *     node --import tsx packages/data/bench/video.bench.ts [folder with cr5-banana-raw and cr5-banana-lowres, or ORRERY_TEST_DATA]
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type { Image } from "@orrery/core";
import { recordingsFolder } from "./recordings-folder.ts";
import {
  episodeFrames,
  makeClipLoader,
  openDataset,
  openVideoWriter,
  VideoReader,
  type VideoWriterOptions,
} from "../src/index.ts";

const data = recordingsFolder();
const folder = mkdtempSync(join(tmpdir(), "orrery-bench-"));
const perSec = (count: number, sinceMs: number): number =>
  Math.round((count / (performance.now() - sinceMs)) * 1000);

/** Real pictures at `side` x `side`. */
function realImages(side: number): Image[] {
  const videos = join(data, "cr5-banana-raw/videos/chunk-000/observation.images.top");
  return readdirSync(videos)
    .slice(0, 3)
    .flatMap((name) => {
      const reader = new VideoReader(join(videos, name), { size: { width: side, height: side } });
      const images = [...reader.frames()];
      reader.close();
      return images;
    });
}

/** PSNR in dB of the mean squared error over all frames. */
function psnrDb(found: readonly Image[], wanted: readonly Image[]): number {
  let sum = 0;
  let count = 0;
  wanted.forEach(({ data: pixels }, n) => {
    const other = (found[n] as Image).data;
    for (let i = 0; i < pixels.length; i++) sum += ((pixels[i] as number) - (other[i] as number)) ** 2;
    count += pixels.length;
  });
  return 10 * Math.log10((255 ** 2 * count) / sum);
}

function codecRow(
  images: readonly Image[],
  options: Omit<Partial<VideoWriterOptions>, "colour">,
): Record<string, unknown> {
  const path = join(folder, "codec.mp4");
  const { width, height } = images[0] as Image;
  const encodeBegan = performance.now();
  const writer = openVideoWriter(path, { width, height, fps: 10, ...options });
  for (const image of images) writer.write(image);
  writer.close();
  const encoded = perSec(images.length, encodeBegan);

  const reader = new VideoReader(path);
  const decodeBegan = performance.now();
  const found = [...reader.frames()];
  const decoded = perSec(found.length, decodeBegan);
  const randomBegan = performance.now();
  const picks = 300;
  for (let k = 0; k < picks; k++) reader.frameAt((k * 7919) % found.length);
  const random = perSec(picks, randomBegan);
  reader.close();
  const bytes = Math.round(statSync(path).size / images.length);
  const name = Object.values(options).join(" ") || "defaults";
  return {
    name,
    "encode/s": encoded,
    "decode/s": decoded,
    "random/s": random,
    bytes,
    dB: psnrDb(found, images).toFixed(1),
  };
}

async function loaderRow(name: string, cacheBytes: number): Promise<Record<string, unknown>> {
  const dataset = await openDataset(join(data, "cr5-banana-lowres"));
  const size = { width: 64, height: 64 };
  const loader = await makeClipLoader({
    sources: [{ dataset }],
    batch: 16,
    window: 16,
    size,
    seed: 1,
    cacheBytes,
  });
  const firstBegan = performance.now();
  await loader.next();
  const firstMs = Math.round(performance.now() - firstBegan);
  const perEpoch = Math.ceil((loader.numWindows[0] as number) / 16);
  for (let i = 0; i < perEpoch; i++) await loader.next();
  const warmed = loader.stats();
  const began = performance.now();
  for (let i = 0; i < 2 * perEpoch; i++) await loader.next();
  const ms = performance.now() - began;
  const stats = loader.stats();
  await loader.close();
  return {
    name,
    "first batch ms": firstMs,
    "batches/s": Math.round((2 * perEpoch * 1000) / ms),
    "GB/s": ((stats.copiedBytes - warmed.copiedBytes) / ms / 1e6).toFixed(2),
    "waited %": (((stats.waitMs - warmed.waitMs) / ms) * 100).toFixed(1),
    "cache MB": Math.round(stats.cacheBytes / 1e6),
  };
}

console.log(`${cpus()[0]?.model}, ${cpus().length} cores`);
for (const side of [64, 256]) {
  const images = realImages(side);
  const rows: Partial<VideoWriterOptions>[] = [
    {},
    { gop: 1 },
    { gop: 8 },
    { audience: "people", crf: 18 },
    { chroma: 420 },
    { chroma: 420, crf: 10 },
    { codec: "av1" },
    { codec: "av1", crf: 18 },
    { codec: "hevc" },
  ];
  console.log(`\n${images.length} frames of a wrist camera at ${side} x ${side}, one thread`);
  console.table(rows.map((options) => codecRow(images, options)));
}

console.log("\n81 episodes of cr5-banana-lowres at 64 x 64, two threads");
const began = performance.now();
let frames = 0;
const dataset = await openDataset(join(data, "cr5-banana-lowres"));
for await (const { length } of episodeFrames({ dataset, size: { width: 64, height: 64 } })) frames += length;
console.log(`cold decode: ${frames} frames in ${Math.round(performance.now() - began)} ms`);
console.table([await loaderRow("all in memory", 1e9), await loaderRow("64 MB of 222", 64e6)]);
rmSync(folder, { recursive: true, force: true });

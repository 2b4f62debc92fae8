/** Films whose pictures go from decoder to encoder as they are: colours, statistics and steps must come out the same. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Image } from "@orrery/core";
import { beforeAll, expect, test } from "vitest";
import { checkDataset } from "../../check/check.ts";
import type { VideoSpan } from "../../lerobot/meta.ts";
import { openDataset } from "../../open.ts";
import type { DatasetReader } from "../../reader.ts";
import { importDataset } from "../../store/import.ts";
import { BorrowedImage } from "../../video/borrowed.ts";
import { encodeFixture, type FixtureOptions } from "../../video/fixtures.ts";
import { VideoReader } from "../../video/reader.ts";
import { openVideoWriter } from "../../video/writer.ts";
import { scratchFolder } from "../shared/testing.ts";
import { openVideos } from "./videos.ts";

const folder = scratchFolder();
const SIZE = { width: 96, height: 64 };
const FRAMES = 9;
/** Lossless, so that what differs comes from the way through the store. */
const LOSSLESS = { encoder: "libx264", encoderOptions: { qp: "0" } };
const FILMS: Readonly<Record<string, FixtureOptions>> = {
  "half-chroma.mp4": LOSSLESS,
  "bt709-full.mp4": { ...LOSSLESS, pixelFormat: "yuv444p", isBt709Full: true },
  "ten-bits.mkv": { ...LOSSLESS, pixelFormat: "yuv420p10le" },
};

/** Saturated colours that move, in soft ramps that half-size chroma can carry. */
function colours(t: number): Image {
  const { width, height } = SIZE;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set(
        [(255 * x) / width, 255 * (1 - x / width), (255 * (y + t)) / (height + FRAMES)],
        3 * (y * width + x),
      );
    }
  }
  return { ...SIZE, data };
}

beforeAll(() => {
  mkdirSync(join(folder, "films"));
  const images = Array.from({ length: FRAMES }, (_, t) => colours(t));
  for (const [name, options] of Object.entries(FILMS))
    encodeFixture(join(folder, "films", name), images, options);
});

function meanError(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
}

function spanOf(reader: DatasetReader, episode: number): VideoSpan {
  return reader.entry(episode).videos["observation.image"] ?? expect.fail("no video");
}

function framesOf(path: string): Image[] {
  const reader = new VideoReader(path);
  const images = [...reader.frames()];
  reader.close();
  return images;
}

test("every film of a folder keeps its colours, whatever they are called in the file", async () => {
  const to = join(folder, "store");
  const source = await openVideos(join(folder, "films"), {});
  const report = await importDataset(source, to, { video: { crf: 1 } });
  await source.close();
  expect([report.episodes, report.skipped]).toEqual([3, []]);
  expect((await checkDataset(to)).problems).toEqual([]);

  const reader = await openDataset(to);
  for (const [episode, name] of ["bt709-full.mp4", "half-chroma.mp4", "ten-bits.mkv"].entries()) {
    const video = spanOf(reader, episode);
    const stored = new VideoReader(join(to, video.path));
    const out = new Uint8Array(FRAMES * SIZE.width * SIZE.height * 3);
    expect(stored.readInto(out, { fromSec: video.fromSec, count: FRAMES })).toBe(FRAMES);
    stored.close();
    const frameBytes = out.length / FRAMES;
    for (const [t, image] of framesOf(join(folder, "films", name)).entries()) {
      // A wrong matrix or range is 10 levels off and more; rounding to eight bits twice, and crf 1, less than one.
      expect(meanError(out.subarray(t * frameBytes, (t + 1) * frameBytes), image.data)).toBeLessThan(1);
    }
    const stats = (await reader.episodeStats(episode))?.["observation.image"];
    const red = colours(0).data.filter((_, i) => i % 3 === 0);
    const mean = red.reduce((a, b) => a + b, 0) / red.length / 255;
    expect(Math.abs((stats?.mean[0] ?? 0) - mean)).toBeLessThan(0.02); // one frame in four, clipped by the codec
    expect(stats?.count).toBe(name === "ten-bits.mkv" ? FRAMES : Math.ceil(FRAMES / 4));
  }
});

test("a borrowed picture tells its colour, turns into RGB on demand, and is gone with the next", () => {
  const reader = new VideoReader(join(folder, "films/bt709-full.mp4"));
  const frames = reader.frames({ borrow: true });
  const first = frames.next().value as BorrowedImage;
  expect(first).toBeInstanceOf(BorrowedImage);
  expect(first.colour).toEqual({ matrix: "bt709", isFullRange: true });
  expect(meanError(first.data, colours(0).data)).toBeLessThan(1.5);
  const small = first.sample(8);
  expect([small.width, small.height]).toEqual([12, 8]);
  frames.next();
  expect(() => first.data).toThrow(/internal: a borrowed picture was used/);
  reader.close();
});

test("pictures that are resized are never borrowed", () => {
  const reader = new VideoReader(join(folder, "films/bt709-full.mp4"), { size: { width: 48, height: 32 } });
  const [image] = reader.frames({ borrow: true });
  expect(image).not.toBeInstanceOf(BorrowedImage);
  reader.close();
});

test("films copied as they are, with other settings each, lie in files of their own", async () => {
  const root = join(folder, "copies");
  mkdirSync(root);
  for (const [name, crf] of [
    ["a.mp4", 10],
    ["b.mp4", 10],
  ] as const) {
    const colour = { matrix: name === "a.mp4" ? "bt601" : "bt709", isFullRange: false } as const;
    const writer = openVideoWriter(join(root, name), { ...SIZE, fps: 10, crf, colour });
    for (let t = 0; t < FRAMES; t++) writer.write(colours(t));
    writer.close();
  }
  const to = join(folder, "copied");
  const source = await openVideos(root, { settings: { copy: true } });
  expect(await importDataset(source, to)).toMatchObject({ episodes: 2, skipped: [] });
  await source.close();
  const reader = await openDataset(to);
  const [a, b] = [spanOf(reader, 0), spanOf(reader, 1)];
  expect(a.path).not.toBe(b.path);
  for (const { path } of [a, b])
    expect(meanError(framesOf(join(to, path))[0]?.data ?? new Uint8Array(), colours(0).data)).toBeLessThan(2);
});

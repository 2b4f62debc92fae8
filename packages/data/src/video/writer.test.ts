import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError, makeRng, ShapeError, UsageError, type Image } from "@orrery/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { concatVideos } from "./concat.ts";
import { numberedImage, NUMBERED, numberIn } from "./fixtures.ts";
import { decodeImage, encodePng } from "./image.ts";
import { probeVideo } from "./probe.ts";
import { VideoReader } from "./reader.ts";
import { enlarge, writeMp4 } from "./show.ts";
import { openVideoWriter, VIDEO_CODECS, type VideoWriterOptions } from "./writer.ts";

let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "orrery-writer-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, numbers: readonly number[], options: Partial<VideoWriterOptions> = {}): string {
  const path = join(folder, name);
  const writer = openVideoWriter(path, { ...NUMBERED, fps: 10, ...options });
  for (const n of numbers) writer.write(numberedImage(n));
  writer.close();
  return path;
}

function read(path: string): Image[] {
  const reader = new VideoReader(path);
  const images = [...reader.frames()];
  reader.close();
  return images;
}

function psnrDb(a: Uint8Array, b: Uint8Array): number {
  const error = a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0) / a.length;
  return 10 * Math.log10(255 ** 2 / error);
}

test("every codec gives back its frames in order, with the keyframes asked for", () => {
  const numbers = [5, 200, 17, 99, 3, 64, 255];
  for (const codec of VIDEO_CODECS) {
    const path = write(`${codec}.mp4`, numbers, { codec, gop: 3 });
    expect(read(path).map(numberIn)).toEqual(numbers);
    expect(probeVideo(path)).toMatchObject({
      codec,
      frameCount: 7,
      keyframeSpacing: 3,
      fps: 10,
      ...NUMBERED,
    });
    expect(probeVideo(path).durationSec).toBeCloseTo(0.7, 9);
  }
});

test("frame rates of broadcast are kept exactly", () => {
  for (const fps of [29.97, 23.976, 12.5, 30]) {
    const { fps: found } = probeVideo(write("rate.mp4", [1, 2, 3, 4], { fps }));
    expect(Math.abs(found - fps)).toBeLessThan(0.001); // 30000/1001 is 29.97003
  }
});

test("small coloured detail survives the default, which 4:2:0 would blur", () => {
  const rng = makeRng(1);
  const data = new Uint8Array(64 * 64 * 3);
  // Two-pixel squares of random colour: the size of an object's edge at 64 x 64.
  for (let y = 0; y < 64; y += 2) {
    for (let x = 0; x < 64; x += 2) {
      const colour = [rng.int(256), rng.int(256), rng.int(256)];
      for (const at of [y * 64 + x, y * 64 + x + 1, (y + 1) * 64 + x, (y + 1) * 64 + x + 1])
        data.set(colour, at * 3);
    }
  }
  const quality = (options: Partial<VideoWriterOptions>): number => {
    const path = join(folder, "detail.mp4");
    const writer = openVideoWriter(path, { width: 64, height: 64, fps: 10, ...options });
    writer.write({ width: 64, height: 64, data });
    writer.close();
    return psnrDb((read(path)[0] as Image).data, data);
  };
  expect(quality({})).toBeGreaterThan(30); // measured 33.5
  expect(quality({ chroma: 420 })).toBeLessThan(quality({}) - 5);
});

test("a video appears whole or not at all", () => {
  const inside = join(folder, "whole");
  const path = join(inside, "a.mp4");
  const writer = openVideoWriter(path, { ...NUMBERED, fps: 10 });
  writer.write(numberedImage(1));
  expect(existsSync(path)).toBe(false);
  writer.abort();
  expect(readdirSync(inside)).toEqual([]);
  const empty = openVideoWriter(path, { ...NUMBERED, fps: 10 });
  expect(() => empty.close()).toThrow(/at least one frame, got none/);
  expect(readdirSync(inside)).toEqual([]);
});

test("wrong use names every problem", () => {
  const open = (options: Partial<VideoWriterOptions>) => (): unknown =>
    openVideoWriter(join(folder, "x.mp4"), { ...NUMBERED, fps: 10, ...options });
  expect(open({ width: 0, fps: -1 })).toThrow(/got 0 x 64; fps must be above 0 and at most 1000, got -1/);
  expect(open({ codec: "av1", width: 32 })).toThrow(UsageError);
  expect(open({ chroma: 420, width: 63 })).toThrow(/even with chroma 420, got 63 x 64/);
  expect(open({ preset: "no such" })).toThrow(/preset "no such" out of its range/);
  const writer = openVideoWriter(join(folder, "x.mp4"), { ...NUMBERED, fps: 10 });
  expect(() => writer.write({ width: 2, height: 2, data: new Uint8Array(12) })).toThrow(ShapeError);
  writer.abort();
});

test("joined parts lie where the answer says, to the frame", () => {
  const parts = [[1, 2, 3], [4], [5, 6, 7, 8, 9, 10]];
  for (const codec of VIDEO_CODECS) {
    for (const fps of [10, 29.97]) {
      const paths = parts.map((numbers, i) => write(`part${i}.mp4`, numbers, { codec, fps }));
      const out = join(folder, "joined.mp4");
      const places = concatVideos(paths, out);
      expect(places.map(({ fromFrame, numFrames }) => [fromFrame, numFrames])).toEqual([
        [0, 3],
        [3, 1],
        [4, 6],
      ]);
      const reader = new VideoReader(out);
      places.forEach(({ fromSec, toSec }, i) => {
        expect([...reader.frames({ fromSec, toSec })].map(numberIn)).toEqual(parts[i]);
      });
      const rate = fps === 29.97 ? 30000 / 1001 : fps;
      // The file's clock counts in ticks of less than 0.1 ms.
      reader.timesSec.forEach((sec, n) => expect(Math.abs(sec - n / rate)).toBeLessThan(1e-4));
      expect(reader.frameCount).toBe(10);
      reader.close();
    }
  }
});

test("parts of another make are refused, and nothing is left behind", () => {
  const inside = join(folder, "refused");
  const a = write("refused/a.mp4", [1, 2]);
  const b = write("refused/b.mp4", [1, 2], { fps: 20 });
  expect(() => concatVideos([a, b], join(inside, "out.mp4"))).toThrow(
    /b\.mp4 must be made like .*20 frames\/s instead of 10/,
  );
  const c = write("refused/c.mp4", [1, 2], { codec: "hevc" });
  expect(() => concatVideos([a, c], join(inside, "out.mp4"))).toThrow(DataError);
  expect(readdirSync(inside).sort()).toEqual(["a.mp4", "b.mp4", "c.mp4"]);
});

test("videos for people are enlarged by whole pixels and play in every browser", () => {
  const path = join(folder, "show.mp4");
  expect(writeMp4(path, [numberedImage(7), numberedImage(9)], { fps: 10 })).toBe(2);
  expect(probeVideo(path)).toMatchObject({ codec: "h264", pixelFormat: "yuv420p", width: 512, height: 256 });
  expect(read(path).map(numberIn)).toEqual([7, 9]);
  const odd = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
  expect(enlarge(odd, 3, 4, 4).data).toEqual(Uint8Array.from({ length: 48 }, (_, i) => (i % 3) + 1));
});

test("pictures survive PNG exactly; a cut-off one is an error", async () => {
  const image = numberedImage(77);
  const png = await encodePng(image);
  expect(await decodeImage(png)).toEqual(image);
  await expect(decodeImage(png.subarray(0, png.length >> 1), "half.png")).rejects.toThrow(
    /half\.png must be a picture/,
  );
  await expect(decodeImage(new Uint8Array())).rejects.toThrow(DataError);
});

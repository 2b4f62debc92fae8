import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DataError, type Image } from "@orrery/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeFixture, numberedImage, numberIn, type FixtureOptions } from "./fixtures.ts";
import { probeVideo } from "./probe.ts";
import { VideoReader } from "./reader.ts";

let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "orrery-video-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const N = 37;
const numbered = Array.from({ length: N }, (_, n) => numberedImage(n));
/** Every frame, in an order that goes back and forth across groups. */
const scattered = Array.from({ length: N }, (_, i) => (i * 23) % N);

const FIXTURES: Readonly<Record<string, FixtureOptions & { ending: string }>> = {
  "H.264 with B-frame pyramids": {
    ending: "mp4",
    encoder: "libx264",
    gop: 12,
    maxBFrames: 3,
    encoderOptions: { "x264-params": "b-pyramid=normal:scenecut=0" },
  },
  "open-GOP H.264": {
    ending: "mp4",
    encoder: "libx264",
    gop: 6,
    maxBFrames: 3,
    encoderOptions: { "x264-params": "open-gop=1:scenecut=0:b-adapt=0" },
  },
  "open-GOP HEVC": {
    ending: "mp4",
    encoder: "libx265",
    gop: 6,
    maxBFrames: 3,
    encoderOptions: { "x265-params": "open-gop=1:scenecut=0:b-adapt=0:log-level=none", preset: "ultrafast" },
  },
  "HEVC with a keyframe every second frame": {
    ending: "mp4",
    encoder: "libx265",
    gop: 2,
    maxBFrames: 2,
    encoderOptions: { "x265-params": "log-level=none", preset: "ultrafast" },
  },
  "AV1 as LeRobot writes it": {
    ending: "mp4",
    encoder: "libsvtav1",
    gop: 2,
    encoderOptions: { crf: "30", preset: "12" },
  },
  "Matroska at 12.5 frames/s": { ending: "mkv", encoder: "libx264", fps: 12.5, gop: 10, maxBFrames: 2 },
  "MS-MPEG-4 in AVI": { ending: "avi", encoder: "msmpeg4", gop: 10 },
  "MPEG-4 with B-frames in AVI": { ending: "avi", encoder: "mpeg4", gop: 10, maxBFrames: 2 },
  "10-bit 4:2:2": { ending: "mp4", encoder: "libx264", pixelFormat: "yuv422p10le", gop: 5, maxBFrames: 2 },
  "FFV1 in Matroska": { ending: "mkv", encoder: "ffv1", pixelFormat: "yuv444p", gop: 1 },
  MJPEG: { ending: "avi", encoder: "mjpeg", pixelFormat: "yuvj420p", gop: 1 },
  "MPEG transport stream": { ending: "ts", encoder: "libx264", gop: 8, maxBFrames: 2 },
};

describe("any frame of any codec is the frame that decoding in order gives", () => {
  for (const [name, { ending, ...options }] of Object.entries(FIXTURES)) {
    test(name, () => {
      const path = join(folder, `${name.replaceAll(/\W/g, "-")}.${ending}`);
      encodeFixture(path, numbered, options);
      const reader = new VideoReader(path);
      expect([...reader.frames()].map(numberIn)).toEqual(numbered.map((_, n) => n));
      expect(reader.frameCount).toBe(N);
      expect(scattered.map((n) => numberIn(reader.frameAt(n)))).toEqual(scattered);
      expect(reader.fps).toBeCloseTo(options.fps ?? 10, 6);
      reader.close();
    });
  }
});

test("spans of time hold their own frames, whatever was read before", () => {
  const path = join(folder, "spans.mp4");
  encodeFixture(path, numbered, { encoder: "libx264", gop: 12, maxBFrames: 3, fps: 30 });
  const reader = new VideoReader(path, { size: { width: 16, height: 8 } });
  const bytes = 16 * 8 * 3;
  for (const from of [20, 3, 36, 0, 11]) {
    const out = new Uint8Array(5 * bytes);
    const count = reader.readInto(out, { fromSec: from / 30, count: 5 });
    expect(count).toBe(Math.min(5, N - from)); // the last span runs off the end
    const found = Array.from({ length: count }, (_, i) =>
      numberIn({ width: 16, height: 8, data: out.subarray(i * bytes, (i + 1) * bytes) }),
    );
    expect(found).toEqual(found.map((_, i) => from + i));
  }
  for (const [from, skip] of [
    [0, 20],
    [7, 5],
    [3, 33],
    [30, 9],
  ] as const) {
    const out = new Uint8Array(4 * bytes);
    const count = reader.readInto(out, { fromSec: from / 30, skip, count: 4 });
    expect(count).toBe(Math.max(0, Math.min(4, N - from - skip)));
    for (let i = 0; i < count; i++) {
      const data = out.subarray(i * bytes, (i + 1) * bytes);
      expect(numberIn({ width: 16, height: 8, data })).toBe(from + skip + i);
    }
  }
  expect([...reader.frames({ fromSec: 7 / 30, toSec: 10 / 30 })].map(numberIn)).toEqual([7, 8, 9]);
  expect(numberIn(reader.frameAtTime(15.5 / 30))).toBe(15);
  expect(() => reader.frameAt(N)).toThrow(/index must be in 0 to 36.*got 37/);
  reader.close();
});

test("a phone's sideways video comes out upright", () => {
  const width = 64;
  const height = 32;
  const data = new Uint8Array(width * height * 3).fill(20);
  for (let y = 0; y < 16; y++) data.fill(230, y * width * 3, (y * width + 16) * 3); // white top left corner
  const path = join(folder, "turned.mp4");
  const quarterTurn = [0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30]; // clockwise: the top left corner goes to the top right
  encodeFixture(path, [{ width, height, data }], { encoder: "libx264", displayMatrix: quarterTurn });
  const reader = new VideoReader(path);
  const image = reader.frameAt(0);
  expect([image.width, image.height, reader.turnDeg]).toEqual([32, 64, 90]);
  const at = (x: number, y: number): number => image.data[(y * image.width + x) * 3] as number;
  expect(at(28, 4)).toBeGreaterThan(200);
  for (const [x, y] of [
    [4, 4],
    [4, 60],
    [28, 60],
  ] as const)
    expect(at(x, y)).toBeLessThan(50);
  reader.close();
});

test("colour follows the file's matrix and range", () => {
  const colour = [200, 60, 30] as const;
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => colour[i % 3] as number);
  const path = join(folder, "bt709.mp4");
  encodeFixture(path, [{ width: 64, height: 64, data }], { encoder: "libx264", isBt709Full: true });
  const reader = new VideoReader(path);
  const found = reader.frameAt(0).data.subarray(0, 3);
  // Read as BT.601 in studio range the same file gives 184, 74, 43: a tolerance of 4 tells them apart.
  found.forEach((value, c) => expect(Math.abs(value - (colour[c] as number))).toBeLessThanOrEqual(4));
  reader.close();
});

test("crop keeps the middle, letterbox keeps everything, stretch fills", () => {
  // Thirds of red, green and blue, 96 x 32.
  const width = 96;
  const height = 32;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) data[i * 3 + Math.floor((i % width) / 32)] = 220;
  const path = join(folder, "thirds.mkv");
  encodeFixture(path, [{ width, height, data }], { encoder: "ffv1", pixelFormat: "yuv444p" });
  const size = { width: 32, height: 32 };
  const channelAt = (image: Image, x: number, y: number): number => {
    const [r = 0, g = 0, b = 0] = image.data.subarray((y * 32 + x) * 3);
    return Math.max(r, g, b) < 40 ? -1 : r > 150 ? 0 : g > 150 ? 1 : 2;
  };
  const row = (fit: "crop" | "letterbox" | "stretch", y: number): number[] => {
    const reader = new VideoReader(path, { size, fit });
    const image = reader.frameAt(0);
    reader.close();
    return [3, 16, 28].map((x) => channelAt(image, x, y));
  };
  expect(row("crop", 16)).toEqual([1, 1, 1]);
  expect(row("stretch", 2)).toEqual([0, 1, 2]);
  expect(row("letterbox", 16)).toEqual([0, 1, 2]);
  expect(row("letterbox", 2)).toEqual([-1, -1, -1]);
});

describe("damage", () => {
  const whole = (): Buffer => {
    const path = join(folder, "whole.mp4");
    encodeFixture(path, numbered, {
      encoder: "libx264",
      gop: 4,
      encoderOptions: { "x264-params": "scenecut=0" },
    });
    return readFileSync(path);
  };
  const damaged = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };

  test("no file, an empty one, and one that is no video are told apart", () => {
    expect(() => new VideoReader(join(folder, "none.mp4"))).toThrow(/there is no file .*none\.mp4/);
    expect(() => new VideoReader(damaged("empty.mp4", new Uint8Array()))).toThrow(/an empty file/);
    expect(() => new VideoReader(folder)).toThrow(DataError);
    const text = Buffer.from("no video at all ".repeat(64));
    expect(() => new VideoReader(damaged("text.mp4", text))).toThrow(
      /Invalid data.*no video, or was cut off/,
    );
  });

  test("a picture size that only a header claims is refused before memory is taken for it", () => {
    const path = join(folder, "raw.avi");
    encodeFixture(path, numbered, { encoder: "rawvideo", pixelFormat: "yuv420p" });
    const file = readFileSync(path);
    const header = file.indexOf("strf") + 8;
    for (const [side, complaint] of [
      [16_000, /must have a picture size of 1 to 8192, its header says 16000 x 16000/],
      [2 ** 30, DataError],
    ] as const) {
      file.writeInt32LE(side, header + 4);
      file.writeInt32LE(side, header + 8);
      expect(() => new VideoReader(damaged("huge.avi", file))).toThrow(complaint);
    }
  });

  test("a file that was cut off gives its good frames, then says what is missing", () => {
    const file = whole();
    // The index is at the end of this file; with it moved to the front the same cut loses pictures instead.
    expect(() => new VideoReader(damaged("no-index.mp4", file.subarray(0, file.length >> 1)))).toThrow(
      DataError,
    );
    const path = damaged("cut.mkv", new Uint8Array());
    encodeFixture(path, numbered, { encoder: "ffv1", pixelFormat: "yuv444p", gop: 1 });
    const cut = readFileSync(path);
    const reader = new VideoReader(damaged("cut.mkv", cut.subarray(0, Math.floor(cut.length * 0.6))), {
      allowDamage: true,
    });
    const found = [...reader.frames()].map(numberIn);
    expect(found.length).toBeGreaterThan(15);
    expect(found).toEqual(found.map((_, i) => i));
    reader.close();
  });

  test("overwritten bytes are an error by default and counted on request", () => {
    const file = Buffer.from(whole());
    file.fill(0xa5, 800, 1000);
    const path = damaged("overwritten.mp4", file);
    const strict = new VideoReader(path);
    expect(() => [...strict.frames()]).toThrow(
      /overwritten\.mp4 holds a .*(damaged picture|can't be decoded)/,
    );
    strict.close();
    const lenient = new VideoReader(path, { allowDamage: true });
    expect([...lenient.frames()].length).toBeGreaterThan(N / 2); // a keyframe every 4 limits the loss
    expect(lenient.damagedFrames).toBeGreaterThan(0);
    lenient.close();
  });
});

const DATA = process.env["ORRERY_TEST_DATA"] ?? resolve(import.meta.dirname, "../../../../../shared/data");
const REAL: Readonly<Record<string, { frames: number; codec: string; picks: number }>> = {
  "cr5-banana-lowres/videos/chunk-000/observation.images.top/episode_000000.mp4": {
    frames: 197,
    codec: "h264",
    picks: 40,
  },
  "cr5-banana-raw/videos/chunk-000/observation.images.top/episode_000001.mp4": {
    frames: 215,
    codec: "av1",
    picks: 40,
  },
  "opencv-doc-videos/vtest.avi": { frames: 795, codec: "msmpeg4v3", picks: 6 },
  // Presentation times are decoding times, though the pictures are reordered; one picture is hidden by an edit list.
  "opencv-doc-videos/box.mp4": { frames: 455, codec: "h264", picks: 4 },
  "cosmos-clips-dev/humanoid_hands_over_cup.mp4": { frames: 121, codec: "hevc", picks: 6 },
  "nasa-13013/nasa_13013.mp4": { frames: 390, codec: "h264", picks: 10 },
  "bulk-water/bulk-water.mov": { frames: 480, codec: "h264", picks: 4 },
  "intel-sample-videos/asl_gestures/book.mkv": { frames: 109, codec: "h264", picks: 6 },
};

describe("recordings of others", () => {
  for (const [name, { frames, codec, picks }] of Object.entries(REAL)) {
    const path = join(DATA, name);
    test.skipIf(!existsSync(path))(name, () => {
      const reader = new VideoReader(path, { size: { width: 48, height: 36 } });
      const inOrder = [...reader.frames()];
      expect(inOrder.length).toBe(frames);
      for (let k = 0; k < picks; k++) {
        const n = (k * 7919 + 13) % frames;
        expect(Buffer.compare(reader.frameAt(n).data, (inOrder[n] as Image).data), `frame ${n}`).toBe(0);
      }
      reader.close();
      expect(probeVideo(path)).toMatchObject({ codec });
    });
  }
});

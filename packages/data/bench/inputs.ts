/** Which videos the bench works on: the largest of each codec in a folder, and made ones for codecs it lacks. */
import { join } from "node:path";
import { DataError, type Image } from "@orrery/core";
import { listFiles } from "../src/importers/shared/files.ts";
import { encodeFixture, type FixtureOptions } from "../src/video/fixtures.ts";
import { probeVideo, VideoReader } from "../src/video/index.ts";

export interface BenchInput {
  readonly path: string;
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
  /** True where it was encoded here from another input, since the folder has none of its codec. */
  readonly isMade: boolean;
}

/** Enough to drown set-up times, little enough to wait for. */
const MAX_PIXELS = 700e6;
/** Frames of videos made here. */
const MADE_FRAMES = 400;

const MAKE: Readonly<Record<string, { ending: string } & FixtureOptions>> = {
  hevc: {
    ending: "mp4",
    encoder: "libx265",
    gop: 30,
    maxBFrames: 2,
    encoderOptions: { "x265-params": "log-level=none", preset: "ultrafast" },
  },
  av1: { ending: "mp4", encoder: "libsvtav1", gop: 30, encoderOptions: { crf: "30", preset: "10" } },
  vp9: {
    ending: "webm",
    encoder: "libvpx-vp9",
    gop: 30,
    encoderOptions: { crf: "30", deadline: "realtime", "cpu-used": "8" },
  },
  mpeg4: { ending: "mp4", encoder: "mpeg4", gop: 12, maxBFrames: 2 },
};

/** @throws {DataError} if the folder holds no video that can be read */
export async function chooseInputs(folder: string, scratch: string): Promise<BenchInput[]> {
  const files = (await listFiles(folder)).filter((file) => /\.(mp4|m4v|mkv|mov|avi|webm)$/i.test(file));
  const best = new Map<string, BenchInput>();
  for (const file of files) {
    const input = describe(join(folder, file), false);
    if (input === undefined || pixelsOf(input) > MAX_PIXELS) continue;
    const known = best.get(input.codec);
    if (known === undefined || pixelsOf(input) > pixelsOf(known)) best.set(input.codec, input);
  }
  const [largest] = [...best.values()].sort((a, b) => pixelsOf(b) - pixelsOf(a));
  if (largest === undefined) {
    throw new DataError(`bench import: ${folder} must hold a video, found none. Name a folder of videos.`, {
      path: folder,
    });
  }
  const made = Object.keys(MAKE).filter((codec) => !best.has(codec));
  if (made.length > 0) {
    const images = readSmall(largest);
    for (const codec of made) {
      const { ending, ...options } = MAKE[codec] as (typeof MAKE)[string];
      const path = join(scratch, `made-${codec}.${ending}`);
      encodeFixture(path, images, { ...options, fps: Math.round(largest.fps) });
      const input = describe(path, true);
      if (input) best.set(codec, input);
    }
  }
  return [...best.values()].sort((a, b) => (a.codec < b.codec ? -1 : 1));
}

function pixelsOf({ width, height, frames }: BenchInput): number {
  return width * height * frames;
}

function describe(path: string, isMade: boolean): BenchInput | undefined {
  try {
    const { codec, width, height, frameCount: frames, fps } = probeVideo(path);
    return { path, codec, width, height, frames, fps, isMade };
  } catch (error) {
    if (error instanceof DataError) return undefined; // no video, or cut off: not for measuring
    throw error;
  }
}

/** The beginning of a video, at most 640 wide, with even sides. */
function readSmall({ path, width, height }: BenchInput): Image[] {
  const scale = Math.min(1, 640 / width);
  const even = (side: number): number => 2 * Math.round((side * scale) / 2);
  const reader = new VideoReader(path, {
    size: { width: even(width), height: even(height) },
    allowDamage: true,
  });
  try {
    const images: Image[] = [];
    for (const image of reader.frames()) if (images.push(image) === MADE_FRAMES) break;
    return images;
  } finally {
    reader.close();
  }
}

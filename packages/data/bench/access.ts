/**
 * Random access beside decoding in order, by codec: single frames through `VideoReader`, and windows through the clip
 * loader, whose memory makes the codec matter only once per episode.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@orrery/core";
import { makeClipLoader } from "../src/clips/index.ts";
import { openDataset } from "../src/open.ts";
import { VIDEO_CODECS, VideoReader, type VideoCodec } from "../src/video/index.ts";
import { importVideo } from "./import.ts";
import type { BenchInput } from "./inputs.ts";

export interface AccessSpeed {
  /** "h264", or "h264, as stored" for what our own writer makes. */
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** Most frames from one keyframe to the next. */
  readonly keyframeSpacing: number;
  /** Frames per second of one core, decoded in order to 64 x 64. */
  readonly sequential: number;
  /** The same, each frame sought by itself. */
  readonly random: number;
  /** The same, in windows of 8 out of the clip loader's memory; null for files that are no dataset. */
  readonly loader: number | null;
}

const SIZE = { width: 64, height: 64 };
const WINDOW = 8;
const BATCH = 16;

interface AccessOptions {
  readonly accesses: number;
  readonly onProgress: (text: string) => void;
}

/** The inputs as they came, then one of them in each codec that the store can write. */
export async function accessSpeeds(
  inputs: readonly BenchInput[],
  scratch: string,
  { accesses, onProgress }: AccessOptions,
): Promise<AccessSpeed[]> {
  const speeds: AccessSpeed[] = [];
  for (const { codec, path } of inputs) {
    onProgress(`${codec}: random access`);
    speeds.push({ codec, ...readerSpeeds(path, accesses), loader: null });
  }
  const [smallest] = [...inputs].sort(
    (a, b) => a.width * a.height * a.frames - b.width * b.height * b.frames,
  );
  for (const codec of smallest ? VIDEO_CODECS : []) {
    onProgress(`${codec}, as stored: random access`);
    speeds.push(await storedSpeed((smallest as BenchInput).path, codec, join(scratch, "stored"), accesses));
  }
  return speeds;
}

function readerSpeeds(path: string, accesses: number): Omit<AccessSpeed, "codec" | "loader"> {
  const reader = new VideoReader(path, { size: SIZE, allowDamage: true });
  try {
    const { frameCount, keyframeSpacing } = reader;
    const { width, height } = reader.sourceSize;
    let began = process.cpuUsage();
    let decoded = 0;
    for (const _ of reader.frames()) decoded++;
    const sequential = perSecond(decoded, began);
    const rng = makeRng(1, "access");
    reader.frameAt(0); // whatever must be learnt about the file is learnt here
    began = process.cpuUsage();
    // Long groups take a whole group per access: a few seconds of them say enough.
    let count = 0;
    while (count < accesses && cpuSecSince(began) < 3) {
      reader.frameAt(rng.int(Math.min(frameCount, decoded)));
      count++;
    }
    return { width, height, keyframeSpacing, sequential, random: perSecond(count, began) };
  } finally {
    reader.close();
  }
}

async function storedSpeed(
  from: string,
  codec: VideoCodec,
  store: string,
  accesses: number,
): Promise<AccessSpeed> {
  rmSync(store, { recursive: true, force: true });
  await importVideo(from, store, { video: { codec } });
  const dataset = await openDataset(store);
  const video = dataset.episodes[0]?.cameras["image"];
  const path = video?.kind === "video" ? video.path : "";
  const reader = readerSpeeds(path, accesses);
  const loader = await makeClipLoader({
    sources: [{ dataset }],
    batch: BATCH,
    window: WINDOW,
    size: SIZE,
    seed: 1,
  });
  try {
    await loader.next(); // decodes
    const began = process.cpuUsage();
    for (let i = 0; i < 2 * accesses; i++) await loader.next();
    const frames = 2 * accesses * BATCH * WINDOW;
    return { codec: `${codec}, as stored`, ...reader, loader: perSecond(frames, began) };
  } finally {
    await loader.close();
  }
}

/** By processor time: all of this runs on one thread, and other work on the machine then does not count. */
function perSecond(count: number, began: NodeJS.CpuUsage): number {
  return count / Math.max(1e-6, cpuSecSince(began));
}

function cpuSecSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}

/**
 * How often curation is right, and how fast, on real clips cut and copied in known ways.
 *
 *     npx tsx packages/data/bench/curation.bench.ts [folder of the sample recordings]
 *
 * Clips come from that folder, or from ORRERY_TEST_DATA. Cuts: episodes spliced from random pieces,
 * counted right within one frame. Copies: each piece again, changed in one way; the other pieces of the same recordings
 * stand beside them as look-alikes. Seed 1; results and their reading are in docs/curation.md.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRng, type Image } from "@orrery/core";
import { recordingsFolder } from "./recordings-folder.ts";
import { curateDataset, openDatasetWriter, readCuration, VideoReader, type Finding } from "../src/index.ts";

const DATA = recordingsFolder();
const SIZE = { width: 192, height: 144 };
const FPS = 15;
const CLIPS = [
  "intel-sample-videos/bottle-detection.mp4",
  "intel-sample-videos/car-detection.mp4",
  "opencv-doc-videos/cup.mp4",
  "opencv-doc-videos/vtest.avi",
  "cosmos-clips-dev/humanoid_hands_over_cup.mp4",
  "cosmos-clips-dev/highway_sunset_dashcam.mp4",
  "cosmos-clips-dev/street_dashcam.mp4",
  "udacity-road-video/project_video.mp4",
  "human-hand-video/human_hand_video.mp4",
  "droid-3view/exterior_image_1_left.mp4",
];

/** Up to `most` frames of a clip, taken at about FPS. */
function readClip(path: string, most: number): Image[] {
  using reader = new VideoReader(path, { size: SIZE, allowDamage: true });
  const step = Math.max(1, Math.round(reader.fps / FPS));
  const images: Image[] = [];
  let n = 0;
  for (const image of reader.frames()) {
    if (n++ % step === 0) images.push(image);
    if (images.length === most) break;
  }
  return images;
}

async function write(path: string, episodes: readonly (readonly Image[])[], crf = 30): Promise<void> {
  const writer = await openDatasetWriter(path, {
    embodiment: {
      name: "camera",
      controlRateHz: FPS,
      state: [],
      action: [],
      cameras: [{ name: "eye", ...SIZE }],
    },
    video: { crf },
  });
  const recorder = writer.recorder();
  for (const images of episodes) {
    for (const image of images) recorder.add({ images: { eye: image } });
    writer.append(recorder.finish({ provenance: { stream: "web" } }));
  }
  writer.close();
}

type Row = Finding & { readonly episode: number };

async function curate(path: string): Promise<{ findings: readonly Row[]; framesPerSec: number }> {
  const begin = performance.now();
  const { frames } = await curateDataset(path);
  const framesPerSec = (frames / (performance.now() - begin)) * 1000;
  return { findings: await (await readCuration(path)).findings(), framesPerSec };
}

/** Part of a picture from (x, y) on, enlarged to the whole. */
function crop({ width, height, data }: Image, share: number, x: number, y: number): Image {
  const out = new Uint8Array(data.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from =
        (Math.floor(y * height + row * share) * width + Math.floor(x * width + column * share)) * 3;
      out.set(data.subarray(from, from + 3), (row * width + column) * 3);
    }
  }
  return { width, height, data: out };
}

function mirror({ width, height, data }: Image): Image {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < width * height; i++) {
    const from = i - (i % width) + (width - 1 - (i % width));
    out.set(data.subarray(from * 3, from * 3 + 3), i * 3);
  }
  return { width, height, data: out };
}

const brighter = (image: Image): Image => ({
  ...image,
  data: image.data.map((v) => Math.min(255, Math.round(v * 1.15 + 8))),
});

const clips = CLIPS.map((name) => join(DATA, name))
  .filter((path) => existsSync(path))
  .map((path) => readClip(path, 200))
  .filter((images) => images.length >= 60);
if (clips.length < 2)
  throw new Error(`curation.bench: ${DATA} must hold sample clips, found ${clips.length}.`);
const rng = makeRng(1, "curation bench");
const folder = mkdtempSync(join(tmpdir(), "orrery-curation-bench-"));
try {
  await benchCuts(join(folder, "cuts"));
  await benchCopies(join(folder, "copies"));
} finally {
  rmSync(folder, { recursive: true });
}

async function benchCuts(path: string): Promise<void> {
  const episodes: Image[][] = [];
  const truth: { at: number; isSameClip: boolean }[][] = [];
  for (let e = 0; e < 40; e++) {
    const images: Image[] = [];
    const cuts: { at: number; isSameClip: boolean }[] = [];
    let before = -1;
    for (let piece = 0; piece < 5; piece++) {
      const clip = rng.int(clips.length);
      const length = 15 + rng.int(30);
      const source = clips[clip] as Image[];
      const from = rng.int(source.length - Math.min(length, source.length - 1));
      if (piece > 0) cuts.push({ at: images.length, isSameClip: clip === before });
      images.push(...source.slice(from, from + length));
      before = clip;
    }
    episodes.push(images);
    truth.push(cuts);
  }
  await write(path, episodes);
  const { findings, framesPerSec } = await curate(path);
  const found = findings.filter(({ verdict }) => verdict === "cut");
  const isAt = (row: Row, e: number, at: number): boolean =>
    row.episode === e && Math.abs(row.from - at) <= 1;
  const all = truth.flatMap((cuts, e) => cuts.map((cut) => ({ ...cut, e })));
  const right = found.filter((row) =>
    truth[row.episode]?.some(({ at }) => isAt(row, row.episode, at)),
  ).length;
  for (const isSameClip of [false, true]) {
    const real = all.filter((cut) => cut.isSameClip === isSameClip);
    const hit = real.filter(({ e, at }) => found.some((row) => isAt(row, e, at))).length;
    console.log(
      `cuts ${isSameClip ? "within one recording" : "between recordings"}: ${hit} of ${real.length} found`,
    );
  }
  console.log(`cuts reported: ${found.length}, of which ${right} are true`);
  const others = findings.filter(({ verdict }) => verdict === "glitch" || verdict === "dissolve").length;
  console.log(`glitches and dissolves reported where there are none: ${others}`);
  console.log(
    `speed: ${framesPerSec.toFixed(0)} frames/s of ${SIZE.width} x ${SIZE.height} video, one thread`,
  );
}

async function benchCopies(path: string): Promise<void> {
  const pieces = clips
    .flatMap((clip) => [clip.slice(0, 75), clip.slice(100, 175)])
    .filter((p) => p.length >= 60);
  const changes: Readonly<Record<string, (images: readonly Image[]) => Image[]>> = {
    "encoded again": (images) => [...images],
    brighter: (images) => images.map(brighter),
    "without its first second": (images) => images.slice(17),
    "cropped to 90 %, middle": (images) => images.map((image) => crop(image, 0.9, 0.05, 0.05)),
    "cropped to 90 %, corner": (images) => images.map((image) => crop(image, 0.9, 0, 0)),
    "cropped to 80 %, middle": (images) => images.map((image) => crop(image, 0.8, 0.1, 0.1)),
    mirrored: (images) => images.map(mirror),
  };
  for (const [name, change] of Object.entries(changes)) {
    const place = `${path}-${Object.keys(changes).indexOf(name)}`;
    await write(place, [...pieces, ...pieces.map(change)]);
    const { findings } = await curate(place);
    const found = findings.filter(({ verdict }) => verdict === "duplicate");
    let hits = 0;
    let wrong = 0;
    for (const { episode, reason } of found) {
      const original = Number(/episode (\d+)/.exec(reason)?.[1]);
      if (episode - pieces.length === original) hits++;
      else {
        wrong++;
        if (process.argv.includes("--wrong")) console.log(`  ${episode}: ${reason}`);
      }
    }
    if (process.argv.includes("--wrong")) {
      const missed = pieces.flatMap((_, i) =>
        found.some(({ episode }) => episode === i + pieces.length) ? [] : [i],
      );
      console.log(`  missed: ${missed.join(", ")}`);
    }
    console.log(`copies ${name}: ${hits} of ${pieces.length} found, ${wrong} wrong`);
  }
}

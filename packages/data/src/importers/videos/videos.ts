/**
 * Folders of videos, with or without texts: episodes of pictures whose action part is absent.
 *
 * A dataset has one picture size and one rate. Where the videos agree, both stay as they are; where they differ, all
 * are brought to the smallest rate among them and to 256 x 256 with black bars, unless the settings say otherwise.
 * Long videos are cut into equal episodes of at most `maxSec`. Frames are decoded one at a time.
 */
import { readdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { DataError, type Embodiment, type Image, messageOf, type Step } from "@orrery/core";
import { VideoReader } from "../../video/reader.ts";
import type {
  EpisodeSource,
  Skip,
  SourceEpisode,
  SourceFormat,
  SourceOptions,
  SourceSummary,
} from "../../source.ts";
import { hashFile, kindOf, listFiles, otherFiles } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { parseSettings } from "../shared/settings.ts";
import { readCaptions } from "./captions.ts";
import { agree, type Common, cut, findClips, Settings, type Span, type VideoSettings } from "./clips.ts";
import { framesAtRate, isEven, SLACK_SEC } from "./clock.ts";

const NAME = /\.(mp4|m4v|mkv|mov|avi|webm)$/i;

export const videoFormat: SourceFormat = {
  name: "video",
  async recognise(path) {
    const kind = await kindOf(path);
    if (kind === "file") return NAME.test(path) ? 0.9 : 0;
    // Other formats keep videos beside their tables and are surer of themselves.
    return kind === "folder" && (await listFiles(path)).some((file) => NAME.test(file)) ? 0.5 : 0;
  },
  open: openVideos,
};

/** Opens one video or a folder of them. */
export async function openVideos(path: string, options: SourceOptions): Promise<EpisodeSource> {
  const settings = parseSettings("video", Settings, options);
  const skipped: Skip[] = [];
  const isFolder = (await kindOf(path)) === "folder";
  const root = isFolder ? path : dirname(path);
  const all = isFolder ? await listFiles(path, (skip) => skipped.push(skip)) : await besides(path);
  const videos = isFolder ? all.filter((file) => NAME.test(file)) : [basename(path)];
  if (videos.length === 0) {
    throw new DataError(`import video: ${path} must hold mp4, mkv, mov, avi or webm files, found none.`, {
      path,
    });
  }
  const { captions, used } = await readCaptions(
    root,
    all.filter((file) => !NAME.test(file)),
    videos,
    (skip) => {
      if (isFolder) skipped.push(skip); // beside a single video, texts of the others are no loss
    },
  );
  if (isFolder) skipped.push(...otherFiles(all, [...videos, ...used], "neither video nor captions"));
  const clips = findClips(root, videos, settings, skipped);
  const notes: string[] = [];
  const common = agree(clips, settings, notes);
  const spans = clips.flatMap((clip) => cut(clip, captions, settings));

  return {
    format: "video",
    describe(): Promise<SourceSummary> {
      const frames = spans.reduce((sum, span) => sum + framesOf(span, common.rateHz), 0);
      return Promise.resolve({ episodes: spans.length, frames, notes, skipped });
    },
    async *episodes() {
      yield* skipped;
      let hashed = { path: "", hash: "" };
      for (const span of spans) {
        try {
          const first = span.clip.cameras[0]?.path ?? "";
          if (hashed.path !== first) hashed = { path: first, hash: await hashFile(first) };
          yield makeEpisode(span, common, hashed.hash, settings, options);
        } catch (error) {
          yield { what: span.clip.id, reason: messageOf(error) };
        }
      }
    },
    close: () => Promise.resolve(),
  };
}

async function besides(path: string): Promise<string[]> {
  return (await readdir(dirname(path))).sort();
}

function makeEpisode(
  span: Span,
  { rateHz, size, isNative }: Common,
  hash: string,
  settings: VideoSettings,
  options: SourceOptions,
): SourceEpisode {
  const { clip } = span;
  const embodiment: Embodiment = {
    name: "camera",
    controlRateHz: rateHz,
    state: [],
    action: [],
    cameras: clip.cameras.map(({ name }) => ({ name, ...size })),
  };
  const findings = new Findings();
  const task = span.text ?? settings.task;
  const isCopied = settings.copy && isNative && clip.cameras.length === 1;
  const numFrames = framesOf(span, rateHz);
  const encoded = {
    videos: { image: { path: clip.cameras[0]?.path ?? "", fromSec: span.fromSec, numFrames, fps: rateHz } },
    async *steps(): AsyncGenerator<Step> {
      for (let i = 0; i < numFrames; i++) yield { images: {} };
    },
  };
  return {
    id: span.id,
    embodiment,
    ...(task !== undefined && { task }),
    provenance: {
      stream: options.stream ?? "web",
      source: `video:${basename(clip.cameras[0]?.path ?? "")}`,
      sourceHash: hash,
      ...(isNative ? {} : { labels: changesOf(clip, { rateHz, size }, settings) }),
    },
    steps: ({ borrow = false } = {}) =>
      watched(readSteps(span, { rateHz, size }, settings, findings, borrow), rateHz, findings),
    findings: () => findings.list(),
    ...(isCopied && { encoded }),
  };
}

/** Frames of a span: its own where it has the rate already, else one for each tick that begins before its end. */
function framesOf({ clip, fromSec, toSec }: Span, rateHz: number): number {
  const ticks = (toSec - fromSec) * rateHz;
  return isSameRate(clip.fps, rateHz) ? Math.round(ticks) : Math.ceil(ticks - SLACK_SEC * rateHz);
}

function isSameRate(fps: number, rateHz: number): boolean {
  return Math.abs(fps - rateHz) / rateHz < 1e-3;
}

/** What became of size, aspect and rate, for the episode's labels: whoever reads the dataset later can tell. */
function changesOf(
  { cameras }: Span["clip"],
  { rateHz, size }: Omit<Common, "isNative">,
  { fit }: VideoSettings,
): Record<string, string | number> {
  const texts = (of: (camera: (typeof cameras)[number]) => string): string =>
    [...new Set(cameras.map(of))].join(" ");
  const isSameAspect = cameras.every(
    ({ width, height }) => Math.abs(width / height - size.width / size.height) < 0.01,
  );
  return {
    source_size: texts(({ width, height }) => `${width}x${height}`),
    source_rate_hz: texts(({ fps }) => String(Math.round(fps * 1000) / 1000)),
    size: `${size.width}x${size.height}`,
    rate_hz: Math.round(rateHz * 1000) / 1000,
    fit: isSameAspect ? "same aspect" : fit,
  };
}

async function* readSteps(
  span: Span,
  { rateHz, size }: Omit<Common, "isNative">,
  settings: VideoSettings,
  findings: Findings,
  borrow: boolean,
): AsyncGenerator<Step> {
  const readers: VideoReader[] = [];
  try {
    const views = span.clip.cameras.map(({ name, path }) => {
      const reader = new VideoReader(path, { size, fit: settings.fit, allowDamage: true, threads: 2 });
      readers.push(reader);
      return { name, frames: clocked(reader, span, rateHz, findings, borrow)[Symbol.iterator]() };
    });
    for (let t = 0; ; t++) {
      const images: Record<string, Image> = {};
      for (const { name, frames } of views) {
        const next = frames.next();
        if (next.done && t === 0) throw noPictures(readers);
        if (next.done) return;
        images[name] = next.value;
      }
      yield { images };
    }
  } finally {
    for (const reader of readers) {
      if (reader.damagedFrames > 0)
        findings.add(`${basename(reader.path)}: ${reader.damagedFrames} damaged pictures were kept`, 0);
      reader.close();
    }
  }
}

function noPictures(readers: readonly VideoReader[]): DataError {
  const found = readers.map(
    ({ path, codec, damagedFrames }) => `${basename(path)} (${codec}) gave ${damagedFrames} damaged ones`,
  );
  return new DataError(
    `import video: the span must hold a picture that decodes; ${found.join(", ")}. Fetch or convert it again.`,
  );
}

/** Frames of a span: as they are where the video is even and at the wanted rate, else resampled. */
function clocked(
  reader: VideoReader,
  span: Span,
  rateHz: number,
  findings: Findings,
  borrow: boolean,
): Iterable<Image> {
  const fromSec = span.clip.startSec + span.fromSec;
  const toSec = span.clip.startSec + span.toSec;
  const isWhole = span.fromSec === 0 && span.toSec >= span.clip.durationSec;
  const range = isWhole ? {} : { fromSec, toSec };
  const keepsRate = isSameRate(reader.fps, rateHz);
  if (keepsRate && isEven(reader.timesSec, reader.fps)) return reader.frames({ ...range, borrow });
  if (keepsRate)
    findings.add(
      `uneven frame times; the picture on screen at each tick of ${rateHz.toFixed(3)} Hz is used`,
      0,
    );
  // A picture may be shown for several ticks, while the next is decoded already: none of these can be borrowed.
  return framesAtRate(reader.frames(range), fromSec, toSec, rateHz);
}

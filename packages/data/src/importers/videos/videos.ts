/**
 * Folders of videos, with or without texts: episodes of pictures whose action part is absent.
 *
 * A dataset has one picture size and one rate. Where the videos agree, both stay as they are; where they differ, all
 * are brought to the smallest rate among them and to 256 x 256 with black bars, unless the settings say otherwise.
 * Long videos are cut into equal episodes of at most `maxSec`. Frames are decoded one at a time.
 */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DataError, type Embodiment, type Image, messageOf, type Step } from "@orrery/core";
import { z } from "zod";
import { probeVideo } from "../../video/probe.ts";
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
import { parseSettings, rateSetting } from "../shared/settings.ts";
import { type Captions, readCaptions } from "./captions.ts";
import { framesAtRate, isEven } from "./clock.ts";

const sizeSetting = z
  .union([
    z
      .string()
      .regex(/^\d+x\d+$/, 'must read like "256x192"')
      .transform((text) => {
        const [width = 0, height = 0] = text.split("x").map(Number);
        return { width, height };
      }),
    z.object({ width: z.int(), height: z.int() }),
  ])
  .refine(
    ({ width, height }) => width >= 16 && height >= 16 && width <= 8192 && height <= 8192,
    "must lie in 16x16 to 8192x8192",
  );

const Settings = z.strictObject({
  /** Longest episode in seconds. */
  maxSec: z.coerce.number().positive().default(60),
  /** Frames per second of the episodes. */
  rateHz: rateSetting.optional(),
  /** Picture size, "256x192". */
  size: sizeSetting.optional(),
  fit: z.enum(["stretch", "crop", "letterbox"]).default("letterbox"),
  /** "episodes": each video by itself. "cameras": the videos of one folder are views of the same moment. */
  views: z.enum(["episodes", "cameras"]).default("episodes"),
  /** Copy the encoded pictures where that is possible, keeping the video's own keyframe spacing. */
  copy: z.union([z.boolean(), z.stringbool()]).default(false),
  task: z.string().optional(),
});
type VideoSettings = z.output<typeof Settings>;

const NAME = /\.(mp4|m4v|mkv|mov|avi|webm)$/i;
const DEFAULT_SIZE = { width: 256, height: 256 };

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

/** Videos that are shown together: one, or all views of a folder. */
interface Clip {
  readonly id: string;
  readonly cameras: readonly { readonly name: string; readonly path: string; readonly file: string }[];
  readonly fps: number;
  readonly durationSec: number;
  readonly startSec: number;
}

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
      const frames = Math.round(
        spans.reduce((sum, { fromSec, toSec }) => sum + (toSec - fromSec) * common.rateHz, 0),
      );
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

function findClips(
  root: string,
  videos: readonly string[],
  settings: VideoSettings,
  skipped: Skip[],
): Clip[] {
  const groups = new Map<string, string[]>();
  for (const video of videos) {
    const key = settings.views === "cameras" ? dirname(video) : video;
    groups.set(key, [...(groups.get(key) ?? []), video]);
  }
  const clips: Clip[] = [];
  for (const [id, files] of groups) {
    try {
      const facts = files.map((file) => ({ file, ...timing(join(root, file)) }));
      const cameras = facts.map(({ file, path }) => ({ name: cameraName(file, settings), path, file }));
      const durationSec = Math.min(...facts.map((f) => f.durationSec));
      clips.push({ id, cameras, durationSec, fps: facts[0]?.fps ?? 0, startSec: facts[0]?.startSec ?? 0 });
    } catch (error) {
      skipped.push({ what: id, reason: messageOf(error) });
    }
  }
  return clips;
}

function timing(path: string): { path: string; fps: number; durationSec: number; startSec: number } {
  const reader = new VideoReader(path);
  try {
    const { fps, durationSec, timesSec } = reader;
    if (!(fps > 0) || !(durationSec > 0)) {
      throw new DataError(`it must have a rate and a length, found ${fps} frames/s and ${durationSec} s`);
    }
    return { path, fps, durationSec, startSec: timesSec[0] ?? 0 };
  } finally {
    reader.close();
  }
}

function cameraName(file: string, settings: VideoSettings): string {
  if (settings.views === "episodes") return "image";
  return basename(file)
    .replace(/\.[^.]+$/, "")
    .replace(/[^\w-]+/g, "_");
}

interface Common {
  readonly rateHz: number;
  readonly size: { width: number; height: number };
  /** True where a video's own size and rate are those of the dataset. */
  readonly isNative: boolean;
}

/** One size and rate for all videos; what had to be chosen is noted. */
function agree(clips: readonly Clip[], settings: VideoSettings, notes: string[]): Common {
  const paths = clips.flatMap((clip) => clip.cameras.map((camera) => camera.path));
  const facts = paths.map((path) => probeVideo(path));
  const sizes = new Set(facts.map(({ width, height }) => `${width}x${height}`));
  const rates = new Set(facts.map(({ fps }) => Math.round(fps * 1000) / 1000));
  const first = facts[0] ?? DEFAULT_SIZE;
  const agreed = sizes.size <= 1 ? { width: first.width, height: first.height } : DEFAULT_SIZE;
  const size = settings.size ?? agreed;
  const rateHz = settings.rateHz ?? Math.min(...facts.map((f) => f.fps), Number.MAX_VALUE);
  if (sizes.size > 1 && !settings.size) {
    notes.push(
      `${sizes.size} picture sizes: all are brought to ${size.width}x${size.height} (${settings.fit}); set size to change it`,
    );
  }
  if (rates.size > 1 && !settings.rateHz) {
    notes.push(
      `${rates.size} frame rates: all are brought to the slowest, ${rateHz.toFixed(3)} Hz; set rateHz to change it`,
    );
  }
  return { rateHz, size, isNative: sizes.size <= 1 && rates.size <= 1 && !settings.size && !settings.rateHz };
}

interface Span {
  readonly clip: Clip;
  readonly id: string;
  /** Seconds from the video's first frame. */
  readonly fromSec: number;
  readonly toSec: number;
  readonly text?: string;
}

/** Cuts a clip where its texts change, and every part into equal pieces of at most `maxSec`. */
function cut(clip: Clip, captions: Captions, settings: VideoSettings): Span[] {
  const texts = clip.cameras.flatMap(({ file }) => captions.get(file) ?? []);
  const timed = texts.filter((t) => t.fromSec !== undefined && (t.fromSec ?? 0) < clip.durationSec);
  const whole = texts.find((t) => t.fromSec === undefined)?.text;
  const parts: { fromSec: number; toSec: number; text?: string }[] = timed.map((t) => ({
    fromSec: t.fromSec ?? 0,
    toSec: Math.min(t.toSec ?? clip.durationSec, clip.durationSec),
    text: t.text,
  }));
  const all =
    parts.length > 0
      ? withGaps(parts, clip.durationSec)
      : [{ fromSec: 0, toSec: clip.durationSec, ...(whole !== undefined && { text: whole }) }];
  return all.flatMap((part) => {
    const length = part.toSec - part.fromSec;
    const pieces = Math.max(1, Math.ceil(length / settings.maxSec - 1e-9));
    return Array.from({ length: pieces }, (_, i) => {
      const fromSec = part.fromSec + (i * length) / pieces;
      const toSec = part.fromSec + ((i + 1) * length) / pieces;
      const id = pieces * all.length === 1 ? clip.id : `${clip.id}@${fromSec.toFixed(2)}-${toSec.toFixed(2)}`;
      return { clip, id, fromSec, toSec, ...(part.text !== undefined && { text: part.text }) };
    });
  });
}

/** Adds what no text covers as parts of their own, so that nothing of a video is lost; specks are left to their neighbours. */
function withGaps<P extends { fromSec: number; toSec: number }>(
  parts: readonly P[],
  durationSec: number,
): (P | { fromSec: number; toSec: number; text?: string })[] {
  const all: (P | { fromSec: number; toSec: number })[] = [];
  let covered = 0;
  for (const part of [...parts, { fromSec: durationSec, toSec: durationSec }]) {
    if (part.fromSec - covered >= 0.5) all.push({ fromSec: covered, toSec: part.fromSec });
    if (part.toSec > part.fromSec) all.push(part);
    covered = Math.max(covered, part.toSec);
  }
  return all;
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
  const numFrames = Math.round((span.toSec - span.fromSec) * rateHz);
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
    },
    steps: () => watched(readSteps(span, rateHz, size, settings, findings), rateHz, findings),
    findings: () => findings.list(),
    ...(isCopied && { encoded }),
  };
}

async function* readSteps(
  span: Span,
  rateHz: number,
  size: { width: number; height: number },
  settings: VideoSettings,
  findings: Findings,
): AsyncGenerator<Step> {
  const readers: VideoReader[] = [];
  try {
    const views = span.clip.cameras.map(({ name, path }) => {
      const reader = new VideoReader(path, { size, fit: settings.fit, allowDamage: true });
      readers.push(reader);
      return { name, frames: clocked(reader, span, rateHz, findings)[Symbol.iterator]() };
    });
    for (;;) {
      const images: Record<string, Image> = {};
      for (const { name, frames } of views) {
        const next = frames.next();
        if (next.done) return;
        const { width, height, data } = next.value;
        images[name] = { width, height, data };
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

/** Frames of a span: as they are where the video is even and at the wanted rate, else resampled. */
function clocked(reader: VideoReader, span: Span, rateHz: number, findings: Findings): Iterable<Image> {
  const fromSec = span.clip.startSec + span.fromSec;
  const toSec = span.clip.startSec + span.toSec;
  const isWhole = span.fromSec === 0 && span.toSec >= span.clip.durationSec;
  const frames = reader.frames(isWhole ? {} : { fromSec, toSec });
  const isSameRate = Math.abs(reader.fps - rateHz) / rateHz < 1e-3;
  if (isSameRate && isEven(reader.timesSec, reader.fps)) return frames;
  if (isSameRate)
    findings.add(
      `uneven frame times; the picture on screen at each tick of ${rateHz.toFixed(3)} Hz is used`,
      0,
    );
  return framesAtRate(frames, fromSec, toSec, rateHz);
}

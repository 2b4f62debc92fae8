/** From files to the spans that become episodes: which videos belong together, their common size and rate, where to cut. */
import { basename, dirname, join } from "node:path";
import { DataError, messageOf } from "@orrery/core";
import { z } from "zod";
import type { Skip } from "../../source.ts";
import { VideoReader } from "../../video/reader.ts";
import { fitSetting, sizeSetting } from "../shared/picture-settings.ts";
import { rateSetting } from "../shared/settings.ts";
import type { Captions } from "./captions.ts";

const DEFAULT_SIZE = { width: 256, height: 256 };

export const Settings = z.strictObject({
  /** Longest episode in seconds. */
  maxSec: z.coerce.number().positive().default(60),
  /** Frames per second of the episodes. */
  rateHz: rateSetting.optional(),
  /** Picture size, "256x192". */
  size: sizeSetting.optional(),
  fit: fitSetting,
  /** "episodes": each video by itself. "cameras": the videos of one folder are views of the same moment. */
  views: z.enum(["episodes", "cameras"]).default("episodes"),
  /** Copy the encoded pictures where that is possible, keeping the video's own keyframe spacing. */
  copy: z.union([z.boolean(), z.stringbool()]).default(false),
  task: z.string().optional(),
});
export type VideoSettings = z.output<typeof Settings>;

export interface ClipCamera {
  readonly name: string;
  readonly path: string;
  readonly file: string;
  /** As stored, after the container's rotation. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

/** Videos that are shown together: one, or all views of a folder. */
export interface Clip {
  readonly id: string;
  readonly cameras: readonly ClipCamera[];
  readonly fps: number;
  readonly durationSec: number;
  readonly startSec: number;
}

export function findClips(
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
      const cameras = facts.map(({ file, path, width, height, fps }) => {
        return { name: cameraName(file, settings), path, file, width, height, fps };
      });
      const durationSec = Math.min(...facts.map((f) => f.durationSec));
      clips.push({ id, cameras, durationSec, fps: facts[0]?.fps ?? 0, startSec: facts[0]?.startSec ?? 0 });
    } catch (error) {
      skipped.push({ what: id, reason: messageOf(error) });
    }
  }
  return clips;
}

type Timing = Pick<ClipCamera, "path" | "width" | "height" | "fps"> & {
  durationSec: number;
  startSec: number;
};

function timing(path: string): Timing {
  const reader = new VideoReader(path);
  try {
    const { fps, durationSec, timesSec } = reader;
    if (!(fps > 0) || !(durationSec > 0)) {
      throw new DataError(`it must have a rate and a length, found ${fps} frames/s and ${durationSec} s`);
    }
    return { path, ...reader.sourceSize, fps, durationSec, startSec: timesSec[0] ?? 0 };
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

export interface Common {
  readonly rateHz: number;
  readonly size: { width: number; height: number };
  /** True where a video's own size and rate are those of the dataset. */
  readonly isNative: boolean;
}

/** One size and rate for all videos; what had to be chosen is noted. */
export function agree(clips: readonly Clip[], settings: VideoSettings, notes: string[]): Common {
  const facts = clips.flatMap(({ cameras }) => cameras);
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

export interface Span {
  readonly clip: Clip;
  readonly id: string;
  /** Seconds from the video's first frame. */
  readonly fromSec: number;
  readonly toSec: number;
  readonly text?: string;
}

/** Cuts a clip where its texts change, and every part into equal pieces of at most `maxSec`. */
export function cut(clip: Clip, captions: Captions, settings: VideoSettings): Span[] {
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

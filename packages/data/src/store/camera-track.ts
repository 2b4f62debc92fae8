/** One camera of an episode being recorded: frames encoded as they come, or a video that exists already. */
import { join } from "node:path";
import { DataError, type Image } from "@orrery/core";
import type { EncodedVideo } from "../source.ts";
import { cameraKey } from "../lerobot/features.ts";
import type { FeatureStats } from "../lerobot/meta.ts";
import { PictureStats } from "../stats.ts";
import {
  openVideoWriter,
  probeVideo,
  VideoReader,
  type VideoWriter,
  type VideoWriterOptions,
} from "../video/index.ts";
import { cutVideo } from "./cut-video.ts";

export interface CameraTrack {
  readonly key: string;
  /** File name inside the episode's folder. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly numFrames: number;
  add(image: Image): void;
  stats(): FeatureStats | null;
  close(): void;
  abort(): void;
}

/** Encodes every picture it is given. */
export function encodeTrack(folder: string, name: string, options: VideoWriterOptions): CameraTrack {
  const key = cameraKey(name);
  const file = `${key}.mp4`;
  const writer: VideoWriter = openVideoWriter(join(folder, file), options);
  const stats = new PictureStats();
  return {
    key,
    file,
    width: options.width,
    height: options.height,
    get numFrames() {
      return writer.frameCount;
    },
    add(image) {
      writer.write(image);
      stats.add(image);
    },
    stats: () => stats.result(),
    close: () => writer.close(),
    abort: () => writer.abort(),
  };
}

/** Pictures decoded for the statistics of a video that comes without them. */
const STATS_SAMPLES = 24;

/**
 * Copies a span of an existing video into the episode without encoding.
 * @returns null where the span cannot be copied and must be decoded and encoded instead
 */
export function copyTrack(folder: string, name: string, video: EncodedVideo): CameraTrack | null {
  const key = cameraKey(name);
  const file = `${key}.mp4`;
  const path = join(folder, file);
  if (!cutVideo(video, path)) return null;
  const facts = probeVideo(path);
  return {
    key,
    file,
    width: facts.width,
    height: facts.height,
    numFrames: facts.frameCount,
    add: () => {
      throw new DataError(
        `EpisodeRecorder.add: camera "${name}" has a video already, a picture came too. Give one or the other.`,
      );
    },
    stats: () => video.stats ?? sampleStats(path, facts.frameCount),
    close: () => undefined,
    abort: () => undefined,
  };
}

function sampleStats(path: string, numFrames: number): FeatureStats | null {
  const stats = new PictureStats();
  const reader = new VideoReader(path, { allowDamage: true });
  try {
    const step = Math.max(1, Math.floor(numFrames / STATS_SAMPLES));
    for (let i = 0; i < numFrames; i += step) stats.add(reader.frameAt(i));
  } finally {
    reader.close();
  }
  return stats.result();
}

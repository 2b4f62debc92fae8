/** LeRobot datasets as a source of episodes: v2.0, v2.1 and v3.0, of others or our own. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { DataError, type Embodiment, type Image, type Provenance, type Step } from "@orrery/core";
import { z } from "zod";
import { isFiniteRow, type Column } from "../column.ts";
import type { EpisodeColumns, EpisodeInfo } from "../episode-info.ts";
import { fitSetting, sizeSetting } from "../importers/shared/picture-settings.ts";
import { parseSettings } from "../importers/shared/settings.ts";
import { openDataset } from "../open.ts";
import type { DatasetReader } from "../reader.ts";
import type {
  EncodedEpisode,
  EncodedVideo,
  EpisodeSource,
  Skip,
  SourceEpisode,
  SourceFormat,
  SourceOptions,
  SourceSummary,
} from "../source.ts";
import { decodeImage, VideoReader, type Fit, type Size } from "../video/index.ts";
import { extraFeatures } from "./embodiment.ts";

export const lerobotFormat: SourceFormat = {
  name: "lerobot",
  async recognise(path) {
    return existsSync(join(path, "meta/info.json")) ? 1 : 0;
  },
  async open(path, options) {
    return new LeRobotSource(await openDataset(path), options);
  },
};

const Settings = z.strictObject({
  /**
   * Picture size, "128x128"; every video is then encoded again. Worth it once for sets that do not fit in memory: what
   * is stored at model size decodes many times faster than a camera's own size.
   */
  size: sizeSetting.optional(),
  fit: fitSetting,
});
type Target = { readonly size: Size; readonly fit: Fit };

class LeRobotSource implements EpisodeSource {
  readonly format = "lerobot";
  readonly #reader: DatasetReader;
  readonly #options: SourceOptions;
  /** Size to bring pictures to; undefined where they stay as they are. */
  readonly #target: Target | undefined;

  constructor(reader: DatasetReader, options: SourceOptions) {
    const { size, fit } = parseSettings("lerobot", Settings, options);
    this.#target = size && { size, fit };
    this.#reader = reader;
    this.#options = options;
  }

  async describe(): Promise<SourceSummary> {
    const { info, episodes, numFrames, problems } = this.#reader;
    const usable = episodes.filter((episode) => episode.readable);
    const notes = problems.map((problem) => `${problem.where}: ${problem.message}`);
    return {
      episodes: usable.length,
      frames: numFrames,
      notes: [`LeRobotDataset ${info.version}`, ...notes],
      skipped: this.#skips(),
    };
  }

  async *episodes(): AsyncGenerator<SourceEpisode | Skip> {
    yield* this.#skips();
    for (const episode of this.#reader.episodes) if (episode.readable) yield this.#episode(episode);
  }

  async close(): Promise<void> {}

  #skips(): Skip[] {
    const { episodes, features } = this.#reader;
    const missing = episodes.filter((episode) => !episode.readable);
    const text = extraFeatures(features).filter((feature) => feature.dtype === "string");
    return [
      ...missing.map(({ index }) => ({ what: `episode ${index}`, reason: "its data file is missing" })),
      ...text.map(({ name }) => ({ what: `column "${name}"`, reason: "text per row cannot be kept" })),
    ];
  }

  #episode(info: EpisodeInfo): SourceEpisode {
    const reader = this.#reader;
    const [task] = info.tasks;
    const features = extraFeatures(reader.features);
    const findings: string[] = [];
    const target = this.#target;
    return {
      id: `episode_${String(info.index).padStart(6, "0")}`,
      embodiment: target ? resized(reader.embodiment, target) : reader.embodiment,
      ...(task === undefined ? {} : { task }),
      ...(info.success === undefined ? {} : { success: info.success }),
      provenance: this.#provenance(info),
      features,
      steps: () => steps(reader, info, Object.keys(info.cameras), findings, target),
      findings: () => findings,
      ...(target ? {} : { encoded: this.#encoded(info, findings) }),
    };
  }

  #encoded(info: EpisodeInfo, findings: string[]): EncodedEpisode {
    const inRows = Object.keys(info.cameras).filter((name) => info.cameras[name]?.kind === "pictures");
    return {
      videos: encodedVideos(this.#reader, info),
      steps: () => steps(this.#reader, info, inRows, findings),
    };
  }

  /** What became of the pictures, for whoever reads the dataset later. */
  #sizes({ size, fit }: Target): Record<string, string> {
    const from = new Set(this.#reader.cameras.map(({ width, height }) => `${width}x${height}`));
    return { source_size: [...from].join(" "), size: `${size.width}x${size.height}`, fit };
  }

  /** Ours keep what they know of themselves; others' recordings are somebody's teleoperation unless told otherwise. */
  #provenance(info: EpisodeInfo): Provenance {
    const own = info.provenance;
    const stream = this.#options.stream ?? own.stream ?? "teleop";
    const { rows } = this.#reader.entry(info.index);
    return {
      source: basename(resolve(this.#reader.files.root)),
      ...own,
      ...(this.#target ? { labels: { ...own.labels, ...this.#sizes(this.#target) } } : {}),
      stream,
      // Of the rows' file: the videos of large sets would take minutes to hash.
      sourceHash:
        own.sourceHash ??
        createHash("sha256")
          .update(readFileSync(this.#reader.files.locate(rows.path)))
          .digest("hex"),
    };
  }
}

/** The vertical field of view is known only where the whole height of the picture is kept. */
function resized(embodiment: Embodiment, { size, fit }: Target): Embodiment {
  const cameras = embodiment.cameras.map(({ fovyDeg, ...camera }) => {
    return { ...camera, ...size, ...(fit === "stretch" && fovyDeg !== undefined ? { fovyDeg } : {}) };
  });
  return { ...embodiment, cameras };
}

function encodedVideos(reader: DatasetReader, info: EpisodeInfo): Record<string, EncodedVideo> {
  const videos: Record<string, EncodedVideo> = {};
  for (const [name, source] of Object.entries(info.cameras)) {
    if (source.kind !== "video") continue;
    videos[name] = { path: source.path, fromSec: source.fromSec, numFrames: info.length, fps: reader.fps };
  }
  return videos;
}

/** Rows as steps, with the pictures of `cameras` decoded one by one. */
async function* steps(
  reader: DatasetReader,
  info: EpisodeInfo,
  cameras: readonly string[],
  findings: string[],
  target?: Target,
): AsyncGenerator<Step> {
  const columns = await reader.readEpisode(info.index);
  if (columns.nonFiniteRows.length > 0)
    findings.push(`${columns.nonFiniteRows.length} rows hold NaN or infinity`);
  const tracks = cameras.map((name) => [name, pictures(reader, info, name, columns.length, target)] as const);
  try {
    for (let t = 0; t < columns.length; t++) {
      const images: Record<string, Image> = {};
      for (const [name, track] of tracks) {
        const { value, done } = await track.next();
        if (done || !value)
          throw new DataError(
            `import lerobot: episode ${info.index} must have ${columns.length} frames of camera "${name}", its video has ${t}. Fetch the video again.`,
            { path: reader.files.root },
          );
        images[name] = value;
      }
      yield stepAt(columns, t, images);
    }
  } finally {
    for (const [, track] of tracks) await track.return(undefined);
  }
}

async function* pictures(
  reader: DatasetReader,
  info: EpisodeInfo,
  camera: string,
  numFrames: number,
  target: Target | undefined,
): AsyncGenerator<Image, undefined> {
  const source = info.cameras[camera];
  if (source?.kind === "pictures") {
    for (let t = 0; t < numFrames; t++) {
      const [bytes] = await reader.readPictures(info.index, camera, t, t + 1);
      if (bytes) yield await decodeImage(bytes, `episode ${info.index}, ${camera}, row ${t}`, target);
    }
  } else if (source) {
    const video = new VideoReader(source.path, target);
    try {
      const fromSec = source.fromSec > 0 ? { fromSec: source.fromSec } : {};
      let count = 0;
      for (const frame of video.frames(fromSec)) {
        if (count++ === numFrames) break;
        yield frame;
      }
    } finally {
      video.close();
    }
  }
}

function stepAt(columns: EpisodeColumns, t: number, images: Record<string, Image>): Step {
  const { length, state, stateMask, action, actionMask, reward, rewardMask, done, success, timestamp } =
    columns;
  const row = (data: Float32Array | null, mask: Uint8Array): Float32Array | undefined => {
    if (!data) return undefined;
    const width = data.length / length;
    // Masked rows are absent, except those that hold a NaN: what was recorded is passed on as it is.
    if (mask[t] === 0 && isFiniteRow(data, t * width, width)) return undefined;
    return data.subarray(t * width, (t + 1) * width);
  };
  const [s, a, r] = [row(state, stateMask), row(action, actionMask), row(reward, rewardMask)];
  const extra: Record<string, ArrayLike<number>> = {};
  for (const column of Object.values(columns.extra)) {
    const values = extraRow(column, t);
    if (values) extra[column.name] = values;
  }
  return {
    images,
    ...(s ? { state: s } : {}),
    ...(a ? { action: a } : {}),
    ...(r?.[0] === undefined ? {} : { reward: r[0] }),
    ...(done ? { done: done[t] === 1 } : {}),
    ...(success ? { success: success[t] === 1 } : {}),
    ...(timestamp[t] === undefined ? {} : { timestampSec: timestamp[t] }),
    extra,
  };
}

function extraRow({ data, width, mask }: Column, t: number): ArrayLike<number> | null {
  if (Array.isArray(data)) return null;
  if (mask[t] === 0 && isFiniteRow(data, t * width, width)) return null;
  return data.subarray(t * width, (t + 1) * width);
}

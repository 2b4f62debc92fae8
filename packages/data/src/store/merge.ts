/** Writes staged episodes into new big files: rows into parquet, videos joined without encoding again. */
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@orrery/core/node";
import type { Column } from "../column.ts";
import { BOOKKEEPING, isCamera, type Feature } from "../lerobot/features.ts";
import type { FeatureStats } from "../lerobot/meta.ts";
import { bookkeeping, decodeStagedColumns, type StagedEntry } from "../lerobot/staged.ts";
import { ParquetBuilder } from "../parquet/write.ts";
import { columnStats } from "../stats.ts";
import { concatVideos, probeVideo } from "../video/index.ts";
import { firstFreePlace, nextPlace, placePath } from "./layout.ts";
import { columnRows, dataColumns, type EpisodeRow, type VideoPlace } from "./tables.ts";

export interface FileLimits {
  readonly chunksSize: number;
  readonly dataBytes: number;
  readonly videoBytes: number;
}

export interface MergeInput {
  readonly root: string;
  readonly staged: readonly StagedEntry[];
  readonly features: readonly Feature[];
  /** Texts by task index; every staged episode's first task (or "") must be among them. */
  readonly tasks: readonly string[];
  /** Global row of the first staged episode. */
  readonly firstRow: number;
  readonly limits: FileLimits;
}

/**
 * Writes the files and returns the rows for meta/episodes. Nothing refers to the new files until those rows are
 * written, so a failure half-way leaves the dataset as it was; the files begun are removed.
 */
export function mergeStaged(input: MergeInput): EpisodeRow[] {
  const written: string[] = [];
  try {
    const videos = new Map<string, Map<number, VideoPlace>>();
    for (const { name } of input.features.filter(isCamera))
      videos.set(name, joinVideos(input, name, written));
    return writeRows(input, videos, written);
  } catch (error) {
    for (const path of written) rmSync(path, { force: true });
    throw error;
  }
}

function writeRows(
  input: MergeInput,
  videos: ReadonlyMap<string, ReadonlyMap<number, VideoPlace>>,
  written: string[],
): EpisodeRow[] {
  const { root, staged, features, limits, firstRow } = input;
  const columns = dataColumns(features);
  const rows: EpisodeRow[] = [];
  let place = firstFreePlace(join(root, "data"), limits.chunksSize);
  let builder = new ParquetBuilder(columns);
  let fromIndex = firstRow;
  const close = (): void => {
    const path = join(root, "data", placePath(place, ".parquet"));
    written.push(path);
    writeFileAtomic(path, builder.finish());
  };
  for (const { folder, index, episode } of staged) {
    const { length } = episode;
    // LeRobot's rule: begin a new file where this episode would take the current one past the limit.
    const bytesPerRow = builder.numRows > 0 ? builder.size / builder.numRows : 0;
    if (builder.numRows > 0 && builder.size + bytesPerRow * length >= limits.dataBytes) {
      close();
      place = nextPlace(place, limits.chunksSize);
      builder = new ParquetBuilder(columns);
    }
    const path = join(root, folder, "columns.bin");
    const bytes = readFileSync(path);
    const own = decodeStagedColumns(
      path,
      episode,
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    );
    const all = new Map([
      ...own,
      ...bookkeeping(index, fromIndex, length, episode.fps, input.tasks.indexOf(episode.tasks[0] ?? "")),
    ]);
    builder.addGroup(
      new Map(features.map((feature) => [feature.name, columnRows(feature, all.get(feature.name), length)])),
      length,
    );
    rows.push({
      index,
      length,
      tasks: episode.tasks,
      data: place,
      fromIndex,
      videos: Object.fromEntries(
        [...videos].flatMap(([key, byEpisode]) =>
          byEpisode.has(index) ? [[key, byEpisode.get(index) as VideoPlace]] : [],
        ),
      ),
      stats: { ...episode.stats, ...bookkeepingStats(all) },
      provenance: episode.provenance,
      ...(episode.success === undefined ? {} : { success: episode.success }),
    });
    fromIndex += length;
  }
  if (builder.numRows > 0) close();
  return rows;
}

function bookkeepingStats(columns: ReadonlyMap<string, Column>): Record<string, FeatureStats> {
  const stats: Record<string, FeatureStats> = {};
  for (const name of BOOKKEEPING) {
    const column = columns.get(name);
    const result = column ? columnStats(column) : null;
    if (result) stats[name] = result;
  }
  return stats;
}

/** Joins one camera's videos, consecutive episodes into one file up to the size limit. */
function joinVideos(
  { root, staged, limits }: MergeInput,
  key: string,
  written: string[],
): Map<number, VideoPlace> {
  const out = new Map<number, VideoPlace>();
  const folder = join(root, "videos", key);
  let place = firstFreePlace(folder, limits.chunksSize);
  for (const run of videoRuns(root, staged, key, limits.videoBytes)) {
    const path = join(folder, placePath(place, ".mp4"));
    written.push(path);
    const parts = concatVideos(
      run.map((part) => part.path),
      path,
    );
    for (const [i, part] of parts.entries()) {
      out.set(run[i]?.index ?? -1, { ...place, fromSec: part.fromSec, toSec: part.toSec });
    }
    place = nextPlace(place, limits.chunksSize);
  }
  return out;
}

interface RunPart {
  readonly index: number;
  readonly path: string;
}

/** Consecutive episodes that fit one file and were encoded alike: others' recordings may change codec half-way. */
function videoRuns(root: string, staged: readonly StagedEntry[], key: string, maxBytes: number): RunPart[][] {
  const runs: RunPart[][] = [];
  let bytes = 0;
  let make = "";
  for (const { folder, index, episode } of staged) {
    const video = episode.videos.find((candidate) => candidate.key === key);
    if (!video) continue;
    const path = join(root, folder, video.file);
    const size = statSync(path).size;
    const { codec, pixelFormat, width, height, fps, setup } = probeVideo(path);
    const ownMake = `${codec} ${pixelFormat} ${width}x${height} ${fps} ${setup}`;
    if (runs.length === 0 || bytes + size >= maxBytes || ownMake !== make) {
      runs.push([]);
      bytes = 0;
      make = ownMake;
    }
    runs.at(-1)?.push({ index, path });
    bytes += size;
  }
  return runs;
}

/** A camera's claims for info.json, from its first file. */
export function videoInfo(path: string): Record<string, unknown> {
  const { codec, pixelFormat, fps, width, height } = probeVideo(path);
  return {
    "video.height": height,
    "video.width": width,
    "video.codec": codec,
    "video.pix_fmt": pixelFormat,
    "video.is_depth_map": false,
    "video.fps": fps,
    "video.channels": 3,
    has_audio: false,
  };
}

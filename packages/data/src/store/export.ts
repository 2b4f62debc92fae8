/** Datasets out again: LeRobotDataset v3.0, or v2.1 for tools that have not moved on. */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { AbortedError, DataError } from "@orrery/core";
import type { Column } from "../column.ts";
import type { EpisodeInfo } from "../episode-info.ts";
import { EMBODIMENT_PATH } from "../lerobot/embodiment.ts";
import { cameraKey, isCamera, RECORDED_CLOCK, type Feature } from "../lerobot/features.ts";
import { fillTemplate, V2_DATA_PATH, V2_VIDEO_PATH } from "../lerobot/info.ts";
import { provenanceJson, type FeatureStats } from "../lerobot/meta.ts";
import { bookkeeping } from "../lerobot/staged.ts";
import { lerobotFormat } from "../lerobot/source.ts";
import { openDataset } from "../open.ts";
import { ParquetBuilder } from "../parquet/write.ts";
import type { DatasetReader } from "../reader.ts";
import type { Skip } from "../source.ts";
import { columnStats, nestStats } from "../stats.ts";
import { openVideoWriter, probeVideo, VideoReader } from "../video/index.ts";
import { buildBeside } from "./build-beside.ts";
import { cutVideo } from "./cut-video.ts";
import { assertApart, importDataset, type ImportProgress } from "./import.ts";
import { columnRows, dataColumns } from "./tables.ts";

export const EXPORT_VERSIONS = ["v3.0", "v2.1"] as const;
export type ExportVersion = (typeof EXPORT_VERSIONS)[number];

export interface ExportOptions {
  readonly version?: ExportVersion;
  /**
   * "frames": timestamp is frame over rate, as LeRobot's loaders demand, and a clock that differs is a column of its
   * own. "recorded": that clock becomes the timestamp again, as in the recording it came from. v2.1 only.
   */
  readonly timestamps?: "frames" | "recorded";
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ExportReport {
  readonly path: string;
  readonly episodes: number;
  readonly frames: number;
  /** Relative to `path`. */
  readonly files: readonly string[];
  readonly skipped: readonly Skip[];
}

/**
 * Writes the dataset at `from` to the new folder `to`. Videos are copied, not encoded again, where they can be cut.
 * @throws {UsageError} if `to` exists already
 * @throws {DataError} if `from` is no dataset or the disk is full; `to` is then not there
 */
export async function exportDataset(
  from: string,
  to: string,
  options: ExportOptions = {},
): Promise<ExportReport> {
  assertApart(from, to);
  const path = resolve(to);
  const write = options.version === "v2.1" ? exportV21 : exportV30;
  const report = await buildBeside(path, (partial) => write(from, partial, options));
  return { ...report, path, files: filesIn(path) };
}

type Outcome = Pick<ExportReport, "episodes" | "frames" | "skipped">;

async function exportV30(from: string, to: string, { onProgress, signal }: ExportOptions): Promise<Outcome> {
  const source = await lerobotFormat.open(from, {});
  try {
    const { episodes, frames, skipped } = await importDataset(source, to, {
      keepProvenance: true,
      ...(onProgress ? { onProgress } : {}),
      ...(signal ? { signal } : {}),
    });
    return { episodes, frames: frames ?? 0, skipped };
  } finally {
    await source.close();
  }
}

interface V21Lines {
  readonly episodes: string[];
  readonly stats: string[];
}

async function exportV21(from: string, to: string, options: ExportOptions): Promise<Outcome> {
  const reader = await openDataset(from);
  const inRows = reader.cameras.filter((camera) => camera.kind === "pictures").map(({ name }) => name);
  if (inRows.length > 0) {
    throw new DataError(
      `export: v2.1 is written with videos, ${reader.files.root} keeps ${inRows.join(", ")} as pictures in its rows. Import it into the store first, which makes videos of them.`,
      { path: reader.files.root },
    );
  }
  const usable = reader.episodes.filter((episode) => episode.readable);
  const clocked = options.timestamps === "recorded";
  const features = reader.features.filter((feature) => !(clocked && feature.name === RECORDED_CLOCK));
  const lines: V21Lines = { episodes: [], stats: [] };
  let frames = 0;
  for (const [index, episode] of usable.entries()) {
    if (options.signal?.aborted)
      throw new AbortedError(`export: stopped after ${index} of ${usable.length} episodes; nothing is kept.`);
    frames += await exportEpisode(reader, episode, { to, index, firstRow: frames, features, clocked, lines });
    options.onProgress?.({ episodes: index + 1, totalEpisodes: usable.length, frames });
  }
  writeV21Meta(reader, to, { features, lines, episodes: usable.length, frames });
  const skipped = reader.episodes
    .filter((episode) => !episode.readable)
    .map(({ index }) => ({ what: `episode ${index}`, reason: "its data file is missing" }));
  return { episodes: usable.length, frames, skipped };
}

interface EpisodeTarget {
  readonly to: string;
  readonly index: number;
  readonly firstRow: number;
  readonly features: readonly Feature[];
  readonly clocked: boolean;
  readonly lines: V21Lines;
}

/** @returns rows written */
async function exportEpisode(
  reader: DatasetReader,
  episode: EpisodeInfo,
  target: EpisodeTarget,
): Promise<number> {
  const { to, index, firstRow, features, clocked, lines } = target;
  const { columns, length } = await reader.readColumns(episode.index);
  const task = Math.max(0, reader.tasks.indexOf(episode.tasks[0] ?? ""));
  const all = new Map<string, Column>([
    ...columns,
    ...bookkeeping(index, firstRow, length, reader.fps, task),
  ]);
  const clock = columns.get(RECORDED_CLOCK);
  if (clocked && clock?.mask.includes(1)) {
    all.set("timestamp", {
      ...clock,
      name: "timestamp",
      dtype: "float32",
      data: Float32Array.from(clock.data as Float64Array),
    });
  }
  const builder = new ParquetBuilder(dataColumns(features));
  builder.addGroup(
    new Map(features.map((feature) => [feature.name, columnRows(feature, all.get(feature.name), length)])),
    length,
  );
  const values = { episode_index: index, episode_chunk: Math.floor(index / 1000) };
  const path = join(to, fillTemplate(V2_DATA_PATH, values));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, builder.finish());
  const pictureStats = (await reader.episodeStats(episode.index)) ?? {};
  const stats: Record<string, unknown> = {};
  for (const feature of features) {
    const column = all.get(feature.name);
    const own = isCamera(feature) ? pictureStats[feature.name] : column ? columnStats(column) : null;
    if (own) stats[feature.name] = nestStats(withoutQuantiles(own), isCamera(feature));
  }
  for (const [name, source] of Object.entries(episode.cameras)) {
    if (source.kind !== "video") continue;
    const video = join(to, fillTemplate(V2_VIDEO_PATH, { ...values, video_key: cameraKey(name) }));
    copyFrames({ path: source.path, fromSec: source.fromSec, numFrames: length, fps: reader.fps }, video);
  }
  const success = episode.success === undefined ? {} : { success: episode.success };
  const provenance = provenanceJson(episode.provenance);
  lines.episodes.push(
    JSON.stringify({ episode_index: index, tasks: episode.tasks, length, ...provenance, ...success }),
  );
  lines.stats.push(JSON.stringify({ episode_index: index, stats }));
  return length;
}

/** The cheapest way that gives exactly these frames: the file itself, a cut, or encoding again. */
function copyFrames(
  cut: { path: string; fromSec: number; numFrames: number; fps: number },
  out: string,
): void {
  mkdirSync(dirname(out), { recursive: true });
  const facts = probeVideo(cut.path);
  if (cut.fromSec === 0 && facts.frameCount === cut.numFrames) {
    copyFileSync(cut.path, out);
    return;
  }
  if (cutVideo(cut, out)) return;
  const reader = new VideoReader(cut.path);
  const writer = openVideoWriter(out, { width: reader.size.width, height: reader.size.height, fps: cut.fps });
  try {
    for (const frame of reader.frames({ fromSec: cut.fromSec })) {
      if (writer.frameCount === cut.numFrames) break;
      writer.write(frame);
    }
    writer.close();
  } finally {
    writer.abort();
    reader.close();
  }
}

/** v2.1 has no quantiles. */
function withoutQuantiles({ min, max, mean, std, count }: FeatureStats): FeatureStats {
  return { min, max, mean, std, count };
}

function writeV21Meta(
  reader: DatasetReader,
  to: string,
  facts: { features: readonly Feature[]; lines: V21Lines; episodes: number; frames: number },
): void {
  const { features, lines, episodes, frames } = facts;
  const declared = reader.info.raw["features"];
  const entries = features.map(({ name, dtype, shape, names }) => {
    const own =
      typeof declared === "object" && declared !== null
        ? (declared as Record<string, unknown>)[name]
        : undefined;
    return [name, own ?? { dtype, shape, names }];
  });
  const cameras = features.filter((feature) => feature.dtype === "video").length;
  const tasks = reader.tasks.length > 0 ? reader.tasks : [""];
  const info = {
    codebase_version: "v2.1",
    robot_type: reader.info.robotType,
    total_episodes: episodes,
    total_frames: frames,
    total_tasks: tasks.length,
    total_videos: episodes * cameras,
    total_chunks: Math.ceil(episodes / 1000),
    chunks_size: 1000,
    fps: reader.fps,
    splits: { train: `0:${episodes}` },
    data_path: V2_DATA_PATH,
    video_path: cameras > 0 ? V2_VIDEO_PATH : null,
    features: Object.fromEntries(entries) as Record<string, unknown>,
  };
  const meta = join(to, "meta");
  mkdirSync(meta, { recursive: true });
  const put = (name: string, text: string): void => writeFileSync(join(to, name), text);
  put("meta/info.json", `${JSON.stringify(info, null, 4)}\n`);
  put("meta/tasks.jsonl", tasks.map((task, i) => `${JSON.stringify({ task_index: i, task })}\n`).join(""));
  put("meta/episodes.jsonl", lines.episodes.map((line) => `${line}\n`).join(""));
  put("meta/episodes_stats.jsonl", lines.stats.map((line) => `${line}\n`).join(""));
  put(EMBODIMENT_PATH, `${JSON.stringify(reader.embodiment, null, 4)}\n`);
}

function filesIn(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/**
 * Finished episodes that wait to be merged into a dataset's big files: one folder each under `.staging`, moved there
 * whole by one rename. So an episode is in the dataset or not, never half, and readers see it at once.
 *
 *   .staging/episode-000012/episode.json   what follows below
 *   .staging/episode-000012/columns.bin    numbers, column after column, then one mask byte per row
 *   .staging/episode-000012/{camera}.mp4   one video per camera
 */
import { DataError, type Provenance } from "@orrery/core";
import { makeColumnArray, type Column } from "../column.ts";
import type { DatasetFiles } from "../files.ts";
import type { Problems } from "../problems.ts";
import type { Feature } from "./features.ts";
import type { EpisodeEntry, FeatureStats, VideoSpan } from "./meta.ts";

export const STAGING = ".staging";

export interface StagedColumn {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly names: readonly string[] | null;
  /** Where its numbers begin in columns.bin; the mask of `length` bytes follows them. */
  readonly offset: number;
}

export interface StagedVideo {
  readonly key: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

/** episode.json of a finished episode. */
export interface StagedEpisode {
  readonly version: 1;
  readonly length: number;
  readonly fps: number;
  readonly tasks: readonly string[];
  readonly provenance: Provenance;
  readonly success?: boolean;
  readonly columns: readonly StagedColumn[];
  readonly videos: readonly StagedVideo[];
  readonly stats: Readonly<Record<string, FeatureStats>>;
  /** Bytes of columns.bin: a shorter file was cut off. */
  readonly bytes: number;
}

export interface StagedEntry {
  readonly folder: string;
  readonly index: number;
  readonly episode: StagedEpisode;
}

/** Folder name of a staged episode, relative to the dataset. */
export function stagedFolder(index: number): string {
  return `${STAGING}/episode-${String(index).padStart(6, "0")}`;
}

/**
 * Staged episodes from `firstIndex` on, in order. Lower ones were merged already, just before a crash kept their
 * folders from being removed; episodes after a gap cannot be placed and are reported.
 */
export async function readStaged(
  files: DatasetFiles,
  firstIndex: number,
  problems: Problems,
): Promise<StagedEntry[]> {
  const entries: StagedEntry[] = [];
  for (const name of await files.list(STAGING)) {
    const index = Number(/^episode-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
    if (!(index >= firstIndex)) continue;
    const folder = `${STAGING}/${name}`;
    try {
      const episode = JSON.parse(await files.text(`${folder}/episode.json`)) as StagedEpisode;
      if (episode.version !== 1) throw new DataError(`it has version ${String(episode.version)}`);
      entries.push({ folder, index, episode });
    } catch (error) {
      problems.add(
        "error",
        folder,
        `a finished episode must have a readable episode.json (${String(error)}); it is left out.`,
        "Delete the folder, or record the episode again.",
      );
    }
  }
  return entries.sort((a, b) => a.index - b.index);
}

/** As the reader lists it. */
export function stagedEpisodeEntry({ folder, index, episode }: StagedEntry): EpisodeEntry {
  const toSec = episode.length / episode.fps;
  const span = (file: string): VideoSpan => ({ path: `${folder}/${file}`, fromSec: 0, toSec });
  return {
    index,
    length: episode.length,
    tasks: episode.tasks,
    provenance: episode.provenance,
    ...(episode.success === undefined ? {} : { success: episode.success }),
    rows: { path: `${folder}/columns.bin`, from: 0 },
    videos: Object.fromEntries(episode.videos.map(({ key, file }) => [key, span(file)])),
  };
}

/** Features of staged episodes, for a dataset that has no merged ones yet. */
export function stagedFeatures(episodes: readonly StagedEpisode[]): Feature[] {
  const features = new Map<string, Feature>();
  for (const { columns, videos } of episodes) {
    for (const { name, dtype, shape, names } of columns) {
      const width = shape.reduce((a, b) => a * b, 1);
      if (!features.has(name)) features.set(name, { name, dtype, shape, width, names });
    }
    for (const { key, width, height } of videos) {
      const shape = [height, width, 3];
      if (!features.has(key))
        features.set(key, {
          name: key,
          dtype: "video",
          shape,
          width: height * width * 3,
          names: null,
          video: { isDepth: false },
        });
    }
  }
  return [...features.values()];
}

/**
 * Decodes columns.bin.
 * @throws {DataError} if the file is shorter than it must be
 */
export function decodeStagedColumns(
  where: string,
  episode: StagedEpisode,
  bytes: ArrayBuffer,
): Map<string, Column> {
  if (bytes.byteLength !== episode.bytes) {
    throw new DataError(
      `${where}: must be ${episode.bytes} bytes, got ${bytes.byteLength}. Delete the folder, or record the episode again.`,
      { path: where },
    );
  }
  const T = episode.length;
  const columns = new Map<string, Column>();
  for (const { name, dtype, shape, offset } of episode.columns) {
    const width = shape.reduce((a, b) => a * b, 1);
    const data = makeColumnArray(dtype, T * width);
    if (Array.isArray(data))
      throw new DataError(`${where}: column "${name}" must hold numbers, got text.`, { path: where });
    const raw = new Uint8Array(data.buffer);
    raw.set(new Uint8Array(bytes, offset, raw.length));
    columns.set(name, {
      name,
      dtype,
      width,
      data,
      mask: new Uint8Array(bytes.slice(offset + raw.length, offset + raw.length + T)),
    });
  }
  return columns;
}

/** The columns that only its place in the dataset gives an episode. @param task index of its first task */
export function bookkeeping(
  index: number,
  firstRow: number,
  length: number,
  fps: number,
  task: number,
): Map<string, Column> {
  const make = (name: string, dtype: string, data: Float32Array | Float64Array): [string, Column] => [
    name,
    { name, dtype, width: 1, data, mask: new Uint8Array(length).fill(1) },
  ];
  const count = (from: number): Float64Array => Float64Array.from({ length }, (_, t) => from + t);
  return new Map([
    make(
      "timestamp",
      "float32",
      Float32Array.from({ length }, (_, t) => t / fps),
    ),
    make("frame_index", "int64", count(0)),
    make("episode_index", "int64", new Float64Array(length).fill(index)),
    make("index", "int64", count(firstRow)),
    make("task_index", "int64", new Float64Array(length).fill(task)),
  ]);
}

/** Metadata of LeRobotDataset v3.0: parquet tables, many episodes per data file and per video. */
import { DataError } from "@orrery/core";
import type { DatasetFiles, Listing } from "../files.ts";
import { ParquetFile, type RawColumn } from "../parquet/read.ts";
import type { Problems } from "../problems.ts";
import { fillTemplate, type DatasetInfo } from "./info.ts";
import {
  parseProvenance,
  parseStats,
  tasksByIndex,
  type DatasetMeta,
  type EpisodeEntry,
  type FeatureStats,
  type StatsByFeature,
  type VideoSpan,
} from "./meta.ts";

type Row = Record<string, unknown>;

/** Where one episode's statistics are, so that they are read only when asked for. */
interface StatsPlace {
  readonly file: ParquetFile;
  readonly row: number;
}

export async function readMetaV3(
  files: DatasetFiles,
  listing: Listing,
  info: DatasetInfo,
  problems: Problems,
): Promise<DatasetMeta> {
  const tasks = await readTasks(files, listing, problems);
  const places = new Map<number, StatsPlace>();
  const rows: Row[] = [];
  for (const path of await episodeFiles(files)) {
    try {
      const file = await ParquetFile.open(path, await files.open(path));
      // Statistics are most of the bytes and none of the everyday use.
      const columns = file.columns.filter((name) => !name.startsWith("stats/"));
      for (const [i, row] of toRows(await file.readAll(columns), file.numRows).entries()) {
        const index = Number(row["episode_index"]);
        if (places.has(index)) {
          problems.add("note", path, `episode ${index} is listed twice; the first is used.`, "Nothing.");
          continue;
        }
        places.set(index, { file, row: i });
        rows.push(row);
      }
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.add("error", path, error.message, "Fetch the file from the source again.");
    }
  }
  if (rows.length === 0 && (info.claimed.episodes ?? 0) > 0) {
    problems.add(
      "error",
      "meta/episodes",
      `info.json counts ${info.claimed.episodes} episodes, none is listed.`,
      "Fetch meta/episodes from the source again.",
    );
  }
  rows.sort((a, b) => Number(a["episode_index"]) - Number(b["episode_index"]));
  const episodes = toEntries(rows, info);
  const statsRow = rowsOfOneFile();
  return {
    tasks: tasks.length > 0 ? tasks : [...new Set(episodes.flatMap((episode) => episode.tasks))],
    episodes,
    episodeStats: async (index) => {
      const place = places.get(index);
      return place ? parseStatsRow(await statsRow(place)) : null;
    },
  };
}

/** All meta/episodes files in order of chunk and number. */
async function episodeFiles(files: DatasetFiles): Promise<string[]> {
  const paths: string[] = [];
  for (const chunk of await files.list("meta/episodes")) {
    if (!chunk.startsWith("chunk-")) continue;
    for (const name of await files.list(`meta/episodes/${chunk}`)) {
      if (name.endsWith(".parquet")) paths.push(`meta/episodes/${chunk}/${name}`);
    }
  }
  return paths;
}

/** The text column is pandas' index: "task", in older files "__index_level_0__"; some writers use other names. */
async function readTasks(files: DatasetFiles, listing: Listing, problems: Problems): Promise<string[]> {
  const path = "meta/tasks.parquet";
  if (!(await listing.has(path))) {
    problems.add(
      "warning",
      path,
      "the task table must be there, it is missing; tasks come from the episodes.",
      "Nothing, if the task texts do not matter.",
    );
    return [];
  }
  try {
    const file = await ParquetFile.open(path, await files.open(path));
    const rows = toRows(await file.readAll(), file.numRows);
    const textColumn = ["task", "__index_level_0__", ...file.columns].find(
      (name) => typeof rows[0]?.[name] === "string",
    );
    const textOf = (row: Row): string => {
      const text = row[textColumn ?? "task"];
      return typeof text === "string" ? text : "";
    };
    return tasksByIndex(rows.map((row, i) => ({ index: Number(row["task_index"] ?? i), text: textOf(row) })));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    problems.add("error", path, error.message, "Fetch the file from the source again.");
    return [];
  }
}

function toEntries(rows: readonly Row[], info: DatasetInfo): EpisodeEntry[] {
  const videoKeys = info.features
    .filter((feature) => feature.dtype === "video")
    .map((feature) => feature.name);
  // dataset_from_index counts over the whole dataset; a file's rows begin at the least of its episodes.
  const fileStart = new Map<string, number>();
  let running = 0;
  const placed = rows.map((row) => {
    const length = Number(
      row["length"] ?? Number(row["dataset_to_index"]) - Number(row["dataset_from_index"]),
    );
    const from = row["dataset_from_index"] === undefined ? running : Number(row["dataset_from_index"]);
    running = from + length;
    const path = fillTemplate(info.dataPath, fileValues(row, "data"));
    fileStart.set(path, Math.min(fileStart.get(path) ?? Infinity, from));
    return { row, length, from, path };
  });
  return placed.map(({ row, length, from, path }) => {
    const videos: Record<string, VideoSpan> = {};
    for (const key of videoKeys) {
      const fromSec = row[`videos/${key}/from_timestamp`];
      if (!info.videoPath || typeof fromSec !== "number" || row[`videos/${key}/file_index`] == null) continue;
      const toSec = row[`videos/${key}/to_timestamp`];
      videos[key] = {
        path: fillTemplate(info.videoPath, { ...fileValues(row, `videos/${key}`), video_key: key }),
        fromSec,
        toSec: typeof toSec === "number" ? toSec : fromSec + length / info.fps,
      };
    }
    const success = row["success"];
    return {
      index: Number(row["episode_index"]),
      length,
      tasks: Array.isArray(row["tasks"])
        ? row["tasks"].map(String)
        : typeof row["tasks"] === "string"
          ? [row["tasks"]]
          : [],
      provenance: parseProvenance(row),
      ...(typeof success === "boolean" ? { success } : {}),
      rows: { path, from: from - (fileStart.get(path) ?? 0) },
      videos,
    };
  });
}

function fileValues(row: Row, prefix: string): { chunk_index: number; file_index: number } {
  return {
    chunk_index: Number(row[`${prefix}/chunk_index`] ?? 0),
    file_index: Number(row[`${prefix}/file_index`] ?? 0),
  };
}

/** Reads rows of statistics. The table read last is kept, so that going through all episodes reads each file once. */
function rowsOfOneFile(): (place: StatsPlace) => Promise<Row> {
  let last: { readonly file: ParquetFile; readonly table: Promise<Map<string, RawColumn>> } | undefined;
  return async ({ file, row }) => {
    if (last?.file !== file) {
      const table = file.readAll(file.columns.filter((name) => name.startsWith("stats/")));
      last = { file, table };
    }
    return Object.fromEntries([...(await last.table)].map(([name, values]) => [name, values[row]]));
  };
}

function parseStatsRow(row: Row): StatsByFeature | null {
  const nested: Record<string, Record<string, unknown>> = {};
  for (const [name, value] of Object.entries(row)) {
    // stats/{feature}/{kind}: the feature may hold dots but no slash.
    const [, feature = "", kind = ""] = name.split("/");
    (nested[feature] ??= {})[kind] = value;
  }
  const out: Record<string, FeatureStats> = {};
  for (const [feature, json] of Object.entries(nested)) {
    const stats = parseStats(json);
    if (stats) out[feature] = stats;
  }
  return Object.keys(out).length > 0 ? out : null;
}

function toRows(columns: ReadonlyMap<string, RawColumn>, numRows: number): Row[] {
  return Array.from({ length: numRows }, (_, i) => {
    const row: Row = {};
    for (const [name, values] of columns) row[name] = values[i];
    return row;
  });
}

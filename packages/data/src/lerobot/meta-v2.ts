/** Metadata of LeRobotDataset v2.0 and v2.1: JSON lines, one parquet and one video per camera per episode. */
import type { DatasetFiles, Listing } from "../files.ts";
import type { Problems } from "../problems.ts";
import { isRecord } from "@orrery/core";
import { fillTemplate, type DatasetInfo } from "./info.ts";
import {
  parseProvenance,
  parseStats,
  tasksByIndex,
  type DatasetMeta,
  type EpisodeEntry,
  type FeatureStats,
  type StatsByFeature,
} from "./meta.ts";

export async function readMetaV2(
  files: DatasetFiles,
  listing: Listing,
  info: DatasetInfo,
  problems: Problems,
): Promise<DatasetMeta> {
  const tasks = (await readJsonLines(files, listing, "meta/tasks.jsonl", problems)).map((row) => ({
    index: Number(row["task_index"]),
    text: String(row["task"]),
  }));
  const videoKeys = info.features
    .filter((feature) => feature.dtype === "video")
    .map((feature) => feature.name);
  const lines = await readJsonLines(files, listing, "meta/episodes.jsonl", problems);
  const episodes: EpisodeEntry[] = [];
  const known = new Set<number>();
  for (const line of lines) {
    const [index, length] = [Number(line["episode_index"]), Number(line["length"])];
    if (!Number.isInteger(index) || !Number.isInteger(length) || index < 0 || length < 0) {
      problems.add(
        "error",
        "meta/episodes.jsonl",
        `every line needs episode_index and length, got ${JSON.stringify(line)}; left out.`,
        "Mend the line.",
      );
      continue;
    }
    if (known.has(index)) {
      const message = `episode ${index} is listed twice; the first is used.`;
      problems.add("note", "meta/episodes.jsonl", message, "Nothing.");
      continue;
    }
    known.add(index);
    const values = { episode_index: index, episode_chunk: Math.floor(index / info.chunksSize) };
    const span = (video_key: string): EpisodeEntry["videos"][string] => ({
      path: fillTemplate(info.videoPath ?? "", { ...values, video_key }),
      fromSec: 0,
      toSec: length / info.fps,
    });
    episodes.push({
      index,
      length,
      tasks: taskTexts(line["tasks"]),
      // Ours where we exported the dataset; others have no such keys.
      provenance: parseProvenance(line),
      ...(typeof line["success"] === "boolean" ? { success: line["success"] } : {}),
      rows: { path: fillTemplate(info.dataPath, values), from: 0 },
      videos: info.videoPath ? Object.fromEntries(videoKeys.map((key) => [key, span(key)])) : {},
    });
  }
  let stats: Promise<Map<number, StatsByFeature>> | undefined;
  return {
    tasks: tasksByIndex(tasks),
    episodes,
    episodeStats: async (index) => {
      stats ??= readEpisodeStats(files, listing, problems);
      return (await stats).get(index) ?? null;
    },
  };
}

/** Stored as a list; some recorders wrote one bare string. */
function taskTexts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.map(String) : [];
}

async function readEpisodeStats(
  files: DatasetFiles,
  listing: Listing,
  problems: Problems,
): Promise<Map<number, StatsByFeature>> {
  const out = new Map<number, StatsByFeature>();
  if (!(await listing.has("meta/episodes_stats.jsonl"))) return out;
  for (const line of await readJsonLines(files, listing, "meta/episodes_stats.jsonl", problems)) {
    const stats: Record<string, FeatureStats> = {};
    for (const [name, json] of Object.entries(isRecord(line["stats"]) ? line["stats"] : {})) {
      const parsed = parseStats(json);
      if (parsed) stats[name] = parsed;
    }
    out.set(Number(line["episode_index"]), stats);
  }
  return out;
}

/** One object per line; a line that does not parse is reported and left out, which costs one episode and not all. */
async function readJsonLines(
  files: DatasetFiles,
  listing: Listing,
  path: string,
  problems: Problems,
): Promise<Record<string, unknown>[]> {
  if (!(await listing.has(path))) {
    problems.add(
      "error",
      path,
      "this file must be there in a v2 dataset, it is missing.",
      "Fetch it from the source again.",
    );
    return [];
  }
  const rows: Record<string, unknown>[] = [];
  for (const [i, line] of (await files.text(path)).split("\n").entries()) {
    if (line.trim() === "") continue;
    try {
      const row: unknown = JSON.parse(line);
      if (isRecord(row)) rows.push(row);
      else throw new SyntaxError("not an object");
    } catch {
      problems.add(
        "error",
        `${path}:${i + 1}`,
        `the line must be a JSON object, got "${line.slice(0, 40)}"; left out.`,
        "The file was probably cut off: fetch it again.",
      );
    }
  }
  return rows;
}

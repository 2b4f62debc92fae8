/** meta/info.json of LeRobotDataset v2.0, v2.1 and v3.0. */
import { DataError, isRecord, messageOf } from "@orrery/core";
import type { DatasetFiles } from "../files.ts";
import { shortList, type Problems } from "../problems.ts";
import { parseFeatures, type Feature } from "./features.ts";

export type LeRobotVersion = "v2.0" | "v2.1" | "v3.0";

export interface DatasetInfo {
  readonly version: LeRobotVersion;
  readonly robotType: string | null;
  /** Frames per second; not always whole in others' data. */
  readonly fps: number;
  /** What info.json claims; the reader counts for itself. */
  readonly claimed: {
    readonly episodes: number | null;
    readonly frames: number | null;
    readonly tasks: number | null;
  };
  readonly chunksSize: number;
  readonly dataPath: string;
  readonly videoPath: string | null;
  readonly features: readonly Feature[];
  /** Split name to "from:to" over episode indices, as written. */
  readonly splits: Readonly<Record<string, string>>;
  /** The file as parsed: unknown keys are kept for exports. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export const V3_DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";
export const V3_VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4";
export const V2_DATA_PATH = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet";
export const V2_VIDEO_PATH = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4";

/**
 * Reads and checks meta/info.json.
 * @throws {DataError} if there is no dataset here, its version cannot be read, or its rate is senseless
 */
export async function readInfo(files: DatasetFiles, problems: Problems): Promise<DatasetInfo> {
  await assertDatasetFolder(files);
  const path = files.locate("meta/info.json");
  let raw: unknown;
  try {
    raw = JSON.parse(await files.text("meta/info.json"));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(
      `openDataset: ${path} must be JSON, it does not parse (${messageOf(error)}). Restore it from the source.`,
      { path, cause: error },
    );
  }
  if (!isRecord(raw)) {
    throw new DataError(
      `openDataset: ${path} must hold a JSON object, got ${typeof raw}. Restore it from the source.`,
      { path },
    );
  }
  const version = parseVersion(raw["codebase_version"], path);
  const fps = Number(raw["fps"]);
  if (!(fps > 0 && Number.isFinite(fps))) {
    throw new DataError(
      `openDataset: "fps" must be above 0, got ${JSON.stringify(raw["fps"])} (${path}). Write the recording rate there.`,
      { path },
    );
  }
  if (!Number.isInteger(fps)) {
    problems.add(
      "note",
      "meta/info.json",
      `"fps" must be whole for LeRobot's own tools, got ${fps}; it is used as it is.`,
      "Nothing here; other tools may want a whole number.",
    );
  }
  const videoPath = raw["video_path"];
  return {
    version,
    robotType: typeof raw["robot_type"] === "string" ? raw["robot_type"] : null,
    fps,
    claimed: {
      episodes: countOrNull(raw["total_episodes"]),
      frames: countOrNull(raw["total_frames"]),
      tasks: countOrNull(raw["total_tasks"]),
    },
    chunksSize: countOrNull(raw["chunks_size"]) || 1000,
    dataPath:
      typeof raw["data_path"] === "string"
        ? raw["data_path"]
        : version === "v3.0"
          ? V3_DATA_PATH
          : V2_DATA_PATH,
    videoPath:
      typeof videoPath === "string"
        ? videoPath
        : videoPath === undefined
          ? version === "v3.0"
            ? V3_VIDEO_PATH
            : V2_VIDEO_PATH
          : null,
    features: parseFeatures(raw["features"], problems),
    splits: parseSplits(raw["splits"]),
    raw,
  };
}

/** Says what was found instead of a dataset: the most common mistake is a path one level off. */
async function assertDatasetFolder(files: DatasetFiles): Promise<void> {
  const [top, meta] = await Promise.all([files.list(""), files.list("meta")]);
  if (meta.includes("info.json")) return;
  const path = files.root;
  if (top.length === 0) {
    throw new DataError(
      `openDataset: ${path} must be a LeRobot dataset (a folder with meta/info.json), it is empty or not there. Check the path.`,
      { path },
    );
  }
  const nested: string[] = [];
  for (const name of top) if ((await files.list(`${name}/meta`)).includes("info.json")) nested.push(name);
  const hint =
    nested.length > 0
      ? `Did you mean one of the datasets inside it: ${shortList(nested)}?`
      : "If it is another format, bring it in with `orrery data import`.";
  throw new DataError(`openDataset: ${path} must have meta/info.json, it holds ${shortList(top)}. ${hint}`, {
    path,
  });
}

function parseVersion(value: unknown, path: string): LeRobotVersion {
  const version = typeof value === "string" ? value.replace(/^(?=\d)/, "v") : "";
  if (version === "v2.0" || version === "v2.1" || version === "v3.0") return version;
  const found = value === undefined ? "none" : JSON.stringify(value);
  const cure = version.startsWith("v1")
    ? "Version 1 keeps frames in a layout that no current tool reads: convert it with lerobot's convert_dataset_v1_to_v2 first."
    : "Convert it with lerobot, or correct info.json.";
  throw new DataError(
    `openDataset: "codebase_version" must be v2.0, v2.1 or v3.0, got ${found} (${path}). ${cure}`,
    { path },
  );
}

/** Fills a path template such as "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet". */
export function fillTemplate(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)(?::0?(\d+)d)?\}/g, (whole, key: string, digits: string | undefined) => {
    const value = values[key];
    if (value === undefined) return whole;
    return digits ? String(value).padStart(Number(digits), "0") : String(value);
  });
}

function parseSplits(json: unknown): Record<string, string> {
  if (!isRecord(json)) return {};
  return Object.fromEntries(Object.entries(json).map(([name, range]) => [name, String(range)]));
}

function countOrNull(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
}

/** The steps of opening a dataset: what is claimed, what is there, and the difference as problems. */
import { widthOf, type Embodiment } from "@orrery/core";
import type { CameraSource, EpisodeInfo } from "./episode-info.ts";
import type { DatasetFiles, Listing } from "./files.ts";
import { embodimentFromFeatures, EMBODIMENT_PATH, vectorFeatures } from "./lerobot/embodiment.ts";
import { completeFeatures } from "./lerobot/feature-set.ts";
import { cameraName, isCamera } from "./lerobot/features.ts";
import type { DatasetInfo } from "./lerobot/info.ts";
import type { DatasetMeta } from "./lerobot/meta.ts";
import { stagedEpisodeEntry, stagedFeatures, STAGING, type StagedEntry } from "./lerobot/staged.ts";
import { shortList, type Problems } from "./problems.ts";

/** Training reads float32; who needs the full precision reads `readColumns`. */
export function noteFloat64({ features }: DatasetInfo, problems: Problems): void {
  for (const key of ["observation.state", "action"] as const) {
    for (const { name, dtype } of vectorFeatures(features, key)) {
      if (dtype !== "float64") continue;
      problems.add(
        "note",
        "meta/info.json",
        `"${name}" is float64; it is rounded to float32 for training.`,
        "Nothing.",
      );
    }
  }
}

/** Ours where we wrote one and it fits the features, otherwise derived from them. */
export async function readEmbodiment(
  files: DatasetFiles,
  listing: Listing,
  info: DatasetInfo,
  problems: Problems,
): Promise<Embodiment> {
  const derived = embodimentFromFeatures(info.robotType, info.fps, info.features);
  if (!(await listing.has(EMBODIMENT_PATH))) return derived;
  try {
    const own = JSON.parse(await files.text(EMBODIMENT_PATH)) as Embodiment;
    for (const part of ["state", "action"] as const) {
      const [declared, recorded] = [widthOf(own[part]), widthOf(derived[part])];
      // A body may have a part that nobody recorded; what is recorded must fit it.
      if (recorded > 0 && recorded !== declared) {
        throw new Error(`${part} must be ${recorded} wide as in info.json, got ${declared}`);
      }
    }
    return own;
  } catch (error) {
    problems.add(
      "warning",
      EMBODIMENT_PATH,
      `${String(error)}; the features of info.json are used.`,
      "Correct or delete the file.",
    );
    return derived;
  }
}

/** Turns entries into what callers see: files that are missing are reported once per camera, not once per episode. */
export async function findEpisodes(
  files: DatasetFiles,
  listing: Listing,
  info: DatasetInfo,
  meta: DatasetMeta,
  problems: Problems,
): Promise<EpisodeInfo[]> {
  const cameras = info.features.filter(isCamera);
  const noRows: number[] = [];
  const noVideo = new Map<string, number[]>(cameras.map((camera) => [camera.name, []]));
  const episodes: EpisodeInfo[] = [];
  for (const entry of meta.episodes) {
    const readable = await listing.has(entry.rows.path);
    if (!readable) noRows.push(entry.index);
    const sources: Record<string, CameraSource> = {};
    for (const { name: key, dtype } of cameras) {
      const span = entry.videos[key];
      if (dtype === "image") sources[cameraName(key)] = { kind: "pictures" };
      else if (span && (await listing.has(span.path))) {
        sources[cameraName(key)] = {
          kind: "video",
          path: files.locate(span.path),
          fromSec: span.fromSec,
          toSec: span.toSec,
          fps: info.fps,
        };
      } else if (readable) noVideo.get(key)?.push(entry.index);
    }
    const { index, length, tasks, provenance } = entry;
    episodes.push({
      index,
      length,
      tasks,
      provenance,
      ...(entry.success === undefined ? {} : { success: entry.success }),
      cameras: sources,
      readable,
    });
  }
  if (noRows.length > 0) {
    problems.add(
      "warning",
      "data",
      `${noRows.length} of ${meta.episodes.length} listed episodes have no data file: ${shortList(noRows)}; they are left out.`,
      "Fetch the rest of the dataset, if you need them.",
    );
  }
  const usable = meta.episodes.length - noRows.length;
  for (const [key, missing] of noVideo) {
    if (missing.length === 0) continue;
    const all = missing.length === usable;
    problems.add(
      "warning",
      key,
      all
        ? `the camera is declared, but none of ${usable} episodes has a video file.`
        : `${missing.length} of ${usable} episodes have no video file: ${shortList(missing)}; they are used without this camera.`,
      all
        ? "Nothing, if pictures are not needed; otherwise fetch the videos folder."
        : "Fetch the missing videos, if you need them.",
    );
  }
  return episodes;
}

/** Adds the episodes that wait to be merged. */
export function withStaged(
  info: DatasetInfo,
  meta: DatasetMeta,
  staged: readonly StagedEntry[],
  problems: Problems,
): { info: DatasetInfo; meta: DatasetMeta } {
  if (staged.length === 0) return { info, meta };
  problems.add(
    "note",
    STAGING,
    `${staged.length} finished episodes wait to be merged; they are read from there.`,
    "Nothing: the next recording into this dataset merges them. Other tools do not see them before that.",
  );
  const tasks = [...meta.tasks];
  for (const { episode } of staged)
    for (const task of episode.tasks) if (!tasks.includes(task)) tasks.push(task);
  const byIndex = new Map(staged.map(({ index, episode }) => [index, episode.stats]));
  return {
    info:
      info.features.length > 0
        ? info
        : { ...info, features: completeFeatures(stagedFeatures(staged.map(({ episode }) => episode))) },
    meta: {
      tasks,
      episodes: [...meta.episodes, ...staged.map(stagedEpisodeEntry)],
      episodeStats: async (index) => byIndex.get(index) ?? meta.episodeStats(index),
    },
  };
}

export function compareTotals(info: DatasetInfo, meta: DatasetMeta, problems: Problems): void {
  const counted = {
    episodes: meta.episodes.length,
    frames: meta.episodes.reduce((sum, episode) => sum + episode.length, 0),
    tasks: meta.tasks.length,
  };
  // Our writer lists episodes first and totals them last; a crash in between leaves old totals and nothing else.
  const severity = info.raw["orrery"] === undefined ? "warning" : "note";
  for (const key of ["episodes", "frames", "tasks"] as const) {
    const claimed = info.claimed[key];
    if (claimed === null || claimed === counted[key]) continue;
    problems.add(
      severity,
      "meta/info.json",
      `total_${key} must be what the metadata lists (${counted[key]}), got ${claimed}; the list is believed.`,
      severity === "note" ? "Nothing: the next recording corrects it." : `Correct total_${key}.`,
    );
  }
}

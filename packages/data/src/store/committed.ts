/** The merged part of a dataset that a writer appends to, and putting it right after a crash. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DataError, widthOf, type Embodiment } from "@orrery/core";
import { FolderFiles } from "../files-node.ts";
import { Listing } from "../files.ts";
import { EMBODIMENT_PATH } from "../lerobot/embodiment.ts";
import { isCamera } from "../lerobot/features.ts";
import { readInfo, type DatasetInfo } from "../lerobot/info.ts";
import {
  parseStatsFile,
  type DatasetMeta,
  type EpisodeEntry,
  type FeatureStats,
  type StatsByFeature,
} from "../lerobot/meta.ts";
import { readMetaV3 } from "../lerobot/meta-v3.ts";
import { STAGING } from "../lerobot/staged.ts";
import { Problems } from "../problems.ts";
import { mergeStats } from "../stats.ts";
import { namesIn, placesIn } from "./layout.ts";

export interface Committed {
  readonly info: DatasetInfo;
  readonly numEpisodes: number;
  readonly numFrames: number;
  readonly tasks: readonly string[];
  readonly stats: StatsByFeature;
}

/**
 * Reads what is merged and removes what an interrupted writer left beside it.
 * @returns `isStale` where a crash came between the table of episodes and the totals: they must be written again
 * @throws {DataError} if it is not one of ours, or damaged
 */
export async function readCommitted(root: string): Promise<{ committed: Committed; isStale: boolean }> {
  const files = new FolderFiles(root);
  const problems = new Problems();
  const info = await readInfo(files, problems);
  if (info.version !== "v3.0" || info.raw["orrery"] === undefined) {
    throw new DataError(
      `openDatasetWriter: ${root} must be written by orrery to append to it, it is a ${info.version} of another tool. Bring it in with \`orrery data import\` first.`,
      { path: root },
    );
  }
  const listing = new Listing(files);
  const meta = await readMetaV3(files, listing, info, problems);
  const broken = problems.list.find((problem) => problem.severity === "error");
  if (broken) {
    throw new DataError(
      `openDatasetWriter: ${root} cannot be appended to: ${broken.where}: ${broken.message} ${broken.cure}`,
      { path: root },
    );
  }
  removeLeftovers(root, info, meta.episodes);
  const isStale = info.claimed.episodes !== meta.episodes.length;
  const hasStats = await listing.has("meta/stats.json");
  const stats =
    hasStats && !isStale ? parseStatsFile(await files.text("meta/stats.json")) : await sumStats(meta);
  const numFrames = meta.episodes.reduce((sum, { length }) => sum + length, 0);
  return {
    committed: { info, numEpisodes: meta.episodes.length, numFrames, tasks: meta.tasks, stats },
    isStale,
  };
}

/** Statistics over all episodes, from their own. */
async function sumStats(meta: DatasetMeta): Promise<StatsByFeature> {
  let total: StatsByFeature = {};
  for (const { index } of meta.episodes) total = addStats(total, (await meta.episodeStats(index)) ?? {});
  return total;
}

export function addStats(total: StatsByFeature, added: StatsByFeature): StatsByFeature {
  const out: Record<string, FeatureStats> = { ...total };
  for (const [name, own] of Object.entries(added)) out[name] = out[name] ? mergeStats(out[name], own) : own;
  return out;
}

/** @throws {DataError} if new episodes would be of another body or rate than those in the dataset */
export function assertSameBody(root: string, info: DatasetInfo, embodiment: Embodiment, fps: number): void {
  if (info.fps !== fps) {
    throw new DataError(
      `openDatasetWriter: ${root} is recorded at ${info.fps} frames/s, new episodes have ${fps}. Choose another dataset, or resample.`,
      { path: root },
    );
  }
  const own = JSON.parse(readFileSync(join(root, EMBODIMENT_PATH), "utf8")) as Embodiment;
  const describe = (body: Embodiment): string =>
    `"${body.name}" with ${widthOf(body.state)} states and ${widthOf(body.action)} actions`;
  if (describe(own) !== describe(embodiment)) {
    throw new DataError(
      `openDatasetWriter: ${root} holds ${describe(own)}, new episodes have ${describe(embodiment)}. Choose another dataset.`,
      { path: root },
    );
  }
}

/** Removes half recordings, episodes that were merged already, and files of a merge that did not take effect. */
function removeLeftovers(root: string, info: DatasetInfo, episodes: readonly EpisodeEntry[]): void {
  rmSync(join(root, STAGING, "recording"), { recursive: true, force: true });
  for (const name of namesIn(join(root, STAGING))) {
    const index = Number(/^episode-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
    if (index < episodes.length) rmSync(join(root, STAGING, name), { recursive: true, force: true });
  }
  const spans = episodes.flatMap((entry) => [entry.rows, ...Object.values(entry.videos)]);
  const referenced = new Set(spans.map((span) => join(root, span.path)));
  const cameras = info.features.filter(isCamera).map(({ name }) => join(root, "videos", name));
  for (const folder of [join(root, "data"), ...cameras]) {
    for (const { path } of placesIn(folder)) if (!referenced.has(path)) rmSync(path, { force: true });
  }
  for (const folder of ["meta", "data", "videos"]) removeTemporary(join(root, folder));
}

function removeTemporary(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && entry.name.endsWith(".tmp"))
      rmSync(join(entry.parentPath, entry.name), { force: true });
  }
}

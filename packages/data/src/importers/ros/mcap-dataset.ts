/** A whole dataset of the store as a folder of MCAP files, one per episode. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, messageOf } from "@orrery/core";
import { lerobotFormat } from "../../lerobot/source.ts";
import { isSkip, type EpisodeSource, type Skip } from "../../source.ts";
import { buildBeside } from "../../store/build-beside.ts";
import { exportMcap, type McapExportOptions } from "./mcap-export.ts";

export interface McapDatasetOptions extends McapExportOptions {
  readonly onProgress?: (progress: { episodes: number; totalEpisodes: number; frames: number }) => void;
  /** Stops between two episodes; nothing is then left behind. */
  readonly signal?: AbortSignal;
}

export interface McapDatasetReport {
  readonly path: string;
  readonly episodes: number;
  /** Messages in all files. */
  readonly messages: number;
  /** Relative to `path`. */
  readonly files: readonly string[];
  readonly skipped: readonly Skip[];
}

/**
 * Writes the dataset at `from` to the new folder `to`, built beside its place and renamed when whole.
 * @throws {UsageError} if `to` exists already
 * @throws {DataError} if `from` is no dataset or the disk is full
 * @throws {AbortedError} if the signal fires
 */
export async function exportMcapDataset(
  from: string,
  to: string,
  options: McapDatasetOptions = {},
): Promise<McapDatasetReport> {
  const source = await lerobotFormat.open(from, {});
  try {
    return await buildBeside(to, (partial, path) => writeEpisodes(source, partial, path, options));
  } finally {
    await source.close();
  }
}

async function writeEpisodes(
  source: EpisodeSource,
  partial: string,
  path: string,
  options: McapDatasetOptions,
): Promise<McapDatasetReport> {
  const files: string[] = [];
  const skipped: Skip[] = [];
  let messages = 0;
  mkdirSync(partial, { recursive: true });
  const { episodes: totalEpisodes } = await source.describe();
  for await (const item of source.episodes()) {
    if (options.signal?.aborted) throw new AbortedError(`export: stopped; nothing was written to ${path}.`);
    if (isSkip(item)) {
      skipped.push(item);
      continue;
    }
    const name = `episode_${String(files.length).padStart(6, "0")}.mcap`;
    try {
      messages += await exportMcap(item, join(partial, name), options);
      files.push(name);
    } catch (error) {
      // A picture that cannot be decoded costs its episode; a disk that is full costs the export.
      if (!existsSync(partial) || isDiskError(error)) throw error;
      skipped.push({ what: item.id, reason: messageOf(error) });
    }
    options.onProgress?.({ episodes: files.length + skipped.length, totalEpisodes, frames: messages });
  }
  return { path, episodes: files.length, messages, files, skipped };
}

function isDiskError(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return ["ENOSPC", "EDQUOT", "EACCES", "EROFS"].includes(cause?.code ?? "");
}

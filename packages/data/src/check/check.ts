/** Deep check of a dataset: every row is decoded, every video is counted, totals and statistics are compared. */
import { AbortedError, DataError } from "@orrery/core";
import { assembleColumns } from "../assemble.ts";
import { openDataset } from "../open.ts";
import { Problems, type Problem } from "../problems.ts";
import type { DatasetReader } from "../reader.ts";
import { checkFiles } from "./files.ts";
import { RowChecks } from "./rows.ts";
import { StatsCheck } from "./stats.ts";
import { checkVideos } from "./videos.ts";

export interface CheckOptions {
  /** Called now and then with episodes done and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface CheckResult {
  /** Episodes whose rows decode. */
  readonly episodes: number;
  readonly frames: number;
  /** Video frames counted in files. */
  readonly videoFrames: number;
  /** Nothing worse than a note was found. */
  readonly isClean: boolean;
  readonly problems: readonly Problem[];
}

/**
 * Checks a dataset from end to end; quirks are listed, never thrown.
 * @throws {DataError} if there is no dataset at `path` at all
 * @throws {AbortedError} if the signal fires
 */
export async function checkDataset(path: string, options: CheckOptions = {}): Promise<CheckResult> {
  const reader = await openDataset(path);
  const problems = new Problems();
  const { frames, episodes } = await checkRows(reader, problems, options);
  const videoFrames = await checkVideos(reader, problems, options.signal);
  await checkFiles(reader, problems);
  const all = [...reader.problems, ...problems.list];
  return {
    episodes,
    frames,
    videoFrames,
    isClean: all.every((problem) => problem.severity === "note"),
    problems: all,
  };
}

async function checkRows(
  reader: DatasetReader,
  problems: Problems,
  { onProgress, signal }: CheckOptions,
): Promise<{ frames: number; episodes: number }> {
  const rows = new RowChecks(reader);
  const stats = new StatsCheck(reader.features);
  let frames = 0;
  let episodes = 0;
  for (const [i, episode] of reader.episodes.entries()) {
    if (signal?.aborted)
      throw new AbortedError(`checkDataset: stopped after ${i} of ${reader.episodes.length} episodes.`);
    onProgress?.(i, reader.episodes.length);
    if (!episode.readable) continue;
    try {
      const columns = await reader.readColumns(episode.index);
      // Assembling reports what is not finite.
      assembleColumns(columns, problems);
      rows.add(columns);
      if (!reader.isStaged(episode.index)) stats.add(columns);
      frames += columns.length;
      episodes++;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.add(
        "error",
        `episode ${episode.index}`,
        error.message,
        "Fetch the file again, or leave the episode out.",
      );
    }
  }
  onProgress?.(reader.episodes.length, reader.episodes.length);
  rows.report(problems);
  // Statistics of a dataset with missing episodes cannot agree with the rest.
  if (episodes === reader.episodes.length) {
    const isExpected = reader.info.version !== "v2.1";
    stats.report(await reader.stats(), { isExpected, isInterrupted: reader.isInterrupted }, problems);
  }
  return { frames, episodes };
}

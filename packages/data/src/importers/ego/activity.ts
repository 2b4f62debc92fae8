/**
 * Logs of timed activities without their videos, as published for Egocentric-10K: language alone.
 *
 * Each line becomes an episode whose task is the activity. Its rows lie a second apart and hold nothing but the time in the
 * video they speak of: there is no picture, no state and no action in them, and none is made up. With the videos at hand,
 * import them with the format "video", which cuts them along these same logs.
 */
import { basename, join } from "node:path";
import { DataError, type Embodiment, messageOf, type Step } from "@orrery/core";
import { z } from "zod";
import type {
  EpisodeSource,
  Skip,
  SourceEpisode,
  SourceFormat,
  SourceOptions,
  SourceSummary,
} from "../../source.ts";
import { type CsvRecord, csvColumns, csvNumber, readCsv } from "../shared/csv.ts";
import { hashFile, kindOf, listFiles, otherFiles } from "../shared/files.ts";
import { parseSettings } from "../shared/settings.ts";
import { isActivityLog } from "../videos/captions.ts";

const Settings = z.strictObject({});
const RATE_HZ = 1;
const MAX_SEGMENT_SEC = 24 * 3600;

const EMBODIMENT: Embodiment = {
  name: "person",
  controlRateHz: RATE_HZ,
  state: [],
  action: [],
  cameras: [],
  sensors: [{ name: "video_time", width: 1, unit: "s" }],
};

export const activityFormat: SourceFormat = {
  name: "activity",
  async recognise(path) {
    const files = await logsIn(path).catch(() => []);
    return files.length > 0 ? 0.91 : 0;
  },
  open: openActivityLogs,
};

async function logsIn(path: string): Promise<string[]> {
  const isFolder = (await kindOf(path)) === "folder";
  const all = isFolder ? (await listFiles(path)).filter((file) => file.endsWith(".csv")) : [""];
  const logs: string[] = [];
  for (const file of all) if (isActivityLog(await csvColumns(join(path, file)))) logs.push(file);
  return logs;
}

/** Opens one log or a folder of logs. */
export async function openActivityLogs(path: string, options: SourceOptions): Promise<EpisodeSource> {
  parseSettings("activity", Settings, options);
  const logs = await logsIn(path);
  if (logs.length === 0) {
    throw new DataError(
      `import activity: ${path} must hold CSV files with activity, source_file and start_seconds_from_video_start.`,
      { path },
    );
  }
  const isFolder = (await kindOf(path)) === "folder";
  const skipped = isFolder ? otherFiles(await listFiles(path), logs, "not an activity log") : [];

  async function* episodes(): AsyncGenerator<SourceEpisode | Skip> {
    yield* skipped;
    for (const name of logs) {
      const file = join(path, name);
      const label = name || basename(path);
      try {
        const hash = await hashFile(file);
        let row = 0;
        for await (const record of readCsv(file)) yield episodeOf(record, `${label}:${++row}`, hash, options);
      } catch (error) {
        yield { what: label, reason: messageOf(error) };
      }
    }
  }

  return {
    format: "activity",
    async describe(): Promise<SourceSummary> {
      const summary = { episodes: 0, skipped: [] as Skip[] };
      for await (const item of episodes()) {
        if ("reason" in item) summary.skipped.push(item);
        else summary.episodes++;
      }
      return { ...summary, notes: ["language alone: rows hold the time in the video and nothing else"] };
    },
    episodes,
    close: () => Promise.resolve(),
  };
}

function episodeOf(
  record: CsvRecord,
  id: string,
  hash: string,
  options: SourceOptions,
): SourceEpisode | Skip {
  const from = csvNumber(record["start_seconds_from_video_start"]);
  const to = csvNumber(record["end_seconds_from_video_start"]);
  const task = record["activity"]?.trim() ?? "";
  if (task === "") return { what: id, reason: "has no activity" };
  if (!(from >= 0 && to > from && to - from <= MAX_SEGMENT_SEC))
    return { what: id, reason: `its span from ${from} to ${to} s makes no sense` };
  const labels: Record<string, string> = {};
  for (const key of ["process", "factory", "worker", "source_file"]) {
    const value = record[key];
    if (value) labels[key] = value;
  }
  async function* steps(): AsyncGenerator<Step> {
    for (let t = 0; from + t < to; t += 1 / RATE_HZ)
      yield { images: {}, extra: { video_time: Float64Array.of(from + t) } };
  }
  return {
    id,
    embodiment: EMBODIMENT,
    task,
    provenance: {
      stream: options.stream ?? "ego",
      source: `activity:${id.split(":")[0]}`,
      sourceHash: hash,
      labels,
    },
    steps,
  };
}

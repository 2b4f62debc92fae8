/**
 * Project Aria recordings: head trajectory, eye gaze and hands as Machine Perception Services (MPS) writes them in CSV, and
 * pictures from the VRS file where there is one.
 *
 * Rows lie at the RGB camera's own times, else on an even clock over the trajectory. Every log gives the sample nearest
 * in time, at most 0.1 s away. There is no action: the state is where the head is and how it is turned.
 */
import { basename, dirname, join } from "node:path";
import { DataError, type Embodiment, messageOf, type StatePart, type Step } from "@orrery/core";
import { z } from "zod";
import type {
  EpisodeSource,
  Skip,
  SourceEpisode,
  SourceFormat,
  SourceOptions,
  SourceSummary,
} from "../../source.ts";
import { csvColumns } from "../shared/csv.ts";
import { hashFiles, kindOf, listFiles, otherFiles, RandomFile } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { decodePicture, pictureSize } from "../shared/pictures.ts";
import { parseSettings, rateSetting } from "../shared/settings.ts";
import { CsvTrack, lastTimeSec } from "./csv-track.ts";
import { VRS_CAMERAS, vrsPictures } from "./vrs.ts";

const Settings = z.strictObject({
  /** Rate of the even clock where there is no VRS file. */
  rateHz: rateSetting.default(30),
  task: z.string().optional(),
});
type AriaSettings = z.output<typeof Settings>;

const TIME = "tracking_timestamp_us";
const MAX_GAP_SEC = 0.1;
const RGB = `${VRS_CAMERAS.rgb}-1`;

const POSE = [
  "tx_world_device",
  "ty_world_device",
  "tz_world_device",
  "qx_world_device",
  "qy_world_device",
  "qz_world_device",
  "qw_world_device",
];
const MOTION = [
  ...["x", "y", "z"].map((axis) => `device_linear_velocity_${axis}_device`),
  ...["x", "y", "z"].map((axis) => `angular_velocity_${axis}_device`),
];
const STATE: readonly StatePart[] = [
  { name: "head_position", width: 3, unit: "m", names: ["head_x", "head_y", "head_z"] },
  {
    name: "head_orientation",
    width: 4,
    unit: "quaternion xyzw",
    names: ["head_qx", "head_qy", "head_qz", "head_qw"],
  },
];

export const ariaFormat: SourceFormat = {
  name: "aria",
  async recognise(path) {
    if ((await kindOf(path)) !== "folder") return 0;
    const files = await listFiles(path);
    return files.some((file) => file.endsWith(".vrs") || TRAJECTORY.test(file)) ? 0.93 : 0;
  },
  open: openAria,
};

const TRAJECTORY = /(^|\/)(closed_loop|aria)_trajectory\.csv$/;
const GAZE = /(^|\/)(generalized_eye_gaze|personalized_eye_gaze|eyegaze)\.csv$/;
const HANDS = /(^|\/)wrist_and_palm_poses\w*\.csv$/;
const LANDMARKS = /(^|\/)hand_tracking_results\w*\.csv$/;

/** Opens a recording or a folder of recordings. */
export async function openAria(path: string, options: SourceOptions): Promise<EpisodeSource> {
  const settings = parseSettings("aria", Settings, options);
  const skipped: Skip[] = [];
  const files = await listFiles(path, (skip) => skipped.push(skip));
  const used = files.filter((file) =>
    [TRAJECTORY, GAZE, HANDS, LANDMARKS, /\.vrs$/].some((pattern) => pattern.test(file)),
  );
  skipped.push(...otherFiles(files, used, "not read from Aria recordings"));
  const groups = new Map<string, string[]>();
  for (const file of used) {
    const root = recordingOf(file);
    groups.set(root, [...(groups.get(root) ?? []), file]);
  }
  const recordings = [...groups].filter(([, list]) => list.some((file) => TRAJECTORY.test(file)));
  for (const [root, list] of groups) {
    if (!recordings.some(([name]) => name === root))
      skipped.push({ what: root || basename(path), reason: `no trajectory beside ${list.join(", ")}` });
  }
  if (recordings.length === 0) {
    throw new DataError(
      `import aria: ${path} must hold closed_loop_trajectory.csv or aria_trajectory.csv, found none.`,
      { path },
    );
  }

  return {
    format: "aria",
    describe: (): Promise<SourceSummary> =>
      Promise.resolve({
        episodes: recordings.length,
        notes: recordings.map(([root, list]) => `${root || "."}: ${list.length} files`),
        skipped,
      }),
    async *episodes(): AsyncGenerator<SourceEpisode | Skip> {
      yield* skipped;
      for (const [root, list] of recordings) {
        try {
          const recording = await readRecording(path, root, list, settings);
          yield* recording.skipped;
          yield makeEpisode(recording, settings, options);
        } catch (error) {
          yield { what: root, reason: messageOf(error) };
        }
      }
    },
    close: () => Promise.resolve(),
  };
}

/** MPS keeps each kind of result in a folder of its own below the recording's. */
function recordingOf(file: string): string {
  const folder = dirname(file);
  const root = /^(trajectory|slam|eye_gaze|hand_tracking)$/.test(basename(folder)) ? dirname(folder) : folder;
  return root === "." ? "" : root;
}

interface LogFile {
  readonly name: string;
  readonly path: string;
  readonly columns: readonly string[];
  readonly part: StatePart;
}

interface Recording {
  readonly id: string;
  readonly trajectory: string;
  readonly logs: readonly LogFile[];
  readonly vrs?: { readonly path: string; readonly width: number; readonly height: number };
  readonly rateHz: number;
  readonly hash: string;
  readonly skipped: readonly Skip[];
}

async function readRecording(
  root: string,
  name: string,
  files: readonly string[],
  settings: AriaSettings,
): Promise<Recording> {
  const skipped: Skip[] = [];
  const find = (pattern: RegExp): string | undefined => files.find((file) => pattern.test(file));
  const trajectory = join(root, find(TRAJECTORY) ?? "");
  const columns = await csvColumns(trajectory);
  const missing = [TIME, ...POSE].filter((column) => !columns.includes(column));
  if (missing.length > 0) throw new DataError(`${trajectory}: must have the columns ${missing.join(", ")}.`);
  const from = await new CsvTrack(trajectory, TIME, []).firstSec();
  const to = await lastTimeSec(trajectory, columns.indexOf(TIME));

  const logs: LogFile[] = [];
  if (MOTION.every((column) => columns.includes(column))) {
    logs.push({
      name: "head_velocity",
      path: trajectory,
      columns: MOTION,
      part: { name: "head_velocity", width: MOTION.length, unit: "m/s, rad/s", names: MOTION },
    });
  }
  for (const [log, pattern] of [
    ["gaze", GAZE],
    ["hands", HANDS],
    ["hand_landmarks", LANDMARKS],
  ] as const) {
    const file = find(pattern);
    if (file === undefined) continue;
    const path = join(root, file);
    const all = await csvColumns(path);
    const first = await new CsvTrack(path, TIME, []).firstSec();
    const last = await lastTimeSec(path, all.indexOf(TIME));
    if (!(first <= to + MAX_GAP_SEC && last >= from - MAX_GAP_SEC)) {
      skipped.push({
        what: file,
        reason: `its times ${first.toFixed(1)} to ${last.toFixed(1)} s do not meet the trajectory's ${from.toFixed(1)} to ${to.toFixed(1)} s`,
      });
      continue;
    }
    const names = all.filter((column) => column !== TIME && !/uid|session/.test(column));
    logs.push({
      name: log,
      path,
      columns: names,
      part: { name: log, width: names.length, unit: "1", names },
    });
  }
  const vrsFile = find(/\.vrs$/);
  const vrs = vrsFile === undefined ? undefined : await readVrs(join(root, vrsFile), vrsFile, skipped);
  if (vrsFile === undefined) skipped.push({ what: name, reason: "no VRS file: the episode has no pictures" });
  return {
    id: name || basename(root),
    trajectory,
    logs,
    ...(vrs && { vrs }),
    rateHz: vrs?.rateHz ?? settings.rateHz,
    hash: await hashFiles(root, files),
    skipped,
  };
}

/** Picture size and rate of the RGB camera; its other streams are listed as skipped. */
async function readVrs(
  path: string,
  name: string,
  skipped: Skip[],
): Promise<{ path: string; width: number; height: number; rateHz: number } | undefined> {
  const file = await RandomFile.open(path);
  try {
    const counts = new Map<string, number>();
    const times: number[] = [];
    let size: { width: number; height: number } | undefined;
    for await (const picture of vrsPictures(file)) {
      counts.set(picture.stream, (counts.get(picture.stream) ?? 0) + 1);
      if (picture.stream !== RGB) continue;
      size ??= await pictureSize(await file.read(picture.at, picture.bytes), name);
      if (times.length < 100) times.push(picture.timeSec);
    }
    for (const [stream, count] of counts) {
      if (stream !== RGB)
        skipped.push({
          what: `${name} stream ${stream}`,
          reason: `${count} pictures of a tracking camera are not kept`,
        });
    }
    const rateHz = (times.length - 1) / ((times.at(-1) ?? 0) - (times[0] ?? 0));
    if (size && rateHz > 0)
      return { path, width: size.width, height: size.height, rateHz: Math.round(rateHz) || rateHz };
    skipped.push({ what: name, reason: "fewer than two RGB pictures: the episode has none" });
    return undefined;
  } finally {
    await file.close();
  }
}

function makeEpisode(recording: Recording, settings: AriaSettings, options: SourceOptions): SourceEpisode {
  const { id, vrs, logs, rateHz } = recording;
  const embodiment: Embodiment = {
    name: "person",
    controlRateHz: rateHz,
    state: STATE,
    action: [],
    cameras: vrs ? [{ name: "rgb", width: vrs.width, height: vrs.height, mount: "head" }] : [],
    sensors: logs.map((log) => log.part),
  };
  const findings = new Findings();
  return {
    id,
    embodiment,
    ...(settings.task !== undefined && { task: settings.task }),
    provenance: { stream: options.stream ?? "ego", source: `aria:${id}`, sourceHash: recording.hash },
    steps: () => watched(readSteps(recording, findings), rateHz, findings),
    findings: () => findings.list(),
  };
}

async function* readSteps(recording: Recording, findings: Findings): AsyncGenerator<Step> {
  const pose = new CsvTrack(recording.trajectory, TIME, POSE);
  const logs = recording.logs.map((log) => ({
    name: log.name,
    track: new CsvTrack(log.path, TIME, log.columns),
  }));
  const file = recording.vrs && (await RandomFile.open(recording.vrs.path));
  try {
    let startSec: number | undefined;
    for await (const { timeSec, picture } of file ? frames(file) : evenTicks(pose, recording.rateHz)) {
      startSec ??= timeSec;
      const extra: Record<string, Float64Array> = {};
      for (const { name, track } of logs) extra[name] = await track.nearest(timeSec, MAX_GAP_SEC);
      const image =
        file && picture
          ? await decodePicture(await file.read(picture.at, picture.bytes), `${recording.id} at ${timeSec} s`)
          : undefined;
      yield {
        images: image ? { rgb: image } : {},
        state: await pose.nearest(timeSec, MAX_GAP_SEC),
        ...(logs.length > 0 && { extra }),
        timestampSec: timeSec - startSec,
      };
    }
    const dropped = [pose, ...logs.map((log) => log.track)].reduce((sum, track) => sum + track.dropped, 0);
    if (dropped > 0) findings.add(`${dropped} samples left out: their time does not move forward`, 0);
  } finally {
    await pose.close();
    for (const { track } of logs) await track.close();
    await file?.close();
  }
}

interface Moment {
  readonly timeSec: number;
  readonly picture?: { readonly at: number; readonly bytes: number };
}

async function* frames(file: RandomFile): AsyncGenerator<Moment> {
  for await (const picture of vrsPictures(file)) {
    if (picture.stream === RGB) yield { timeSec: picture.timeSec, picture };
  }
}

async function* evenTicks(pose: CsvTrack, rateHz: number): AsyncGenerator<Moment> {
  const start = await pose.firstSec();
  for (let k = 0; await pose.reaches(start + k / rateHz); k++) yield { timeSec: start + k / rateHz };
}

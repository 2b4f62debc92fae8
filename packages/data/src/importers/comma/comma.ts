/**
 * comma2k19 drives: a folder per minute with the car's CAN log, IMU and camera poses as .npy files without extension,
 * and video.hevc where it was downloaded.
 *
 * Clock: the camera's own frame times (20 Hz), else an even 20 Hz over the speed log. Speed, steering, wheel speeds
 * and IMU lie on straight lines between the samples around each tick; a gap of more than 0.5 s gives NaN. Poses are
 * recorded per frame. The log has no commands, so the action of row t is what the driver brought about by row t+1:
 * steering and speed at the next tick (the last row repeats its own).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
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
import { wrapBareStream } from "../shared/bare-stream.ts";
import { hashFiles, kindOf, listFiles } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { NpyArray } from "../shared/npy.ts";
import { evenClock, Series } from "../shared/resample.ts";
import { parseSettings } from "../shared/settings.ts";
import { videoSize, withVideos } from "../shared/videos.ts";

const Settings = z.strictObject({ task: z.string().optional() });

const RATE_HZ = 20;
const MAX_GAP_SEC = 0.5;
const RAD = Math.PI / 180;
const MARK = "processed_log/CAN/speed/value";

/** Logs that are kept beside the state: folder, name, width, unit. */
const SENSORS = [
  ["processed_log/CAN/wheel_speed", "wheel_speed", 4, "m/s"],
  ["processed_log/IMU/accelerometer", "accelerometer", 3, "m/s^2"],
  ["processed_log/IMU/gyro", "gyro", 3, "rad/s"],
] as const;

/** Values recorded once per camera frame, Earth-centred. */
const POSES = [
  ["frame_positions", "ecef_position", 3, "m"],
  ["frame_orientations", "ecef_orientation", 4, "quaternion wxyz"],
  ["frame_velocities", "ecef_velocity", 3, "m/s"],
] as const;

export const commaFormat: SourceFormat = {
  name: "comma",
  async recognise(path) {
    return (await segmentsIn(path)).length > 0 ? 0.97 : 0;
  },
  open: openComma,
};

/** Opens a segment, a route, or a folder of routes. */
export async function openComma(path: string, options: SourceOptions): Promise<EpisodeSource> {
  const settings = parseSettings("comma", Settings, options);
  const segments = await segmentsIn(path);
  if (segments.length === 0)
    throw new DataError(`import comma: ${path} must hold segments with ${MARK}, found none.`, { path });

  async function* episodes(): AsyncGenerator<SourceEpisode | Skip> {
    for (const name of segments) {
      try {
        const segment = await readSegment(join(path, name), name === "" ? basename(path) : name);
        yield* segment.skipped;
        yield makeEpisode(segment, settings, options);
      } catch (error) {
        yield { what: name, reason: messageOf(error) };
      }
    }
  }

  return {
    format: "comma",
    async describe(): Promise<SourceSummary> {
      const summary = {
        episodes: 0,
        frames: 0,
        notes: [`clock of ${RATE_HZ} Hz, values by linear interpolation`],
        skipped: [] as Skip[],
      };
      for await (const item of episodes()) {
        if ("reason" in item) summary.skipped.push(item);
        else summary.episodes++;
      }
      return { episodes: summary.episodes, notes: summary.notes, skipped: summary.skipped };
    },
    episodes,
    close: () => Promise.resolve(),
  };
}

async function segmentsIn(path: string): Promise<string[]> {
  if ((await kindOf(path)) !== "folder") return [];
  const files = await listFiles(path);
  return files
    .filter((file) => `/${file}`.endsWith(`/${MARK}`))
    .map((file) => file.slice(0, -MARK.length).replace(/\/$/, ""));
}

interface Segment {
  readonly id: string;
  readonly clock: Float64Array; // [T], seconds of the log's clock
  readonly speed: Series;
  readonly steering: Series; // degrees, as logged
  readonly sensors: readonly { readonly part: StatePart; readonly series: Series }[];
  readonly video?: string;
  readonly hash: string;
  readonly skipped: readonly Skip[];
}

async function readSegment(folder: string, id: string): Promise<Segment> {
  const skipped: Skip[] = [];
  const leave = (what: string, reason: string): void => void skipped.push({ what: `${id}/${what}`, reason });
  const speed = await readLog(folder, "processed_log/CAN/speed", 1);
  const steering = await readLog(folder, "processed_log/CAN/steering_angle", 1);
  const files = await listFiles(folder);
  const frameTimes = files.includes("global_pose/frame_times")
    ? await readArray(folder, "global_pose/frame_times")
    : undefined;
  const clock = frameTimes?.data ?? evenClock(speed.times[0] ?? 0, speed.times.at(-1) ?? 0, RATE_HZ);
  if (clock.length < 2) throw new DataError(`${id}: must hold at least two frame times or speed samples.`);

  const sensors: { part: StatePart; series: Series }[] = [];
  const used = new Set(["global_pose/frame_times"]);
  const markUsed = (path: string): void => void used.add(`${path}/t`).add(`${path}/value`);
  for (const path of ["processed_log/CAN/speed", "processed_log/CAN/steering_angle"]) markUsed(path);
  for (const [path, name, width, unit] of SENSORS) {
    if (!files.includes(`${path}/value`)) continue;
    markUsed(path);
    try {
      sensors.push({ part: { name, width, unit }, series: await readLog(folder, path, width) });
    } catch (error) {
      leave(path, messageOf(error));
    }
  }
  for (const [file, name, width, unit] of POSES) {
    if (!frameTimes || !files.includes(`global_pose/${file}`)) continue;
    used.add(`global_pose/${file}`);
    try {
      const { data } = await readArray(folder, `global_pose/${file}`);
      sensors.push({ part: { name, width, unit }, series: new Series(clock, data, width, `${id}/${file}`) });
    } catch (error) {
      leave(file, messageOf(error));
    }
  }
  const video = files.find((file) => /^video\.(hevc|mp4)$/.test(file));
  if (video === undefined) leave("video.hevc", "missing: the episode has no pictures");
  const kept = [...used].filter((file) => files.includes(file));
  const rest = files
    .filter((file) => !used.has(file) && file !== video)
    .map((file) => file.replace(/\/(t|value)$/, ""));
  for (const name of new Set(rest)) leave(name, reasonFor(name));
  const path = video === undefined ? {} : { video: join(folder, video) };
  return {
    id,
    clock: Float64Array.from(clock),
    speed,
    steering,
    sensors,
    ...path,
    hash: await hashFiles(folder, kept),
    skipped,
  };
}

function reasonFor(name: string): string {
  if (name.endsWith("preview.png")) return "one preview picture is no stream";
  if (/radar|GNSS/.test(name)) return "a changing number of measurements per tick has no place in a row";
  return "not read from comma segments";
}

async function readArray(
  folder: string,
  file: string,
): Promise<{ shape: readonly number[]; data: Uint8Array | Float64Array }> {
  return (await NpyArray.fromFile(join(folder, file))).readAll();
}

async function readLog(folder: string, path: string, width: number): Promise<Series> {
  const times = await readArray(folder, `${path}/t`);
  const values = await readArray(folder, `${path}/value`);
  return new Series(times.data, values.data, width, join(folder, path));
}

function makeEpisode(
  segment: Segment,
  settings: z.output<typeof Settings>,
  options: SourceOptions,
): SourceEpisode {
  const { id, clock, speed, steering, sensors, video, hash } = segment;
  const size = video === undefined ? undefined : videoSize(video);
  const embodiment: Embodiment = {
    name: "car",
    controlRateHz: RATE_HZ,
    state: [
      { name: "speed", width: 1, unit: "m/s" },
      { name: "steering", width: 1, unit: "rad" },
    ],
    action: [
      { name: "steering", width: 1, unit: "rad", kind: "continuous", mode: "absolute" },
      { name: "speed", width: 1, unit: "m/s", kind: "continuous", mode: "absolute" },
    ],
    cameras: size ? [{ name: "road", width: size.width, height: size.height, mount: "windscreen" }] : [],
    sensors: sensors.map((sensor) => sensor.part),
  };
  const findings = new Findings();
  const dropped = [speed, steering, ...sensors.map((s) => s.series)].reduce(
    (sum, series) => sum + series.dropped,
    0,
  );
  if (dropped > 0) findings.add(`${dropped} samples left out: their time does not move forward`, 0);

  async function* steps(): AsyncGenerator<Step> {
    for (let t = 0; t < clock.length; t++) {
      const now = clock[t] ?? Number.NaN;
      const next = clock[Math.min(t + 1, clock.length - 1)] ?? now;
      const extra: Record<string, Float64Array> = {};
      for (const { part, series } of sensors) extra[part.name] = series.linear(now, MAX_GAP_SEC);
      yield {
        images: {},
        state: [at(speed, now), at(steering, now) * RAD],
        action: [at(steering, next) * RAD, at(speed, next)],
        timestampSec: now - (clock[0] ?? 0),
        extra,
      };
    }
  }

  return {
    id,
    embodiment,
    ...(settings.task !== undefined && { task: settings.task }),
    provenance: {
      stream: options.stream ?? "teleop",
      operator: "driver",
      source: `comma:${id}`,
      sourceHash: hash,
    },
    steps: () =>
      watched(video === undefined ? steps() : withRoad(steps(), video, findings), RATE_HZ, findings),
    findings: () => findings.list(),
  };
}

/** video.hevc is a bare stream, which cannot be sought in; it is wrapped into a temporary file while it is read. */
async function* withRoad(
  steps: AsyncIterable<Step>,
  video: string,
  findings: Findings,
): AsyncGenerator<Step> {
  if (!video.endsWith(".hevc")) {
    yield* withVideos(steps, { road: video }, findings);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "orrery-comma-"));
  try {
    const wrapped = join(folder, "video.mkv");
    wrapBareStream(video, wrapped, RATE_HZ);
    yield* withVideos(steps, { road: wrapped }, findings);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function at(series: Series, time: number): number {
  return series.linear(time, MAX_GAP_SEC)[0] ?? Number.NaN;
}

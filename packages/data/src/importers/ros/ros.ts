/**
 * Robot logs: MCAP, rosbag2 (MCAP or SQLite) and ROS 1 bags, resampled onto a control clock after a topic map. One file
 * is one episode. Without a map, a guess is made from the topics; with the setting `map` naming a file that does not
 * exist yet, the guess is written there for the user to edit.
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { DataError, type Image, messageOf, type Step } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { z } from "zod";
import type {
  EpisodeSource,
  Skip,
  SourceEpisode,
  SourceFormat,
  SourceOptions,
  SourceSummary,
} from "../../source.ts";
import { firstBytes, hashFile, kindOf, listFiles, otherFiles, readJson } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { parseSettings, rateSetting } from "../shared/settings.ts";
import type { Bag } from "./bag.ts";
import { openRosbag1 } from "./bag1-reader.ts";
import { openRosbag2 } from "./bag2-reader.ts";
import { ControlClock, type Tick } from "./control-clock.ts";
import { pictureOf } from "./fields.ts";
import { openMcap } from "./mcap-reader.ts";
import { makePlan, type Measured, type Plan, valuesOf } from "./plan.ts";
import { guessTopicMap, parseTopicMap, type TopicMap } from "./topic-map.ts";
import { openVideoTopic, type VideoTopic } from "./video-topic.ts";

const Settings = z.strictObject({
  /** Topic map: a JSON file, or the map itself. */
  map: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  /** Control rate in Hz, in place of the map's. */
  rateHz: rateSetting.optional(),
  task: z.string().optional(),
});
type RosSettings = z.output<typeof Settings>;

type Kind = "mcap" | "rosbag1" | "rosbag2";

export const mcapFormat: SourceFormat = {
  name: "mcap",
  recognise: (path) => recognise(path, ["mcap"]),
  open: (path, options) => openRosLogs("mcap", path, options, ["mcap"]),
};

export const rosbagFormat: SourceFormat = {
  name: "rosbag",
  recognise: (path) => recognise(path, ["rosbag1", "rosbag2"]),
  open: (path, options) => openRosLogs("rosbag", path, options, ["rosbag1", "rosbag2", "mcap"]),
};

async function kindOfLog(path: string): Promise<Kind | undefined> {
  const start = (await firstBytes(path, 16)).toString("latin1");
  if (start.startsWith("\x89MCAP")) return "mcap";
  if (start.startsWith("#ROSBAG V2")) return "rosbag1";
  return start.startsWith("SQLite format 3") && path.endsWith(".db3") ? "rosbag2" : undefined;
}

async function recognise(path: string, kinds: readonly Kind[]): Promise<number> {
  const isFolder = (await kindOf(path)) === "folder";
  const files = isFolder
    ? (await listFiles(path))
        .filter((f) => /\.(mcap|bag|db3)$/.test(f))
        .slice(0, 8)
        .map((f) => join(path, f))
    : [path];
  for (const file of files) {
    const kind = await kindOfLog(file);
    if (kind && kinds.includes(kind)) return isFolder ? 0.9 : 0.97;
  }
  return 0;
}

function openLog(path: string, kind: Kind): Promise<Bag> {
  return kind === "mcap" ? openMcap(path) : kind === "rosbag1" ? openRosbag1(path) : openRosbag2(path);
}

/** Opens a log or a folder of logs; each is an episode. */
export async function openRosLogs(
  format: string,
  path: string,
  options: SourceOptions,
  kinds: readonly Kind[] = ["mcap", "rosbag1", "rosbag2"],
): Promise<EpisodeSource> {
  const settings = parseSettings(format, Settings, options);
  const skipped: Skip[] = [];
  const isFolder = (await kindOf(path)) === "folder";
  const all = isFolder ? await listFiles(path, (skip) => skipped.push(skip)) : [basename(path)];
  const logs: { name: string; file: string; kind: Kind }[] = [];
  for (const name of all) {
    const file = isFolder ? join(path, name) : path;
    const kind = await kindOfLog(file);
    if (kind && kinds.includes(kind)) logs.push({ name, file, kind });
    else if (!isFolder)
      throw new DataError(`import ${format}: ${path} must begin as a log of this format does.`, { path });
  }
  skipped.push(
    ...otherFiles(
      all,
      logs.map((log) => log.name),
      `not a ${format} log`,
    ),
  );
  if (logs.length === 0)
    throw new DataError(`import ${format}: ${path} must hold logs, found none.`, { path });
  const notes: string[] = [];

  return {
    format,
    async describe(): Promise<SourceSummary> {
      for (const { file, kind } of logs.slice(0, 1)) {
        const bag = await openLog(file, kind);
        try {
          const map = await mapFor(bag, settings, notes);
          notes.push(`topic map: ${JSON.stringify(map)}`, ...bag.notes);
        } finally {
          await bag.close();
        }
      }
      return { episodes: logs.length, notes, skipped };
    },
    async *episodes(): AsyncGenerator<SourceEpisode | Skip> {
      yield* skipped;
      for (const { name, file, kind } of logs) {
        try {
          yield* await episodeOf(name, file, kind, settings, options);
        } catch (error) {
          yield { what: name, reason: messageOf(error) };
        }
      }
    },
    close: () => Promise.resolve(),
  };
}

/** The map given, the one in the file named, or a guess, which is written to that file. */
async function mapFor(bag: Bag, settings: RosSettings, notes: string[]): Promise<TopicMap> {
  const { map, rateHz } = settings;
  let found: TopicMap;
  if (typeof map === "object") found = parseTopicMap(map, "in the settings");
  else if (map !== undefined && existsSync(map)) found = parseTopicMap(await readJson(map), map);
  else {
    found = await guessTopicMap(bag);
    if (map !== undefined) {
      writeJsonAtomic(map, found);
      notes.push(`a guess of the topic map was written to ${map}: edit it and import again`);
    }
  }
  return rateHz === undefined ? found : { ...found, rateHz };
}

async function episodeOf(
  name: string,
  file: string,
  kind: Kind,
  settings: RosSettings,
  options: SourceOptions,
): Promise<(SourceEpisode | Skip)[]> {
  const bag = await openLog(file, kind);
  try {
    const plan = await makePlan(bag, await mapFor(bag, settings, []), name);
    const findings = new Findings();
    for (const note of bag.notes) findings.add(note, 0);
    const task = settings.task ?? plan.map.task ?? bag.metadata["task"];
    const episode: SourceEpisode = {
      id: name,
      embodiment: plan.embodiment,
      ...(task !== undefined && { task }),
      provenance: {
        stream: options.stream ?? "fleet",
        source: `${kind}:${name}`,
        sourceHash: await hashFile(file),
      },
      steps: () => watched(readSteps(file, kind, plan, findings), plan.map.rateHz, findings),
      findings: () => findings.list(),
    };
    return [...plan.skipped, episode];
  } finally {
    await bag.close();
  }
}

async function* readSteps(file: string, kind: Kind, plan: Plan, findings: Findings): AsyncGenerator<Step> {
  const bag = await openLog(file, kind);
  const videos = new Map<string, VideoTopic>();
  try {
    const cameras = plan.map.cameras.filter(({ name }) =>
      plan.embodiment.cameras.some((camera) => camera.name === name),
    );
    for (const { topic } of cameras)
      if (plan.videoTopics.has(topic)) videos.set(topic, await openVideoTopic(bag, topic));
    const signals = [...plan.state, ...plan.action, ...plan.extra];
    const clock = new ControlClock({
      rateHz: plan.map.rateHz,
      maxGapSec: plan.map.maxGapSec,
      signals,
      cameras: cameras.map((camera) => camera.name),
      findings,
    });
    const topics = [...new Set([...signals, ...cameras].map((part) => part.topic))];
    let endSec = 0;
    const emit = (tick: Tick): Step => stepOf(tick, plan);
    let row = 0;
    for await (const message of bag.messages(topics)) {
      endSec = Math.max(endSec, message.timeSec);
      for (const signal of signals) {
        if (signal.topic !== message.topic) continue;
        const values = valuesOf(signal, message.value);
        // One TF message carries some of the transforms; the others come in messages of their own.
        if (!values) continue;
        if (values.length !== signal.width)
          findings.add(`${signal.name}: ${values.length} values in place of ${signal.width}; left out`, row);
        else
          for (const tick of clock.signal(signal.name, message.timeSec, values)) yield ((row++, emit(tick)));
      }
      for (const { name, topic } of cameras) {
        if (topic !== message.topic) continue;
        const image: Image =
          videos.get(topic)?.next() ?? (await pictureOf(message.value, `${bag.path} ${topic}`));
        for (const tick of clock.picture(name, message.timeSec, image)) yield ((row++, emit(tick)));
      }
    }
    for (const tick of clock.end(endSec)) yield emit(tick);
  } finally {
    for (const video of videos.values()) await video.close();
    await bag.close();
  }
}

function stepOf({ index, signals, pictures }: Tick, plan: Plan): Step {
  const joined = (parts: readonly Measured[]): Float64Array =>
    Float64Array.from(parts.flatMap(({ name }) => [...(signals.get(name) ?? [])]));
  return {
    images: Object.fromEntries(pictures),
    ...(plan.state.length > 0 && { state: joined(plan.state) }),
    ...(plan.action.length > 0 && { action: joined(plan.action) }),
    ...(plan.extra.length > 0 && {
      extra: Object.fromEntries(plan.extra.map((signal) => [signal.name, joined([signal])])),
    }),
    timestampSec: index / plan.map.rateHz,
  };
}

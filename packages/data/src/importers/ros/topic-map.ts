/** Which topic becomes what. A small JSON file that users edit; the first version is a guess from the bag itself. */
import { ConfigError } from "@orrery/core";
import { z } from "zod";
import type { Bag } from "./bag.ts";
import { isPictureType, numbersAt, numericPaths, transformPaths } from "./fields.ts";

const Signal = z.strictObject({
  name: z.string().min(1),
  topic: z.string().min(1),
  /** Dotted paths inside the message, joined in this order. */
  fields: z.array(z.string()).min(1),
  unit: z.string().default("1"),
  /** linear: on the line between neighbours. previous: the last one before the tick, for commands. */
  interpolation: z.enum(["linear", "previous"]).default("linear"),
});
export type Signal = z.output<typeof Signal>;

export const TopicMap = z.strictObject({
  rateHz: z.number().positive().max(10_000).default(20),
  /** No value is made up across longer gaps. */
  maxGapSec: z.number().positive().default(0.5),
  cameras: z.array(z.strictObject({ name: z.string().min(1), topic: z.string().min(1) })).default([]),
  state: z.array(Signal).default([]),
  action: z.array(Signal).default([]),
  extra: z.array(Signal).default([]),
  task: z.string().optional(),
});
export type TopicMap = z.output<typeof TopicMap>;

/** @throws {ConfigError} naming every key that is wrong */
export function parseTopicMap(value: unknown, where: string): TopicMap {
  const result = TopicMap.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigError(
    `topic map ${where}`,
    result.error.issues.map((issue) => `${issue.path.join(".") || "file"}: ${issue.message}`),
  );
}

/** Messages looked at for a guess, so that a long bag does not have to be read twice. */
const LOOKED_AT = 3000;

/**
 * A map from topic types, names and first messages: pictures are cameras, joint states and odometry the state, commands
 * the action, transforms and other measurements extra streams. Laser scans and the like stay out: they are no vectors
 * of a few numbers.
 */
export async function guessTopicMap(bag: Bag): Promise<TopicMap> {
  const readable = bag.topics.filter((topic) => topic.problem === undefined);
  const cameras = readable
    .filter((topic) => isPictureType(topic.type))
    .map((topic) => ({
      name:
        streamName(topic.name.replace(/\/(image(_raw|_rect|_color)*|compressed|video)\b/g, "")) || "camera",
      topic: topic.name,
    }));
  const others = readable.filter(
    (topic) => !isPictureType(topic.type) && !/Log$|rosout|parameter_events/.test(topic.type + topic.name),
  );
  const types = new Map(others.map((topic) => [topic.name, topic.type]));
  const signals = new Map<string, Signal>();
  let left = LOOKED_AT;
  for await (const { topic, value } of bag.messages([...types.keys()])) {
    const type = types.get(topic) ?? "";
    const isTransform = /tf[a-z0-9_]*\/tf?message$/i.test(type) || type === "tf/tfMessage";
    const found: [string, string[]][] = isTransform
      ? transformPaths(value).map((path) => [`${topic} ${path}`, [path]])
      : [[topic, fieldsOf(type, value)]];
    for (const [name, fields] of found) {
      const width = fields.reduce((sum, field) => sum + (numbersAt(value, field)?.length ?? 0), 0);
      if (signals.has(name) || width === 0 || width > 256) continue;
      const interpolation =
        isCommand(topic, type) || topic.endsWith("tf_static") ? ("previous" as const) : ("linear" as const);
      signals.set(name, {
        name: streamName(name),
        topic,
        fields,
        unit: unitOf(type),
        interpolation,
      });
    }
    if (--left <= 0) break;
  }
  const all = [...signals.values()];
  const typeOf = (signal: Signal): string => types.get(signal.topic) ?? "";
  const action = all.filter((signal) => isCommand(signal.topic, typeOf(signal)));
  const state = all.filter(
    (signal) => !action.includes(signal) && /JointState|Odometry|Pose/.test(typeOf(signal)),
  );
  const extra = all.filter((signal) => !action.includes(signal) && !state.includes(signal));
  return { rateHz: 20, maxGapSec: 0.5, cameras, state, action, extra };
}

/** Joint states by position alone; all measurements of other types. */
function fieldsOf(type: string, value: unknown): string[] {
  if (type.endsWith("JointState")) return ["position"];
  if (type === "foxglove.JointStates") return ["joints[].position"];
  return numericPaths(value);
}

function isCommand(topic: string, type: string): boolean {
  return /cmd|command|action|target|joy|control/i.test(topic) || type.endsWith("Joy");
}

function unitOf(type: string): string {
  return /JointState/.test(type) ? "rad" : "1";
}

function streamName(topic: string): string {
  return topic
    .replace(/transforms\[(.*)\]/, "$1")
    .replace(/[^\w]+/g, "_")
    .replace(/^_+|_+$/g, "");
}

/** Measures a bag against its topic map: widths of signals, sizes of pictures, and what the bag does not hold. */
import { DataError, type Embodiment, type StatePart } from "@orrery/core";
import type { Skip } from "../../source.ts";
import type { Bag } from "./bag.ts";
import { numbersAt, pictureOf, quaternionsIn } from "./fields.ts";
import type { Signal, TopicMap } from "./topic-map.ts";
import { openVideoTopic } from "./video-topic.ts";

/** A signal with the number of values it has, told from its first message. */
export interface Measured extends Signal {
  readonly width: number;
  readonly quaternions: readonly number[];
}

/** What of a bag becomes what, and what stays behind. */
export interface Plan {
  readonly map: TopicMap;
  readonly embodiment: Embodiment;
  readonly state: readonly Measured[];
  readonly action: readonly Measured[];
  readonly extra: readonly Measured[];
  readonly videoTopics: ReadonlySet<string>;
  readonly skipped: readonly Skip[];
}

/** Looks at first messages for widths and picture sizes. @throws {DataError} if nothing of the map is in the bag */
export async function makePlan(bag: Bag, map: TopicMap, name: string): Promise<Plan> {
  const skipped: Skip[] = [];
  const leave = (what: string, reason: string): void =>
    void skipped.push({ what: `${name}: ${what}`, reason });
  const signals = [...map.state, ...map.action, ...map.extra];
  const wanted = new Set([...signals, ...map.cameras].map((part) => part.topic));
  for (const topic of bag.topics) {
    if (topic.problem !== undefined) leave(topic.name, topic.problem);
    else if (!wanted.has(topic.name)) leave(topic.name, `${topic.type} is not in the topic map`);
  }
  const shapes = new Map<Signal, { width: number; quaternions: number[] }>();
  const sizes = new Map<string, { width: number; height: number }>();
  const videoTopics = new Set(
    bag.topics.filter((t) => t.type === "foxglove.CompressedVideo").map((t) => t.name),
  );
  const present = bag.topics
    .filter((topic) => topic.problem === undefined && wanted.has(topic.name))
    .map((topic) => topic.name);
  for (const camera of map.cameras.filter(({ topic }) => videoTopics.has(topic) && present.includes(topic))) {
    const video = await openVideoTopic(bag, camera.topic);
    try {
      sizes.set(camera.name, video.next());
    } finally {
      await video.close();
    }
  }
  for await (const message of bag.messages(present.filter((topic) => !videoTopics.has(topic)))) {
    for (const signal of signals) {
      if (signal.topic !== message.topic || shapes.has(signal)) continue;
      const values = valuesOf(signal, message.value);
      if (values)
        shapes.set(signal, {
          width: values.length,
          quaternions: quaternionsIn(message.value, signal.fields),
        });
    }
    for (const camera of map.cameras) {
      if (camera.topic !== message.topic || sizes.has(camera.name)) continue;
      sizes.set(camera.name, await pictureOf(message.value, `${name} ${camera.topic}`));
    }
    if (shapes.size === signals.length && sizes.size === map.cameras.length) break;
  }
  const measured = (list: readonly Signal[]): Measured[] =>
    list.flatMap((signal) => {
      const shape = shapes.get(signal);
      if (!shape) leave(signal.name, `no message of ${signal.topic} has ${signal.fields.join(", ")}`);
      return shape ? [{ ...signal, ...shape }] : [];
    });
  const [state, action, extra] = [measured(map.state), measured(map.action), measured(map.extra)];
  const cameras = map.cameras.flatMap(({ name }) => {
    const size = sizes.get(name);
    if (!size) leave(name, "its topic has no picture");
    return size ? [{ name, width: size.width, height: size.height }] : [];
  });
  if (state.length + action.length + extra.length + cameras.length === 0) {
    const topics = bag.topics.map((topic) => `${topic.name} (${topic.type})`).slice(0, 12);
    throw new DataError(
      `nothing in it can be put on a clock; its topics are ${topics.join(", ") || "none"}. Give a topic map.`,
    );
  }
  const part = ({ name, width, unit }: Measured): StatePart => ({ name, width, unit });
  const embodiment: Embodiment = {
    name: "robot",
    controlRateHz: map.rateHz,
    state: state.map(part),
    action: action.map((signal) => ({
      ...part(signal),
      kind: "continuous",
      mode: /vel|twist/i.test(signal.topic) ? "velocity" : "absolute",
    })),
    cameras,
    sensors: extra.map(part),
  };
  return { map, embodiment, state, action, extra, videoTopics, skipped };
}

/** The numbers of a signal in a message; undefined where some field is missing. */
export function valuesOf(signal: Signal, message: unknown): Float64Array | undefined {
  const parts = signal.fields.map((field) => numbersAt(message, field));
  return parts.every((values) => values !== undefined) ? Float64Array.from(parts.flat()) : undefined;
}

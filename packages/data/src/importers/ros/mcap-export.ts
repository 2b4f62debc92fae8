/**
 * Episodes as MCAP files that existing viewers open: pictures as foxglove.CompressedImage (JPEG), state and action as
 * foxglove.JointStates with one entry per number, reward and extra streams as JSON. What is known of the episode stands
 * in a metadata record "episode".
 */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { McapWriter } from "@mcap/core";
import { DataError, type Image, messageOf, namesOf, type Step } from "@orrery/core";
import { cureFor, temporaryName } from "@orrery/core/node";
import sharp from "sharp";
import type { SourceEpisode } from "../../source.ts";
import { COMPRESSED_IMAGE, type FoxgloveType, JOINT_STATES } from "./foxglove-schemas.ts";

export interface McapExportOptions {
  /** JPEG quality, 1 to 100. */
  readonly quality?: number;
  /** Unix time of the first row; messages are stamped from there. */
  readonly startSec?: number;
}

/**
 * Writes one episode to `path` through a temporary file, one step in memory at a time.
 * @returns messages written
 * @throws {DataError} if the episode cannot be read or the file cannot be written; nothing is then left behind
 */
export async function exportMcap(
  episode: SourceEpisode,
  path: string,
  options: McapExportOptions = {},
): Promise<number> {
  const temporary = temporaryName(path);
  try {
    const handle = await open(temporary, "wx");
    let count: number;
    try {
      count = await writeEpisode(handle, episode, options);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    return count;
  } catch (error) {
    await rm(temporary, { force: true });
    if (error instanceof DataError) throw error;
    throw new DataError(`exportMcap: could not write ${path} (${messageOf(error)}). ${cureFor(error)}`, {
      path,
      cause: error,
    });
  }
}

async function writeEpisode(
  handle: FileHandle,
  episode: SourceEpisode,
  options: McapExportOptions,
): Promise<number> {
  let position = 0n;
  const writer = new McapWriter({
    writable: {
      position: () => position,
      async write(bytes) {
        for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
        position += BigInt(bytes.length);
      },
    },
  });
  await writer.start({ profile: "", library: "orrery" });
  const { embodiment, provenance, task } = episode;
  const facts: Record<string, string> = {
    id: episode.id,
    embodiment: JSON.stringify(embodiment),
    provenance: JSON.stringify(provenance),
    ...(task !== undefined && { task }),
  };
  await writer.addMetadata({ name: "episode", metadata: new Map(Object.entries(facts)) });
  const log = new Log(writer, options);
  const stateNames = namesOf(embodiment.state);
  const actionNames = namesOf(embodiment.action);
  let row = 0;
  for await (const step of episode.steps()) {
    const sec = (options.startSec ?? 0) + (step.timestampSec ?? row / embodiment.controlRateHz);
    for (const [name, image] of Object.entries(step.images))
      await log.picture(`/camera/${name}/image`, sec, image, name);
    if (step.state) await log.numbers("/joint_states", sec, stateNames, step.state);
    if (step.action) await log.numbers("/action", sec, actionNames, step.action);
    for (const [name, values] of Object.entries(step.extra ?? {}))
      await log.json(`/extra/${name}`, sec, { values: Array.from(values) });
    await log.outcome(sec, step);
    row++;
  }
  if (row === 0)
    throw new DataError(`exportMcap: episode ${episode.id} must have at least one step, got none.`);
  await writer.end();
  return log.count;
}

/** Channels made as they are first used, and messages on them. */
class Log {
  count = 0;
  readonly #writer: McapWriter;
  readonly #quality: number;
  readonly #channels = new Map<string, number>();
  readonly #schemas = new Map<string, number>();

  constructor(writer: McapWriter, options: McapExportOptions) {
    this.#writer = writer;
    this.#quality = options.quality ?? 90;
  }

  async picture(topic: string, sec: number, { width, height, data }: Image, frame: string): Promise<void> {
    const pixels = Buffer.from(data.buffer, data.byteOffset, data.length);
    const jpeg = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: this.#quality })
      .toBuffer();
    await this.#add(topic, sec, COMPRESSED_IMAGE, {
      timestamp: stamp(sec),
      data: jpeg,
      format: "jpeg",
      frameId: frame,
    });
  }

  async numbers(
    topic: string,
    sec: number,
    names: readonly string[],
    values: ArrayLike<number>,
  ): Promise<void> {
    const joints = Array.from(values, (position, i) => ({ name: names[i] ?? String(i), position }));
    await this.#add(topic, sec, JOINT_STATES, { timestamp: stamp(sec), joints });
  }

  async outcome(sec: number, { reward, done, success }: Step): Promise<void> {
    if (reward === undefined && done === undefined && success === undefined) return;
    await this.json("/outcome", sec, { reward, done, success });
  }

  async json(topic: string, sec: number, value: object): Promise<void> {
    const schema = await this.#schema("orrery.Values", "jsonschema", Buffer.from('{"type":"object"}'));
    await this.#send(topic, "json", schema, sec, Buffer.from(JSON.stringify(value)));
  }

  async #add(topic: string, sec: number, type: FoxgloveType, value: Record<string, unknown>): Promise<void> {
    const schema = await this.#schema(type.name, "protobuf", type.descriptors);
    await this.#send(topic, "protobuf", schema, sec, type.encode(value));
  }

  async #schema(name: string, encoding: string, data: Uint8Array): Promise<number> {
    const known = this.#schemas.get(name);
    if (known !== undefined) return known;
    const id = await this.#writer.registerSchema({ name, encoding, data });
    this.#schemas.set(name, id);
    return id;
  }

  async #send(
    topic: string,
    messageEncoding: string,
    schemaId: number,
    sec: number,
    data: Uint8Array,
  ): Promise<void> {
    let channelId = this.#channels.get(topic);
    if (channelId === undefined) {
      channelId = await this.#writer.registerChannel({
        topic,
        messageEncoding,
        schemaId,
        metadata: new Map(),
      });
      this.#channels.set(topic, channelId);
    }
    const time = BigInt(Math.round(sec * 1e9));
    await this.#writer.addMessage({
      channelId,
      sequence: this.count++,
      logTime: time,
      publishTime: time,
      data,
    });
  }
}

function stamp(sec: number): { seconds: bigint; nanos: number } {
  const whole = Math.floor(sec);
  return { seconds: BigInt(whole), nanos: Math.min(999_999_999, Math.round((sec - whole) * 1e9)) };
}

/**
 * foxglove.CompressedVideo topics: one encoded frame per message, no B frames. The frames are written to a temporary
 * file as a bare stream and decoded from there in order, so that picture k belongs to message k.
 */
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DataError, type Image } from "@orrery/core";
import { VideoReader } from "../../video/reader.ts";
import { wrapBareStream } from "../shared/bare-stream.ts";
import type { Bag } from "./bag.ts";
import { valueAt } from "./fields.ts";

/** FFmpeg recognises bare streams by these endings. */
const ENDINGS: Readonly<Record<string, string>> = { h264: ".h264", h265: ".hevc", av1: ".obu" };

export interface VideoTopic {
  /** The next message's picture. @throws {DataError} if there is none */
  next(): Image;
  close(): Promise<void>;
}

/** @throws {DataError} if the codec is not one of h264, h265, av1, or the stream cannot be decoded */
export async function openVideoTopic(bag: Bag, topic: string): Promise<VideoTopic> {
  const folder = await mkdtemp(join(tmpdir(), "orrery-topic-"));
  try {
    const path = join(folder, "video.mkv");
    // The rate only spaces the frames: their true times are those of the messages.
    wrapBareStream(await writeStream(bag, topic, folder), path, 30);
    const reader = new VideoReader(path);
    const frames = reader.frames();
    return {
      next(): Image {
        const frame = frames.next();
        if (frame.done)
          throw new DataError(
            `${topic}: the video has fewer pictures than messages; it begins without a keyframe or is damaged.`,
          );
        const { width, height, data } = frame.value;
        return { width, height, data };
      },
      async close() {
        reader.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function writeStream(bag: Bag, topic: string, folder: string): Promise<string> {
  const packets = bag.messages([topic])[Symbol.asyncIterator]();
  const first = await packets.next();
  const format = first.done ? "" : (valueAt(first.value.value, "format") as string);
  const ending = ENDINGS[format];
  if (first.done || ending === undefined) {
    await packets.return?.();
    throw new DataError(
      `${topic}: compressed video must be one of ${Object.keys(ENDINGS).join(", ")}, got "${format}".`,
    );
  }
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield packetOf(first.value?.value, topic);
    for (let item = await packets.next(); !item.done; item = await packets.next())
      yield packetOf(item.value.value, topic);
  }
  const path = join(folder, `video${ending}`);
  await pipeline(Readable.from(bytes()), createWriteStream(path));
  return path;
}

function packetOf(message: unknown, topic: string): Uint8Array {
  const data = valueAt(message, "data");
  if (data instanceof Uint8Array) return data;
  if (typeof data === "string") return Buffer.from(data, "base64");
  throw new DataError(`${topic}: a video message must have data.`);
}

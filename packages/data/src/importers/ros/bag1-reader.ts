/** ROS 1 bags (format 2.0), by their index; chunks plain, lz4 or bz2. */
import { Bag as RosBag } from "@foxglove/rosbag";
import { DataError, messageOf } from "@orrery/core";
import { RandomFile } from "../shared/files.ts";
import type { Bag, BagMessage, Topic } from "./bag.ts";
import { cappedHandlers } from "./mcap-reader.ts";

/** @throws {DataError} if the file is no ROS 1 bag, or was never closed and has no index */
export async function openRosbag1(path: string): Promise<Bag> {
  const file = await RandomFile.open(path);
  try {
    const handlers = await cappedHandlers();
    const decompress = Object.fromEntries(
      Object.entries(handlers).map(([name, handler]) => [
        name,
        (bytes: Uint8Array, size: number) => handler(bytes, BigInt(size)),
      ]),
    );
    const source = { read: (at: number, length: number) => file.read(at, length), size: () => file.size };
    const bag = new RosBag(source, { parse: true, decompress });
    await bag.open();
    const topics = new Map<string, Topic>();
    for (const { topic, type = "" } of bag.connections.values()) topics.set(topic, { name: topic, type });
    return {
      path,
      topics: [...topics.values()],
      notes: [],
      metadata: {},
      close: () => file.close(),
      async *messages(wanted): AsyncGenerator<BagMessage> {
        try {
          for await (const { topic, timestamp, message } of bag.messageIterator({ topics: [...wanted] })) {
            yield { topic, timeSec: timestamp.sec + timestamp.nsec / 1e9, value: message };
          }
        } catch (error) {
          throw new DataError(`readRosbag: ${path} is damaged (${messageOf(error)}).`, {
            path,
            cause: error,
          });
        }
      },
    };
  } catch (error) {
    await file.close();
    throw new DataError(
      `openRosbag: ${path} must be a ROS 1 bag with its index (${messageOf(error)}). For a bag that was not closed, run: rosbag reindex.`,
      { path, cause: error },
    );
  }
}

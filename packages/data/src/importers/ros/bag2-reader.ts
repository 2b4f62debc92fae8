/**
 * rosbag2 databases (SQLite, .db3): tables topics(id, name, type, serialization_format), messages(topic_id, timestamp ns,
 * data) and, from schema version 4 on, message_definitions.
 *
 * SQLite runs in WebAssembly over the whole file in memory, so files above 1 GiB are refused; older databases carry no
 * message definitions, for which the common ones are built in.
 */
import { DataError, messageOf } from "@orrery/core";
import initSqlJs, { type Database } from "sql.js";
import { readSmallFile } from "../shared/files.ts";
import { type Bag, type BagMessage, plainType, type Topic } from "./bag.ts";
import { type Decode, makeDecoder } from "./decode.ts";
import { ros2Definition } from "./ros2-types.ts";

const MAX_FILE_BYTES = 1 << 30;

/** @throws {DataError} if the file is no rosbag2 database, or too large */
export async function openRosbag2(path: string): Promise<Bag> {
  const bytes = await readSmallFile(path, MAX_FILE_BYTES);
  const { Database } = await initSqlJs();
  let database: Database | undefined;
  try {
    database = new Database(bytes);
    return makeBag(path, database);
  } catch (error) {
    database?.close();
    throw new DataError(`openRosbag2: ${path} must be a rosbag2 SQLite database (${messageOf(error)}).`, {
      path,
      cause: error,
    });
  }
}

function makeBag(path: string, database: Database): Bag {
  const definitions = new Map<string, string>();
  const hasDefinitions =
    [...rows(database, "SELECT name FROM sqlite_master WHERE name = 'message_definitions'")].length > 0;
  if (hasDefinitions) {
    for (const [type, text] of rows(
      database,
      "SELECT topic_type, encoded_message_definition FROM message_definitions",
    )) {
      definitions.set(String(type), String(text));
    }
  }
  const decoders = new Map<string, Decode>();
  const topics: Topic[] = [];
  const ids = new Map<string, number>();
  for (const [id, name, type, format] of rows(
    database,
    "SELECT id, name, type, serialization_format FROM topics ORDER BY name",
  )) {
    const topic = { name: String(name), type: plainType(String(type)) };
    ids.set(topic.name, Number(id));
    try {
      const text = definitions.get(String(type)) || ros2Definition(topic.type);
      if (!text)
        throw new DataError(
          `the database holds no definition of ${topic.type}; record with MCAP, which does`,
        );
      decoders.set(
        topic.name,
        makeDecoder(String(format), { name: topic.type, encoding: "ros2msg", data: Buffer.from(text) }),
      );
      topics.push(topic);
    } catch (error) {
      topics.push({ ...topic, problem: messageOf(error) });
    }
  }
  const names = new Map([...ids].map(([name, id]) => [id, name]));
  return {
    path,
    topics,
    notes: [],
    metadata: {},
    close: () => Promise.resolve(database.close()),
    async *messages(wanted): AsyncGenerator<BagMessage> {
      const list = wanted.flatMap((name) => ids.get(name) ?? []);
      // Nanoseconds do not fit a double: seconds and the rest are asked for apart.
      const sql = `SELECT topic_id, timestamp / 1000000000, timestamp % 1000000000, data FROM messages WHERE topic_id IN (${list.map(() => "?").join()}) ORDER BY timestamp`;
      for (const [id, sec, nsec, data] of rows(database, sql, list)) {
        const topic = names.get(Number(id)) ?? "";
        const decode = decoders.get(topic);
        if (!decode || !(data instanceof Uint8Array)) continue;
        yield { topic, timeSec: Number(sec) + Number(nsec) / 1e9, value: decoded(decode, data, path) };
      }
    },
  };
}

function decoded(decode: Decode, data: Uint8Array, path: string): unknown {
  try {
    return decode(data);
  } catch (error) {
    throw new DataError(`readRosbag2: ${path} holds a damaged message (${messageOf(error)}).`, {
      path,
      cause: error,
    });
  }
}

function* rows(
  database: Database,
  sql: string,
  values: readonly (string | number)[] = [],
): Generator<(string | number | bigint | Uint8Array | null)[]> {
  const statement = database.prepare(sql, values);
  try {
    while (statement.step()) yield statement.get();
  } finally {
    statement.free();
  }
}

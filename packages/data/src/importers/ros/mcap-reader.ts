/**
 * MCAP files, by their index where they have one, else front to back, so that a recording whose writer died is still
 * read up to its last whole chunk.
 */
import { createReadStream } from "node:fs";
import { type DecompressHandlers, type IReadable, McapIndexedReader, McapStreamReader } from "@mcap/core";
import { loadDecompressHandlers } from "@mcap/support";
import { DataError, messageOf } from "@orrery/core";
import { RandomFile } from "../shared/files.ts";
import { LIMITS } from "../shared/limits.ts";
import { type Bag, type BagMessage, plainType, type Topic } from "./bag.ts";
import { decodeLz4Frame } from "./lz4.ts";
import { type Decode, makeDecoder, type SchemaText } from "./decode.ts";

interface Channel {
  readonly topic: string;
  readonly messageEncoding: string;
  readonly schemaId: number;
}

/** @throws {DataError} if the file is no MCAP */
export async function openMcap(path: string): Promise<Bag> {
  const file = await RandomFile.open(path);
  try {
    const decompressHandlers = await cappedHandlers();
    const reader = await McapIndexedReader.Initialize({ readable: readableOf(file), decompressHandlers });
    if (reader.channelsById.size === 0 && file.size > 1000) throw new Error("its summary lists no channels");
    const metadata: Record<string, string> = {};
    for await (const record of reader.readMetadata({ name: "episode" })) {
      for (const [key, value] of record.metadata) metadata[key] = value;
    }
    return makeBag(
      path,
      reader.channelsById,
      reader.schemasById,
      [],
      metadata,
      () => file.close(),
      (topics) => reader.readMessages({ topics, validateCrcs: true }),
    );
  } catch (error) {
    await file.close();
    return openUnindexed(path, messageOf(error));
  }
}

/** Channels come from a first pass over the file; messages from one more pass per reading. */
async function openUnindexed(path: string, why: string): Promise<Bag> {
  const channels = new Map<number, Channel>();
  const schemas = new Map<number, SchemaText>();
  let numMessages = 0;
  let problem = "";
  for await (const record of streamRecords(path, (reason) => void (problem = reason))) {
    if (record.type === "Channel") channels.set(record.id, record);
    else if (record.type === "Schema") schemas.set(record.id, record);
    else if (record.type === "Message") numMessages++;
  }
  if (numMessages === 0) {
    throw new DataError(`openMcap: ${path} must be an MCAP file with messages (${problem || why}).`, {
      path,
    });
  }
  const note = `no usable index (${why}); read front to back${problem === "" ? "" : `, up to where it is damaged: ${problem}`}`;
  return makeBag(
    path,
    channels,
    schemas,
    [note],
    {},
    () => Promise.resolve(),
    async function* (topics) {
      const wanted = new Set(topics);
      for await (const record of streamRecords(path, () => undefined)) {
        if (record.type === "Message" && wanted.has(channels.get(record.channelId)?.topic ?? ""))
          yield record;
      }
    },
  );
}

async function* streamRecords(
  path: string,
  onEnd: (reason: string) => void,
): AsyncGenerator<NonNullable<ReturnType<McapStreamReader["nextRecord"]>>> {
  const reader = new McapStreamReader({ decompressHandlers: await cappedHandlers(), validateCrcs: true });
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      // A record's length is only believed as its bytes arrive; a huge one must not collect the whole file.
      if (reader.bytesRemaining() > LIMITS.recordBytes) throw new Error("a record is larger than the limit");
      reader.append(chunk as Uint8Array);
      for (let record = reader.nextRecord(); record; record = reader.nextRecord()) yield record;
    }
    if (!reader.done()) onEnd("the file is cut short");
  } catch (error) {
    onEnd(messageOf(error));
  }
}

interface RawMessage {
  readonly channelId: number;
  readonly logTime: bigint;
  readonly data: Uint8Array;
}

function makeBag(
  path: string,
  channels: ReadonlyMap<number, Channel>,
  schemas: ReadonlyMap<number, SchemaText>,
  notes: readonly string[],
  metadata: Readonly<Record<string, string>>,
  close: () => Promise<void>,
  read: (topics: readonly string[]) => AsyncIterable<RawMessage>,
): Bag {
  const decoders = new Map<number, Decode>();
  const topics = new Map<string, Topic>();
  for (const [id, channel] of channels) {
    const schema = schemas.get(channel.schemaId);
    const topic = { name: channel.topic, type: plainType(schema?.name ?? "") };
    try {
      decoders.set(id, makeDecoder(channel.messageEncoding, schema));
      topics.set(channel.topic, topic);
    } catch (error) {
      if (!topics.has(channel.topic)) topics.set(channel.topic, { ...topic, problem: messageOf(error) });
    }
  }
  return {
    path,
    topics: [...topics.values()],
    notes,
    metadata,
    close,
    async *messages(wanted): AsyncGenerator<BagMessage> {
      try {
        for await (const { channelId, logTime, data } of read(wanted)) {
          const decode = decoders.get(channelId);
          const topic = channels.get(channelId)?.topic ?? "";
          if (decode) yield { topic, timeSec: Number(logTime) / 1e9, value: decode(data) };
        }
      } catch (error) {
        if (error instanceof DataError) throw error;
        throw new DataError(`readMcap: ${path} is damaged (${messageOf(error)}).`, { path, cause: error });
      }
    },
  };
}

/** Ranges come from the file's own footer and indexes, so they are checked before memory is taken. */
function readableOf(file: RandomFile): IReadable {
  return {
    size: () => Promise.resolve(BigInt(file.size)),
    read: (offset, size) => file.read(Number(offset), Number(size)),
  };
}

/** Decompressors that refuse a chunk claiming more than the limit, before they allocate. */
export async function cappedHandlers(): Promise<DecompressHandlers> {
  const { zstd, bz2 } = await loadDecompressHandlers();
  const lz4 = (bytes: Uint8Array, size: bigint): Uint8Array => decodeLz4Frame(bytes, Number(size));
  const all: DecompressHandlers = { lz4, ...(zstd && { zstd }), ...(bz2 && { bz2 }) };
  return Object.fromEntries(
    Object.entries(all).map(([name, decompress]) => [
      name,
      (bytes: Uint8Array, size: bigint) => {
        if (size <= BigInt(LIMITS.rowBytes)) return decompress(bytes, size);
        throw new DataError(`a chunk claims ${size} bytes, the limit is ${LIMITS.rowBytes}`);
      },
    ]),
  );
}

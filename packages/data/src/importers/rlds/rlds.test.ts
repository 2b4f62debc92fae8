import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { collect, fuzz, sample, scratchFolder, survives } from "../shared/testing.ts";
import { parseExample } from "./example.ts";
import { openRlds, rldsFormat } from "./rlds.ts";
import { compressionOf, countTfRecords, frameTfRecord, maskedCrc, readTfRecords } from "./tfrecord.ts";

const folder = scratchFolder();

/** Encodes a tf.train.Example the long way round, independent of the reader. */
function encodeExample(features: Record<string, Uint8Array[] | number[] | { floats: number[] }>): Buffer {
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
  const message = (field: number, body: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(body.length)]), body]);
  const entries = Object.entries(features).map(([key, value]) => {
    let feature: Buffer;
    if (!Array.isArray(value)) {
      feature = message(2, message(1, Buffer.from(Float32Array.from(value.floats).buffer)));
    } else if (typeof value[0] === "number") {
      feature = message(3, message(1, Buffer.from((value as number[]).flatMap(varint))));
    } else {
      feature = message(1, Buffer.concat((value as Uint8Array[]).map((bytes) => message(1, bytes))));
    }
    return message(1, Buffer.concat([message(1, Buffer.from(key)), message(2, feature)]));
  });
  return message(1, Buffer.concat(entries));
}

async function redPng(): Promise<Buffer> {
  return sharp({ create: { width: 16, height: 8, channels: 3, background: { r: 200, g: 10, b: 0 } } })
    .png()
    .toBuffer();
}

async function twoStepRecord(text = "push the block"): Promise<Buffer> {
  const png = await redPng();
  return frameTfRecord(
    encodeExample({
      "steps/is_first": [1, 0],
      "steps/is_last": [0, 1],
      "steps/is_terminal": [0, 1],
      "steps/reward": { floats: [0, 1] },
      "steps/action": { floats: [1, 2, 3, 4] },
      "steps/observation/state": { floats: [0.5, 0.25, 0.125, Number.NaN, 1, 2] },
      "steps/observation/image": [png, png],
      "steps/language_instruction": [Buffer.from(text), Buffer.from(text)],
      "episode_metadata/episode_id": [7],
    }),
  );
}

test("checksums match the published values", () => {
  // crc32c("123456789") = e3069283; the mask of the eight length bytes of 24 opens every TensorBoard file.
  expect(maskedCrc(Buffer.from("123456789"))).toBe(
    (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0,
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(24n);
  expect(maskedCrc(length)).toBe(0x224b7fa3);
});

test("features are inferred where features.json is missing, and a wrong value is kept and reported", async () => {
  const path = join(folder, "toy-train.tfrecord-00000-of-00001");
  writeFileSync(path, await twoStepRecord());
  const { episodes, skips } = await collect(await openRlds(path, { settings: { rateHz: 4 } }));
  expect(skips).toEqual([]);
  const [{ episode, steps } = expect.fail()] = episodes;
  expect(episode.task).toBe("push the block");
  expect(episode.embodiment.controlRateHz).toBe(4);
  expect(episode.embodiment.cameras).toEqual([{ name: "image", width: 16, height: 8 }]);
  expect(episode.provenance.labels).toMatchObject({ split: "train", episode_id: 7 });
  expect(Array.from(steps[0]?.state ?? [])).toEqual([0.5, 0.25, 0.125]);
  expect(Array.from(steps[1]?.action ?? [])).toEqual([3, 4]);
  expect(steps.map((s) => s.done)).toEqual([true, true]); // a[0] leads into the terminal step 1
  expect([...(steps[0]?.images["image"]?.data.subarray(0, 3) ?? [])]).toEqual([200, 10, 0]);
  expect(episode.findings?.()).toEqual(["state holds NaN or infinity (1 row, first row 1)"]);
});

test("gzip and zlib files give the same records as the plain one", async () => {
  const record = await twoStepRecord();
  const plain = Buffer.concat([record, record]);
  const variants = { none: plain, gzip: gzipSync(plain), zlib: deflateSync(plain) };
  for (const [kind, bytes] of Object.entries(variants)) {
    const path = join(folder, `${kind}.tfrecord`);
    writeFileSync(path, bytes);
    expect(await compressionOf(path)).toBe(kind);
    expect(await countTfRecords(path)).toBe(2);
    for await (const { data } of readTfRecords(path)) expect(data).toEqual(record.subarray(12, -4));
  }
});

test("a damaged record is skipped with its reason and the rest is read", async () => {
  const record = await twoStepRecord();
  const damaged = Buffer.from(record);
  damaged[damaged.length - 10] = (damaged[damaged.length - 10] ?? 0) ^ 1;
  const path = join(folder, "damaged-train.tfrecord-00000-of-00001");
  writeFileSync(path, Buffer.concat([record, damaged, record, record.subarray(0, 40)]));
  const { episodes, skips } = await collect(await openRlds(path, {}));
  expect(episodes.map((e) => e.episode.id.split("#")[1])).toEqual(["0", "2"]);
  expect(skips.map((s) => s.reason)).toEqual([
    "its data has a wrong checksum",
    expect.stringContaining("could not be read further"),
  ]);
});

test("a length of 2^60 with a right checksum asks for no memory", async () => {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(1n << 60n, 0);
  head.writeUInt32LE(maskedCrc(head.subarray(0, 8)), 8);
  const path = join(folder, "huge-train.tfrecord-00000-of-00001");
  writeFileSync(path, Buffer.concat([await twoStepRecord(), head, Buffer.alloc(64)]));
  const { episodes, skips } = await collect(await openRlds(path, {}));
  expect(episodes.length).toBe(1);
  expect(skips[0]?.reason).toMatch(/claims 11529215046068\d+ bytes/);
});

test("streams of the wrong length make a skip that names them", async () => {
  const png = await redPng();
  const short = encodeExample({
    "steps/is_first": [1, 0],
    "steps/action": { floats: [1, 2, 3] },
    "steps/observation/image": [png, png],
  });
  const path = join(folder, "short-train.tfrecord-00000-of-00001");
  writeFileSync(path, Buffer.concat([await twoStepRecord(), frameTfRecord(short)]));
  const { skips } = await collect(await openRlds(path, {}));
  expect(skips.map((s) => s.reason)).toEqual([
    expect.stringContaining("steps/observation/state must hold 2 steps of 3 values, got 0"),
  ]);
});

test("random damage to a record is refused, never more", async () => {
  const payload = (await twoStepRecord()).subarray(12, -4);
  const path = join(folder, "fuzz-train.tfrecord-00000-of-00001");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(payload.length - 1), fc.nat(255)), { maxLength: 6 }),
      async (edits) => {
        const bytes = Buffer.from(payload);
        for (const [at, value] of edits) bytes[at] = value;
        writeFileSync(path, frameTfRecord(bytes)); // with a right checksum, so that the parser sees the damage
        await survives(() => openRlds(path, {}));
      },
    ),
    fuzz(150, 5),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        parseExample(bytes, "fuzz");
      } catch (error) {
        expect((error as Error).name).toBe("DataError");
      }
    }),
    fuzz(2000, 6),
  );
});

describe("BridgeData V2 sample", () => {
  const path = sample("octo-bridge-rlds");

  test.skipIf(!path)("25 episodes of 10 steps with four cameras, instruction and embedding", async () => {
    if (!path) return;
    expect(await rldsFormat.recognise(path)).toBeGreaterThan(0.9);
    const source = await openRlds(path, {});
    expect(await source.describe()).toMatchObject({ episodes: 25, skipped: [] });
    const { episodes, skips } = await collect(source);
    expect(skips).toEqual([]);
    expect(episodes.map((e) => e.steps.length)).toEqual(Array.from({ length: 25 }, () => 10));
    expect(new Set(episodes.map((e) => e.episode.task)).size).toBe(4);
    const [{ episode, steps } = expect.fail()] = episodes;
    expect(episode.embodiment.controlRateHz).toBe(5);
    expect(Object.keys(steps[0]?.images ?? {})).toEqual(["image_0", "image_1", "image_2", "image_3"]);
    expect(steps[0]?.images["image_0"]?.data.length).toBe(64 * 64 * 3);
    expect(steps[0]?.action?.length).toBe(7);
    expect(steps[0]?.extra?.["language_embedding"]?.length).toBe(512);
    expect(Math.max(...(steps[3]?.images["image_3"]?.data ?? [255]))).toBeLessThan(8); // known to be blank
  });

  test.skipIf(!path)("reading leaves the source as it was", async () => {
    if (!path) return;
    const file = join(path, "bridge_dataset/1.0.0/bridge_dataset-train.tfrecord-00000-of-00001");
    const before = readFileSync(file);
    expect((await collect(await openRlds(file, {}))).episodes.length).toBe(25);
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});

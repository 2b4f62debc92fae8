import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openVideoWriter } from "../../video/writer.ts";
import { collect, fuzz, sample, scratchFolder, survives } from "../shared/testing.ts";
import { latentOf, oneXFormat, openOneX } from "./onex.ts";
import { openTokens, tokensFormat } from "./tokens.ts";

const folder = scratchFolder();
const bytes = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Version 1.1 of 7 frames in segments 4, 4, 4, 9, 9, 9, 9 with 2 x 2 tokens. */
function writeV1(name: string): string {
  const root = join(folder, name);
  mkdirSync(join(root, "actions"), { recursive: true });
  writeFileSync(
    join(root, "metadata.json"),
    JSON.stringify({ num_images: 7, s: 2, vocab_size: 262144, hz: 30 }),
  );
  writeFileSync(join(root, "video.bin"), bytes(Uint32Array.from({ length: 28 }, (_, i) => 200_000 + i)));
  writeFileSync(join(root, "segment_ids.bin"), bytes(Int32Array.from([4, 4, 4, 9, 9, 9, 9])));
  writeFileSync(join(root, "actions/joint_pos.bin"), bytes(Float32Array.from({ length: 147 }, (_, i) => i)));
  writeFileSync(
    join(root, "actions/driving_command.bin"),
    bytes(Float32Array.from({ length: 14 }, (_, i) => -i)),
  );
  return root;
}

/** Version 2.0 of one shard of 40 frames, cut into segments at frame 20. */
function writeV2(name: string, raw = false): string {
  const root = join(folder, name);
  for (const part of ["metadata", "videos", "segment_indices", "robot_states"])
    mkdirSync(join(root, part), { recursive: true });
  writeFileSync(join(root, "metadata.json"), JSON.stringify({ num_shards: 1, hz: 30 }));
  writeFileSync(join(root, "metadata/metadata_0.json"), JSON.stringify({ shard_num_frames: 40 }));
  const ids = Int32Array.from({ length: 3 * 3 * 1024 }, (_, i) => Math.floor(i / 1024)); // id = number of the latent frame
  if (!raw) writeFileSync(join(root, "videos/video_0.bin"), bytes(ids));
  writeFileSync(
    join(root, "segment_indices/segment_idx_0.bin"),
    bytes(Int32Array.from({ length: 40 }, (_, i) => (i < 20 ? 0 : 1))),
  );
  writeFileSync(
    join(root, "robot_states/states_0.bin"),
    bytes(Float32Array.from({ length: 1000 }, (_, i) => i)),
  );
  return root;
}

describe("1X World Model Challenge", () => {
  test("version 1.1: episodes end with their segment, ids beyond 2^16 stay exact", async () => {
    const root = writeV1("v1");
    expect(await oneXFormat.recognise(root)).toBeGreaterThan(0.9);
    const source = await openOneX(root, {});
    expect(await source.describe()).toMatchObject({ episodes: 2, frames: 7, skipped: [] });
    const { episodes } = await collect(source);
    expect(episodes.map((e) => [e.episode.id, e.steps.length])).toEqual([
      ["segment_4_0", 3],
      ["segment_9_3", 4],
    ]);
    const step = episodes[1]?.steps[1]; // frame 4
    expect(step?.extra?.["tokens"]).toEqual(Int32Array.from([200_016, 200_017, 200_018, 200_019]));
    expect(Array.from(step?.action ?? []).slice(19)).toEqual([103, 104, -8, -9]);
    expect(step?.images).toEqual({});
    expect(episodes[0]?.episode.provenance.labels).toEqual({
      tokenizer: "magvit2",
      tokens_shape: "2x2",
      vocabulary: 262144,
      segment: 4,
    });
  });

  test("version 2.0: each frame has the ids of the latent frame that covers it", async () => {
    expect([0, 1, 8, 9, 16, 17, 18, 39].map(latentOf)).toEqual([0, 1, 1, 2, 2, 3, 4, 7]);
    const { episodes, skips } = await collect(await openOneX(writeV2("v2"), {}));
    expect(skips).toEqual([]);
    expect(episodes.map((e) => e.steps.length)).toEqual([20, 20]);
    const all = episodes.flatMap((e) => e.steps);
    expect(all.map((s) => s.extra?.["tokens"]?.[1023])).toEqual(
      Array.from({ length: 40 }, (_, t) => latentOf(t)),
    );
    expect(all.map((s) => s.extra?.["token_frame"]?.[0])).toEqual(
      Array.from({ length: 40 }, (_, t) => latentOf(t)),
    );
    expect(all[21]?.state?.[0]).toBe(525);
    expect(all[21]?.action).toBeUndefined();
  });

  test("version 2.0 with raw videos: frame t of the shard belongs to row t", async () => {
    const root = writeV2("raw", true);
    const writer = openVideoWriter(join(root, "videos/video_0.mp4"), { width: 32, height: 32, fps: 30 });
    for (let t = 0; t < 40; t++)
      writer.write({ width: 32, height: 32, data: new Uint8Array(3072).fill(6 * t) });
    writer.close();
    const { episodes } = await collect(await openOneX(root, {}));
    const second = episodes[1]?.steps ?? [];
    expect(second.length).toBe(20);
    // Frame 25 is gray 150; the codec stays within a few levels.
    expect(Math.abs((second[5]?.images["head"]?.data[0] ?? 0) - 150)).toBeLessThan(4);
  });

  test("files of the wrong size and absurd metadata are refused", async () => {
    const root = writeV1("short");
    truncateSync(join(root, "actions/joint_pos.bin"), 100);
    const { skips, episodes } = await collect(await openOneX(root, {}));
    expect(skips[0]?.reason).toMatch(/must hold 7 rows of 84 bytes, found 100 bytes/);
    expect(episodes[0]?.steps[0]?.action?.length).toBe(2);
    const meta = { num_images: 1e9, s: 256, vocab_size: 4, hz: 30 };
    writeFileSync(join(root, "metadata.json"), JSON.stringify(meta));
    await expect(collect(await openOneX(root, {}))).rejects.toThrow(/must hold 1000000000 rows/);
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          num_images: fc.jsonValue(),
          s: fc.integer(),
          vocab_size: fc.jsonValue(),
          hz: fc.double(),
        }),
        async (value) => {
          writeFileSync(join(root, "metadata.json"), JSON.stringify(value));
          await survives(() => openOneX(root, {}));
        },
      ),
      fuzz(60, 16),
    );
  });
});

const comma = sample("commavq-tokens");
test.skipIf(!comma)("commaVQ sample: 1,200 frames of 128 ids", async () => {
  if (!comma) return;
  expect(await tokensFormat.recognise(comma)).toBeGreaterThan(0.9);
  const { episodes } = await collect(await openTokens(comma, {}));
  const [{ episode, steps } = expect.fail()] = episodes;
  expect(steps.length).toBe(1200);
  expect(episode.embodiment.sensors?.[0]).toMatchObject({ name: "tokens", width: 128 });
  const ids = steps.flatMap((s) => Array.from(s.extra?.["tokens"] ?? []));
  expect([ids.length, Math.min(...ids.slice(0, 9999)) >= 0, ids.every((id) => id < 1024)]).toEqual([
    153_600,
    true,
    true,
  ]);
  expect(episode.findings?.()).toEqual([]);
});

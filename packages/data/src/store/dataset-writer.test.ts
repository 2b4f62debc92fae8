import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { array, assert, asyncProperty, boolean, constantFrom, integer } from "fast-check";
import { expect, test } from "vitest";
import { checkDataset } from "../check/check.ts";
import { openDataset } from "../open.ts";
import { shadeOf, TOY, toyStep } from "../testing.ts";
import { temporaryFolder } from "../testing-datasets.ts";
import { probeVideo, VideoReader } from "../video/index.ts";
import { openDatasetWriter, type DatasetWriter, type WriterOptions } from "./dataset-writer.ts";

const NO_CAMERA = { ...TOY, cameras: [] };

function record(writer: DatasetWriter, episode: number, length: number, withPictures = true): number {
  const recorder = writer.recorder();
  for (let t = 0; t < length; t++) recorder.add(toyStep(episode, t, length, withPictures));
  const provenance = {
    stream: "sim",
    operator: "expert",
    licence: "CC0-1.0",
    seed: 100 + episode,
    labels: { split: "train" },
  } as const;
  return writer.append(recorder.finish({ task: episode < 2 ? "reach" : "push", provenance }));
}

async function write(lengths: readonly number[], options: Partial<WriterOptions> = {}): Promise<string> {
  const root = join(temporaryFolder("writer"), "toy");
  const writer = await openDatasetWriter(root, { embodiment: TOY, ...options });
  const withPictures = (options.embodiment ?? TOY).cameras.length > 0;
  for (const [episode, length] of lengths.entries()) record(writer, episode, length, withPictures);
  writer.close();
  return root;
}

test("a dataset whose making was cut short is begun anew, a folder of other files is left alone", async () => {
  const root = join(temporaryFolder("begun"), "toy");
  for (const folder of ["meta", ".staging"]) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "meta/embodiment.json.12.ab34cd56.tmp"), '{"name": "to');
  const writer = await openDatasetWriter(root, { embodiment: TOY });
  writer.close();
  expect((await openDataset(root)).episodes).toEqual([]);
  expect(readdirSync(join(root, "meta")).filter((name) => name.endsWith(".tmp"))).toEqual([]);

  const other = temporaryFolder("other");
  mkdirSync(join(other, "meta"));
  writeFileSync(join(other, "meta/notes.txt"), "mine");
  await expect(openDatasetWriter(other, { embodiment: TOY })).rejects.toThrow(/it holds other files/);
});

test("what is recorded comes back, row by row and frame by frame", async () => {
  const root = await write([12, 5, 9]);
  const reader = await openDataset(root);
  expect(reader.problems).toEqual([]);
  expect(reader.tasks).toEqual(["reach", "push"]);
  for (const { index, length, cameras } of reader.episodes) {
    const rows = await reader.readEpisode(index);
    const camera = cameras["head"];
    if (camera?.kind !== "video") throw new Error("the camera must be a video");
    const video = new VideoReader(camera.path);
    for (let t = 0; t < length; t++) {
      expect(Array.from(rows.state?.slice(3 * t, 3 * t + 3) ?? [])).toEqual([index, t, index + t]);
      expect(rows.action?.[2 * t]).toBe(t + 0.5);
      const frame = video.frameAt(Math.round(camera.fromSec * camera.fps) + t);
      // A flat grey frame comes back within two levels at the recorder's quality.
      expect(Math.abs((frame.data[0] ?? 0) - shadeOf(index, t))).toBeLessThanOrEqual(2);
    }
    video.close();
    expect(rows.done?.indexOf(1)).toBe(length - 1);
  }
});

test("the files are what LeRobot's loader looks for", async () => {
  const root = await write([6, 4]);
  const info = JSON.parse(readFileSync(join(root, "meta/info.json"), "utf8")) as Record<string, unknown>;
  expect(info).toMatchObject({
    codebase_version: "v3.0",
    total_episodes: 2,
    total_frames: 10,
    total_tasks: 1,
    fps: 10,
    splits: { train: "0:2" },
  });
  expect(Object.keys(info["features"] as object)).toEqual([
    "observation.state",
    "observation.images.head",
    "action",
    "next.done",
    "next.reward",
    "next.success",
    "timestamp",
    "frame_index",
    "episode_index",
    "index",
    "task_index",
  ]);
  // One row group per episode.
  const data = await asyncBufferFromFile(join(root, "data/chunk-000/file-000.parquet"));
  const footer = await parquetMetadataAsync(data);
  expect(footer.row_groups.map((group) => Number(group.num_rows))).toEqual([6, 4]);
  expect(await parquetReadObjects({ file: data, rowStart: 6, rowEnd: 7 })).toEqual([
    {
      "observation.state": [1, 0, 1],
      action: [0.5, -0],
      "next.reward": 0,
      "next.done": false,
      "next.success": false,
      timestamp: 0,
      frame_index: 0n,
      episode_index: 1n,
      index: 6n,
      task_index: 0n,
    },
  ]);
  // pandas must find its index, or lerobot reads numbers instead of task texts.
  const tasks = await parquetMetadataAsync(await asyncBufferFromFile(join(root, "meta/tasks.parquet")));
  const pandas = tasks.key_value_metadata?.find(({ key }) => key === "pandas")?.value ?? "{}";
  expect(JSON.parse(pandas)).toMatchObject({ index_columns: ["task"] });
  const [, second] = await parquetReadObjects({
    file: await asyncBufferFromFile(join(root, "meta/episodes/chunk-000/file-000.parquet")),
  });
  expect(second).toMatchObject({
    episode_index: 1n,
    tasks: ["reach"],
    length: 4n,
    dataset_from_index: 6n,
    dataset_to_index: 10n,
    "videos/observation.images.head/from_timestamp": 0.6,
    "videos/observation.images.head/to_timestamp": 1,
    "stats/observation.state/max": [1, 3, 4],
    "stats/observation.state/count": [4n],
    stream: "sim",
    operator: "expert",
    seed: 101n,
    success: true,
    labels: '{"split":"train"}',
  });
  expect((second as Record<string, unknown>)["stats/observation.images.head/mean"]).toMatchObject([
    [[expect.any(Number)]],
    [[expect.any(Number)]],
    [[expect.any(Number)]],
  ]);
  expect(readFileSync(join(root, "README.md"), "utf8")).toContain("- LeRobot");
});

test("parquet bytes begin and end as the format says, checked without a parquet library", async () => {
  const root = await write([3], { embodiment: NO_CAMERA });
  for (const name of [
    "data/chunk-000/file-000.parquet",
    "meta/tasks.parquet",
    "meta/episodes/chunk-000/file-000.parquet",
  ]) {
    const bytes = readFileSync(join(root, name));
    expect([bytes.toString("latin1", 0, 4), bytes.toString("latin1", bytes.length - 4)]).toEqual([
      "PAR1",
      "PAR1",
    ]);
    const footerLength = bytes.readUInt32LE(bytes.length - 8);
    expect(footerLength).toBeLessThan(bytes.length - 12);
    // The footer is a Thrift compact struct whose first field (id 1, i32) is the version: 0x15, zigzag 2.
    expect(bytes.subarray(bytes.length - 8 - footerLength).subarray(0, 2)).toEqual(Buffer.from([0x15, 0x04]));
  }
});

test("alignment holds for any lengths, file sizes and order of merging", async () => {
  const lengths = array(integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });
  await assert(
    asyncProperty(lengths, constantFrom(200, 5_000, 1e8), boolean(), async (lengths, dataBytes, splits) => {
      const root = join(temporaryFolder("property"), "toy");
      const options = { embodiment: NO_CAMERA, limits: { dataBytes, videoBytes: 1e9 } };
      let writer = await openDatasetWriter(root, options);
      for (const [episode, length] of lengths.entries()) {
        expect(record(writer, episode, length, false)).toBe(episode);
        if (!splits || episode % 3 !== 1) continue;
        writer.close();
        writer = await openDatasetWriter(root, options);
      }
      writer.close();
      const check = await checkDataset(root);
      expect(check.problems).toEqual([]);
      const reader = await openDataset(root);
      expect(reader.episodes.map(({ length }) => length)).toEqual(lengths);
      for (const { index, length } of reader.episodes) {
        const { state, action, reward, done, timestamp } = await reader.readEpisode(index);
        for (let t = 0; t < length; t++) {
          // o[t], the a[t] chosen on seeing it, and the reward of the transition that leaves row t.
          expect([state?.[3 * t], state?.[3 * t + 1], action?.[2 * t], reward?.[t]]).toEqual([
            index,
            t,
            t + 0.5,
            t / 8,
          ]);
          expect(done?.[t]).toBe(t === length - 1 ? 1 : 0);
          expect(timestamp[t]).toBe(Math.fround(t / 10));
        }
      }
    }),
    { numRuns: 15 },
  );
});

test("an absent action stays absent, on disk and in memory", async () => {
  const root = join(temporaryFolder("absent"), "web");
  const writer = await openDatasetWriter(root, { embodiment: { ...TOY, state: [], action: [] } });
  const recorder = writer.recorder();
  for (let t = 0; t < 4; t++) recorder.add({ images: toyStep(0, t, 4).images });
  writer.append(recorder.finish({ provenance: { stream: "web" } }));
  writer.close();
  const reader = await openDataset(root);
  expect(reader.features.map(({ name }) => name)).not.toContain("action");
  expect(await reader.readEpisode(0)).toMatchObject({ state: null, action: null, reward: null });
  expect(reader.episodes[0]?.success).toBeUndefined();
});

test("an episode without actions among others has null rows; single gaps are masked", async () => {
  const root = join(temporaryFolder("gaps"), "mixed");
  const writer = await openDatasetWriter(root, { embodiment: NO_CAMERA });
  const recorder = writer.recorder();
  for (const given of [
    [true, false, true],
    [false, false, false],
  ]) {
    for (const [t, hasAction] of given.entries())
      recorder.add({ state: [0, t, 0], images: {}, ...(hasAction ? { action: [t, t] } : {}) });
    writer.append(recorder.finish({ provenance: { stream: "teleop" } }));
  }
  writer.close();
  const reader = await openDataset(root);
  expect(Array.from((await reader.readEpisode(0)).actionMask)).toEqual([1, 0, 1]);
  expect((await reader.readEpisode(1)).action).toBeNull();
  expect((await reader.readEpisode(1)).taskIndex[0]).toBe(-1);
});

test("appending begins new files and leaves the old bytes alone", async () => {
  const root = await write([5, 5]);
  const first = join(root, "data/chunk-000/file-000.parquet");
  const before = readFileSync(first);
  const writer = await openDatasetWriter(root, { embodiment: TOY });
  expect(record(writer, 2, 7)).toBe(2);
  writer.close();
  expect(readFileSync(first).equals(before)).toBe(true);
  expect(probeVideo(join(root, "videos/observation.images.head/chunk-000/file-001.mp4")).frameCount).toBe(7);
  expect(await checkDataset(root)).toMatchObject({
    episodes: 3,
    frames: 17,
    videoFrames: 17,
    isClean: true,
    problems: [],
  });
  const stats = await (await openDataset(root)).stats();
  // Frame counts 0..4, 0..4, 0..6: mean 41/17.
  expect(stats?.["frame_index"]?.mean[0]).toBeCloseTo(41 / 17, 12);
});

test("files rotate at their size limits, over the end of a chunk folder", async () => {
  const root = await write([8, 8, 8], { embodiment: NO_CAMERA, limits: { dataBytes: 100, chunksSize: 2 } });
  expect(existsSync(join(root, "data/chunk-000/file-001.parquet"))).toBe(true);
  expect(existsSync(join(root, "data/chunk-001/file-000.parquet"))).toBe(true);
  expect(await checkDataset(root)).toMatchObject({ episodes: 3, problems: [] });
});

test("workers' recordings become episodes in the order they are appended", async () => {
  const root = join(temporaryFolder("shards"), "toy");
  const writer = await openDatasetWriter(root, { embodiment: NO_CAMERA });
  const recorders = [0, 1, 2].map(() => writer.recorder());
  const recorded = recorders.map((recorder, i) => {
    for (let t = 0; t <= i; t++) recorder.add(toyStep(i, t, i + 1, false));
    // Posted between threads, so it must be plain data.
    return structuredClone(recorder.finish({ provenance: { stream: "sim" } }));
  });
  for (const episode of recorded.reverse()) writer.append(episode);
  expect((await openDataset(root)).episodes.map(({ length }) => length)).toEqual([3, 2, 1]);
  writer.close();
  const reader = await openDataset(root);
  expect((await reader.readEpisode(0)).state?.[0]).toBe(2);
});

test("a clock that drifts is kept beside the timestamps that LeRobot expects", async () => {
  const root = join(temporaryFolder("clock"), "toy");
  const writer = await openDatasetWriter(root, { embodiment: NO_CAMERA });
  const recorder = writer.recorder();
  for (const timestampSec of [0, 0.1, 0.25, 0.31]) recorder.add({ images: {}, timestampSec });
  writer.append(recorder.finish({ provenance: { stream: "teleop" } }));
  writer.close();
  const reader = await openDataset(root);
  expect((await reader.readEpisode(0)).timestamp).toEqual(Float32Array.of(0, 0.1, 0.25, 0.31));
  expect((await reader.readColumns(0)).columns.get("timestamp")?.data).toEqual(
    Float32Array.of(0, 0.1, 0.2, 0.3),
  );
});

test("wrong use is refused before anything is written", async () => {
  const root = await write([3], { embodiment: NO_CAMERA });
  await expect(openDatasetWriter(root, { embodiment: NO_CAMERA, fps: 25 })).rejects.toThrow(
    /recorded at 10 frames\/s, new episodes have 25/,
  );
  await expect(openDatasetWriter(root, { embodiment: { ...NO_CAMERA, action: [] } })).rejects.toThrow(
    /3 states and 2 actions, new episodes have .* 0 actions/,
  );
  await expect(openDatasetWriter(join(root, "data"), { embodiment: NO_CAMERA })).rejects.toThrow(
    /holds other files/,
  );
  const writer = await openDatasetWriter(root, { embodiment: NO_CAMERA });
  await expect(openDatasetWriter(root, { embodiment: NO_CAMERA })).rejects.toThrow(
    /is being written by process/,
  );
  const recorder = writer.recorder();
  expect(() => recorder.add({ images: {}, state: [1, 2] })).toThrow(
    /observation.state must have shape \[3\], got \[2\]/,
  );
  recorder.add({ images: {}, state: [1, 2, 3], extra: { touch: [1] } });
  expect(() => writer.append(recorder.finish({ provenance: { stream: "sim" } }))).toThrow(
    /has no feature "touch"/,
  );
  expect(() => recorder.finish({ provenance: { stream: "sim" } })).toThrow(/at least one step/);
  writer.close();
  expect((await openDataset(root)).episodes).toHaveLength(1);
});

test("a dataset without episodes opens, checks clean and takes its first episode later", async () => {
  const root = await write([], { embodiment: NO_CAMERA });
  expect(await checkDataset(root)).toMatchObject({ episodes: 0, frames: 0, problems: [] });
  const writer = await openDatasetWriter(root, { embodiment: NO_CAMERA });
  record(writer, 0, 2, false);
  writer.close();
  expect(await checkDataset(root)).toMatchObject({ episodes: 1, frames: 2, problems: [] });
});

test("a declared stream keeps its type and shape", async () => {
  const root = join(temporaryFolder("shaped"), "toy");
  const writer = await openDatasetWriter(root, { embodiment: NO_CAMERA });
  const recorder = writer.recorder();
  const touch = { name: "observation.touch", dtype: "int32", shape: [2, 3], width: 6, names: null };
  recorder.declare([touch]);
  for (let t = 0; t < 3; t++)
    recorder.add({ images: {}, extra: { "observation.touch": [t, 1, 2, 3, 4, -5] } });
  writer.append(recorder.finish({ provenance: { stream: "sim" } }));
  writer.close();
  const reader = await openDataset(root);
  expect(reader.features[0]).toMatchObject(touch);
  expect((await reader.readEpisode(0)).extra["observation.touch"]?.data.slice(6, 12)).toEqual(
    Int32Array.of(1, 1, 2, 3, 4, -5),
  );
  const file = await asyncBufferFromFile(join(root, "data/chunk-000/file-000.parquet"));
  expect((await parquetReadObjects({ file, rowEnd: 1 }))[0]).toMatchObject({
    "observation.touch": [
      [0, 1, 2],
      [3, 4, -5],
    ],
  });
});

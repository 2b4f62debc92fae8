/** Layouts of others that our own writer never makes: v2.0, pictures inside rows, misplaced episodes. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, test } from "vitest";
import { checkDataset } from "./check/check.ts";
import { lerobotFormat } from "./lerobot/source.ts";
import { openDataset } from "./open.ts";
import { importDataset } from "./store/import.ts";
import { shade } from "./testing.ts";
import { makeV21, temporaryFolder, writeParquet } from "./testing-datasets.ts";
import { encodePng } from "./video/index.ts";

test("v2.0 keeps its statistics in stats.json", async () => {
  const { root } = makeV21([3, 2], { info: { codebase_version: "v2.0" } });
  const stats = {
    "observation.state": { min: [0, 0], max: [1, 2], mean: [0.4, 0.8], std: [0.5, 0.7], count: [5] },
  };
  writeFileSync(join(root, "meta/stats.json"), JSON.stringify(stats));
  const reader = await openDataset(root);
  expect((await reader.stats())?.["observation.state"]).toMatchObject({ max: [1, 2], count: 5 });
  expect(await reader.episodeStats(0)).toBeNull();
  // Rows are [0, 0..2] and [1, 0..1]: these statistics are right.
  expect((await checkDataset(root)).problems.filter(({ severity }) => severity !== "note")).toEqual([]);
  writeFileSync(
    join(root, "meta/stats.json"),
    JSON.stringify({ "observation.state": { ...stats["observation.state"], max: [1, 9] } }),
  );
  const spoiled = await checkDataset(root);
  expect(spoiled.problems.map(({ message }) => message).join()).toMatch(
    /"observation\.state" do not fit the rows: max of number 1 is 2, stated 9/,
  );
});

/** One v3.0 data file with two episodes of 3 and 4 rows, and a table that may misplace them. */
function makeV30(fromIndex: readonly [number, number]): string {
  const { root, info, dataFile } = makeV21([3, 4]);
  for (const episode of [0, 1]) rmSync(dataFile(episode));
  for (const name of ["tasks.jsonl", "episodes.jsonl"]) rmSync(join(root, "meta", name));
  const v30 = {
    ...info,
    codebase_version: "v3.0",
    data_path: "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
    video_path: null,
  };
  writeFileSync(join(root, "meta/info.json"), JSON.stringify(v30));
  const episodes = [0, 0, 0, 1, 1, 1, 1];
  const frames = [0, 1, 2, 0, 1, 2, 3];
  writeParquet(join(root, "data/chunk-000/file-000.parquet"), {
    "observation.state": { dtype: "float64", depth: 1, rows: frames.map((t, i) => [episodes[i], t]) },
    timestamp: { dtype: "float32", depth: 0, rows: frames.map((t) => t / 10) },
    frame_index: { dtype: "int64", depth: 0, rows: frames },
    episode_index: { dtype: "int64", depth: 0, rows: episodes },
    index: { dtype: "int64", depth: 0, rows: episodes.map((_, i) => i) },
    task_index: { dtype: "int64", depth: 0, rows: episodes.map(() => 0) },
  });
  const int = (rows: readonly number[]) => ({ dtype: "int64", depth: 0, rows });
  writeParquet(join(root, "meta/episodes/chunk-000/file-000.parquet"), {
    episode_index: int([0, 1]),
    tasks: { dtype: "string", depth: 1, rows: [["count"], ["count"]] },
    length: int([3, 4]),
    "data/chunk_index": int([0, 0]),
    "data/file_index": int([0, 0]),
    dataset_from_index: int(fromIndex),
    dataset_to_index: int([fromIndex[0] + 3, fromIndex[1] + 4]),
  });
  // Named as some writers do; the text column is found all the same.
  writeParquet(join(root, "meta/tasks.parquet"), {
    task_index: int([0]),
    instruction: { dtype: "string", depth: 0, rows: ["count"] },
  });
  return root;
}

test("v3.0 by hand: rows, tasks and missing statistics", async () => {
  const root = makeV30([0, 3]);
  const reader = await openDataset(root);
  expect((await reader.readEpisode(1)).state).toEqual(Float32Array.of(1, 0, 1, 1, 1, 2, 1, 3));
  expect([reader.tasks, reader.problems]).toEqual([["count"], []]);
  expect((await checkDataset(root)).problems.map(({ message }) => message)).toEqual([
    "the dataset's statistics must be there, they are missing.",
  ]);
});

test("an episode that is not where the table says is found by its own index", async () => {
  const reader = await openDataset(makeV30([0, 2]));
  expect((await reader.readEpisode(1)).state).toEqual(Float32Array.of(1, 0, 1, 1, 1, 2, 1, 3));
  expect(reader.problems.at(-1)?.message).toMatch(
    /says rows 2 to 6 of .*, they are 3 to 7; the file is believed/,
  );
});

test("pictures inside rows are read, checked and become a video on import", async () => {
  const camera = { dtype: "image", shape: [32, 32, 3], names: ["height", "width", "channels"] };
  const { root, dataFile } = makeV21([3], { features: { "observation.image": camera } });
  const shades = [20, 120, 220];
  const pictures = await Promise.all(
    shades.map(async (value) => ({ bytes: await encodePng(shade(value)), path: null })),
  );
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: "observation.image", data: pictures },
      { name: "timestamp", data: [0, 0.1, 0.2] },
    ],
    schema: [
      { name: "schema", num_children: 2 },
      { name: "observation.image", num_children: 2, repetition_type: "OPTIONAL" },
      { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
      { name: "path", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
      { name: "timestamp", type: "FLOAT", repetition_type: "OPTIONAL" },
    ],
  });
  writeFileSync(dataFile(0), Buffer.from(bytes));
  const reader = await openDataset(root);
  expect(reader.episodes[0]?.cameras).toEqual({ image: { kind: "pictures" } });
  const [middle] = await reader.readPictures(0, "image", 1, 2);
  expect(Buffer.compare(middle ?? Buffer.of(), pictures[1]?.bytes ?? Buffer.of(1))).toBe(0);
  const report = await importDataset(
    await lerobotFormat.open(root, {}),
    join(temporaryFolder("pictures"), "out"),
  );
  const imported = await openDataset(report.dataset);
  expect(imported.features.map(({ name }) => name)).toContain("observation.image");
  expect(imported.episodes[0]?.cameras["image"]).toMatchObject({ kind: "video", fromSec: 0, toSec: 0.3 });
  // Grey levels of three flat pictures: encoding may move them by a level or two of 255.
  const mean = (await imported.episodeStats(0))?.["observation.image"]?.mean[0] ?? 0;
  expect(mean).toBeCloseTo(120 / 255, 2);
});

test("a folder one level off names the datasets inside it", async () => {
  const store = temporaryFolder("store");
  mkdirSync(join(store, "sets"));
  renameSync(makeV21([1]).root, join(store, "sets", "toys"));
  await expect(openDataset(join(store, "sets"))).rejects.toThrow(
    /Did you mean one of the datasets inside it: toys\?/,
  );
});

/** Datasets spoiled on purpose: each quirk is reported and survived, each dead end says what to do. */
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "@orrery/core";
import { expect, test } from "vitest";
import { checkDataset } from "./check/check.ts";
import { openDataset } from "./open.ts";
import { makeV21, temporaryFolder, writeParquet } from "./testing-datasets.ts";

const messages = (problems: readonly { message: string }[]): string =>
  problems.map(({ message }) => message).join("\n");

test("a wrong path, an empty folder and a folder of datasets each get their own advice", async () => {
  await expect(openDataset("/nowhere/at/all")).rejects.toThrow(/nothing is there\. Check the path/);
  await expect(openDataset(temporaryFolder("empty"))).rejects.toThrow(/it is empty or not there/);
  const { root } = makeV21([2]);
  await expect(openDataset(join(root, ".."))).rejects.toThrow(/meta\/info\.json/);
  await expect(openDataset(join(root, "data"))).rejects.toThrow(/orrery data import/);
});

test("version 1 is refused with the way out", async () => {
  const { root } = makeV21([2], { info: { codebase_version: "v1.6" } });
  await expect(openDataset(root)).rejects.toThrow(
    /must be v2\.0, v2\.1 or v3\.0, got "v1\.6".*convert_dataset_v1_to_v2/,
  );
});

test("a senseless rate and broken JSON are errors with the file's name", async () => {
  await expect(openDataset(makeV21([2], { info: { fps: -30 } }).root)).rejects.toThrow(
    /"fps" must be above 0, got -30/,
  );
  const { root } = makeV21([2]);
  truncateSync(join(root, "meta/info.json"), 40);
  await expect(openDataset(root)).rejects.toThrow(DataError);
});

test("wrong totals are reported, the list is believed", async () => {
  const reader = await openDataset(makeV21([3, 4], { info: { total_episodes: 9, total_frames: 70 } }).root);
  expect(reader.episodes).toHaveLength(2);
  expect(messages(reader.problems)).toMatch(/total_episodes must be what the metadata lists \(2\), got 9/);
  expect(messages(reader.problems)).toMatch(/total_frames must be .*\(7\), got 70/);
});

test("float64 states read as float32, an odd rate stays as it is", async () => {
  const { root } = makeV21([3], {
    info: { fps: 29.97 },
    stateType: "float64",
    features: { "observation.state": { dtype: "float64", shape: [2], names: null } },
  });
  const reader = await openDataset(root);
  expect(reader.fps).toBe(29.97);
  const { state } = await reader.readEpisode(0);
  expect(state).toEqual(Float32Array.of(0, 0, 0, 1, 0, 2));
  expect(messages(reader.problems)).toMatch(/"fps" must be whole for LeRobot's own tools, got 29\.97/);
  expect(messages(reader.problems)).toMatch(/is float64; it is rounded to float32/);
});

test("of an episode that is listed twice the first is used", async () => {
  const { root } = makeV21([3, 4]);
  const path = join(root, "meta/episodes.jsonl");
  const [first = ""] = readFileSync(path, "utf8").split("\n");
  writeFileSync(
    path,
    `${readFileSync(path, "utf8").trimEnd()}\n${first.replace('"length":3', '"length":4')}\n`,
  );
  const reader = await openDataset(root);
  expect(reader.episodes.map(({ index, length }) => [index, length])).toEqual([
    [0, 3],
    [1, 4],
  ]);
  expect(messages(reader.problems)).toMatch(/episode 0 is listed twice; the first is used/);
});

test("a shape that no row can have is left out, and no memory is taken on its word", async () => {
  for (const shape of [[2 ** 40, 2 ** 40], [1e9]]) {
    const reader = await openDataset(
      makeV21([3], { features: { action: { dtype: "float32", shape, names: null } } }).root,
    );
    expect(messages(reader.problems)).toMatch(
      /feature "action" must be a number \(at most 4194304 per row\).*left out/,
    );
    expect((await reader.readEpisode(0)).action).toBeNull();
  }
});

test("names nested in dicts and lists become a flat list", async () => {
  const names = { arm: { motors: ["m1", "m2"] } };
  const reader = await openDataset(
    makeV21([2], { features: { "observation.state": { dtype: "float32", shape: [2], names } } }).root,
  );
  expect(reader.embodiment.state[0]?.names).toEqual(["m1", "m2"]);
});

test("NaN and infinity are kept, masked, counted and blamed on their episode", async () => {
  const { root, dataFile } = makeV21([4, 4]);
  const rows = [
    [1, 2],
    [Number.NaN, 2],
    [1, Infinity],
    [5, 6],
  ];
  const count = [0, 1, 2, 3];
  writeParquet(dataFile(1), {
    "observation.state": { dtype: "float32", depth: 1, rows },
    frame_index: { dtype: "int64", depth: 0, rows: count },
    timestamp: { dtype: "float32", depth: 0, rows: count.map((t) => t / 10) },
    episode_index: { dtype: "int64", depth: 0, rows: [1, 1, 1, 1] },
    index: { dtype: "int64", depth: 0, rows: count },
    task_index: { dtype: "int64", depth: 0, rows: [0, 0, 0, 0] },
  });
  const reader = await openDataset(root);
  const episode = await reader.readEpisode(1);
  expect(episode.nonFiniteRows).toEqual([1, 2]);
  expect(Array.from(episode.stateMask)).toEqual([1, 0, 0, 1]);
  expect(episode.state?.[2]).toBeNaN();
  expect(reader.problems).toMatchObject([{ severity: "error", where: "episode 1" }]);
  expect(messages(reader.problems)).toMatch(/2 of 4 rows hold NaN or infinity: 1, 2/);
});

test("a truncated parquet costs its own episode only", async () => {
  const { root, dataFile } = makeV21([3, 3]);
  truncateSync(dataFile(0), 100);
  const reader = await openDataset(root);
  await expect(reader.readEpisode(0)).rejects.toThrow(
    /episode_000000\.parquet: must be a whole parquet file, got 100 bytes/,
  );
  expect((await reader.readEpisode(1)).length).toBe(3);
  const check = await checkDataset(root);
  expect(check).toMatchObject({ episodes: 1, frames: 3, isClean: false });
});

test("bytes damaged inside a parquet file are an error, not a crash", async () => {
  const { root, dataFile } = makeV21([50]);
  const bytes = readFileSync(dataFile(0));
  bytes.fill(0xff, 8, 90);
  writeFileSync(dataFile(0), bytes);
  await expect((await openDataset(root)).readEpisode(0)).rejects.toThrow(/do not decode/);
});

test("a declared camera without files leaves the rows usable", async () => {
  const camera = { dtype: "video", shape: [3, 48, 64], names: ["channels", "height", "width"] };
  const reader = await openDataset(makeV21([2, 2], { features: { "observation.images.side": camera } }).root);
  expect(reader.cameras).toMatchObject([{ name: "side", width: 64, height: 48 }]);
  expect(messages(reader.problems)).toMatch(/none of 2 episodes has a video file/);
  expect((await reader.readEpisode(1)).length).toBe(2);
});

test("an episode file that is longer than listed is believed; a missing column is named", async () => {
  const { root } = makeV21([3], {
    features: { "observation.touch": { dtype: "float32", shape: [4], names: null } },
  });
  writeFileSync(join(root, "meta/episodes.jsonl"), '{"episode_index": 0, "tasks": ["count"], "length": 2}');
  const reader = await openDataset(root);
  expect((await reader.readEpisode(0)).length).toBe(3);
  expect(messages(reader.problems)).toMatch(/counts 2 rows, .* has 3/);
  expect(messages(reader.problems)).toMatch(/"observation.touch" must be a column, it is missing/);
});

test("rows of another width are masked out and counted", async () => {
  const { root } = makeV21([3], {
    features: { "observation.state": { dtype: "float32", shape: [3], names: null } },
  });
  const reader = await openDataset(root);
  const { state, stateMask } = await reader.readEpisode(0);
  expect(state).toBeNull();
  expect(Array.from(stateMask)).toEqual([0, 0, 0]);
  expect(messages(reader.problems)).toMatch(/must hold 3 values; 3 rows do not/);
});

test("a line of episodes.jsonl that was cut off costs that episode", async () => {
  const { root } = makeV21([2, 2]);
  writeFileSync(
    join(root, "meta/episodes.jsonl"),
    '{"episode_index": 0, "tasks": ["count"], "length": 2}\n{"episode_in',
  );
  const reader = await openDataset(root);
  expect(reader.episodes).toHaveLength(1);
  expect(reader.problems[0]?.where).toBe("meta/episodes.jsonl:2");
});

test("missing metadata files are named", async () => {
  const { root } = makeV21([2]);
  rmSync(join(root, "meta/episodes.jsonl"));
  const reader = await openDataset(root);
  expect(reader.episodes).toHaveLength(0);
  expect(reader.problems[0]).toMatchObject({ severity: "error", where: "meta/episodes.jsonl" });
});

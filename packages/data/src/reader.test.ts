import { describe, expect, test } from "vitest";
import { openDataset } from "./open.ts";
import { recording } from "./testing-datasets.ts";

const lowres = recording("cr5-banana-lowres");
const raw = recording("cr5-banana-raw");
const pusht = recording("pusht-lerobot30-tabular");

describe.skipIf(!lowres)("cr5-banana-lowres (v2.1)", () => {
  test("opens whole, without a complaint", async () => {
    const reader = await openDataset(lowres ?? "");
    expect([reader.info.version, reader.fps, reader.episodes.length, reader.numFrames]).toEqual([
      "v2.1",
      10,
      81,
      18039,
    ]);
    expect(reader.tasks).toEqual(["put the banana on the plate"]);
    expect(reader.cameras).toMatchObject([
      { name: "top", key: "observation.images.top", kind: "video", width: 160, height: 120, codec: "h264" },
    ]);
    expect(reader.problems).toEqual([]);
  });

  test("gives each number the value that is in the file", async () => {
    const reader = await openDataset(lowres ?? "");
    const episode = await reader.readEpisode(1);
    expect(episode.length).toBe(215);
    // Values as the file's own float32 print; exact.
    expect(Array.from(episode.state?.slice(0, 3) ?? [])).toEqual([
      -0.5332924127578735, 0.11848802864551544, 0.33433589339256287,
    ]);
    expect(Array.from(episode.action?.slice(0, 3) ?? [])).toEqual([
      -0.0009497201535850763, 0.0009497201535850763, -0.0018994403071701527,
    ]);
    expect(Array.from(episode.timestamp.slice(0, 2))).toEqual([0.055879831314086914, 0.11598324775695801]);
    expect(episode.actionMask.every((present) => present === 1)).toBe(true);
    expect([episode.reward, episode.done, episode.success]).toEqual([null, null, null]);
    expect(reader.episodes[1]?.cameras["top"]).toMatchObject({
      kind: "video",
      fromSec: 0,
      toSec: 21.5,
      fps: 10,
    });
  });

  test("tells velocities from a position by their names", async () => {
    const { action } = (await openDataset(lowres ?? "")).embodiment;
    expect(action.map(({ mode, width }) => [mode, width])).toEqual([
      ["velocity", 6],
      ["absolute", 1],
    ]);
  });

  test("has its own statistics, that fit its rows", async () => {
    const reader = await openDataset(lowres ?? "");
    const stats = await reader.episodeStats(0);
    const { state } = await reader.readEpisode(0);
    const first = Array.from(state ?? []).filter((_, i) => i % 6 === 0);
    expect(stats?.["observation.state"]?.min[0]).toBe(Math.min(...first));
    expect(stats?.["observation.images.top"]?.mean).toHaveLength(3);
  });
});

describe.skipIf(!raw)("cr5-banana-raw (v2.1, 8 of 81 episodes there)", () => {
  test("uses the episodes that are there and says which are not", async () => {
    const reader = await openDataset(raw ?? "");
    expect(reader.episodes.filter((episode) => episode.readable).map(({ index }) => index)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
    expect(reader.numFrames).toBe(1840);
    expect(reader.problems).toHaveLength(1);
    expect(reader.problems[0]?.message).toContain("73 of 81 listed episodes have no data file: 8, 9");
    await expect(reader.readEpisode(8)).rejects.toThrow(/cannot be read/);
  });
});

describe.skipIf(!pusht)("pusht-lerobot30-tabular (v3.0, row groups of 1,000 rows)", () => {
  test("cuts episodes out of row groups at the right rows", async () => {
    const reader = await openDataset(pusht ?? "");
    expect([reader.episodes.length, reader.numFrames]).toEqual([206, 25650]);
    const second = await reader.readEpisode(1);
    expect(second.length).toBe(118);
    expect(Array.from(second.state?.slice(0, 2) ?? [])).toEqual([87, 285]);
    expect(Array.from(second.action?.slice(0, 2) ?? [])).toEqual([111, 270]);
    expect(second.reward?.[0]).toBeCloseTo(0.0006754898, 9); // float32
    expect(Array.from(second.done ?? []).lastIndexOf(1)).toBe(117);
    // Episode 7 spans the border between the first two row groups.
    const spanning = await reader.readEpisode(7);
    expect(spanning.length).toBe(reader.episodes[7]?.length);
    expect(spanning.timestamp[0]).toBe(0);
  });

  test("reports the declared camera that has no files, once", async () => {
    const reader = await openDataset(pusht ?? "");
    expect(reader.problems.map(({ where }) => where)).toEqual(["observation.image"]);
    expect(reader.episodes[0]?.cameras).toEqual({});
  });

  test("reads tasks from the older index column, names from a nested dict", async () => {
    const reader = await openDataset(pusht ?? "");
    expect(reader.tasks).toEqual(["Push the T-shaped block onto the T-shaped target."]);
    expect(reader.embodiment.state[0]?.names).toEqual(["motor_0", "motor_1"]);
  });
});

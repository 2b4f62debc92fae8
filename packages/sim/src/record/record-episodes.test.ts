import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AbortedError, TAKEOVER_ROW, type Step } from "@orrery/core";
import { openDataset } from "@orrery/data";
import { afterAll, expect, test } from "vitest";
import { makeKitchenWorld } from "../world/kitchen-world.ts";
import { episodeSeed, runEpisode } from "./episode.ts";
import { recordEpisodes } from "./record-episodes.ts";

const folder = mkdtempSync(join(tmpdir(), "orrery-sim-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BASE = {
  task: "reach",
  operator: "expert",
  episodes: 4,
  seed: 11,
  cameras: [{ name: "head", width: 32, height: 32 }],
} as const;

/** Numbers of one column of one episode. */
async function columnOf(root: string, episode: number, name: string): Promise<number[]> {
  const dataset = await openDataset(root);
  const { columns } = await dataset.readColumns(episode);
  return Array.from(columns.get(name)!.data as ArrayLike<number>);
}

test("threads record what the main thread would, however many they are", async () => {
  const one = join(folder, "one");
  const two = join(folder, "two");
  const summary = await recordEpisodes({ ...BASE, to: one, workers: 1 });
  await recordEpisodes({ ...BASE, to: two, workers: 2 });
  expect(summary.episodes).toBe(4);
  expect(summary.nonFiniteRows).toBe(0);
  const { embodiment, features } = await openDataset(one);
  expect(embodiment.sensors!.map(({ name, unit }) => `${name} ${unit}`)).toEqual([
    "wrist_force N",
    "wrist_torque N m",
    "fingertip_touch N",
    "joint_torque N m",
  ]);
  expect(features.find(({ name }) => name === "fingertip_touch")?.names?.[0]).toBe("l_thumb_touch");

  const world = await makeKitchenWorld({ task: "reach", cameras: BASE.cameras, endless: true });
  for (let index = 0; index < BASE.episodes; index++) {
    const steps: Step[] = [];
    await runEpisode(world, "expert", episodeSeed(BASE.seed, index), (step) => steps.push(step));
    for (const [name, key] of [
      ["observation.state", "state"],
      ["action", "action"],
    ] as const) {
      const here = steps.flatMap((step) => Array.from(step[key]!));
      expect(await columnOf(one, index, name)).toEqual(here);
      expect(await columnOf(two, index, name)).toEqual(here);
    }
    for (const sensor of world.embodiment.sensors!) {
      const here = steps.flatMap((step) => Array.from(step.extra![sensor.name]!));
      expect(await columnOf(two, index, sensor.name)).toEqual(here);
    }
  }
  await world.close();
});

test("a second recording goes on where the first ended", async () => {
  const to = join(folder, "appended");
  await recordEpisodes({ ...BASE, episodes: 1, to, workers: 1 });
  await recordEpisodes({ ...BASE, episodes: 1, to, workers: 1 });
  expect(await columnOf(to, 1, "action")).toEqual(await columnOf(join(folder, "one"), 1, "action"));
});

test("a recording says from which row on an expert acted in the place of a trainee", async () => {
  const to = join(folder, "trainee");
  await recordEpisodes({ ...BASE, operator: "trainee", episodes: 2, to, workers: 1 });
  const { episodes } = await openDataset(to);
  const rows = episodes.map(({ provenance }) => provenance.labels?.[TAKEOVER_ROW]);
  expect(rows).toHaveLength(2);
  for (const [i, row] of rows.entries()) {
    expect(row).toBeGreaterThan(0);
    expect(row).toBeLessThan(episodes[i]!.length);
    expect(episodes[i]!.provenance).toMatchObject({ operator: "trainee", labels: { takenOverBy: "expert" } });
  }
});

test("held-out splits are recorded for evaluation only, and never into a training set", async () => {
  const novel = { ...BASE, episodes: 1, workers: 1, split: "novel-light" } as const;
  await expect(recordEpisodes({ ...novel, to: join(folder, "leak") })).rejects.toThrow(
    /"novel-light".*--evaluation/,
  );
  expect(existsSync(join(folder, "leak"))).toBe(false);

  const to = join(folder, "judged");
  await recordEpisodes({ ...novel, to, isEvaluation: true, strength: 0.5 });
  const [episode] = (await openDataset(to)).episodes;
  expect(episode!.provenance.labels).toMatchObject({
    split: "novel-light",
    strength: 0.5,
    purpose: "evaluation",
  });
  await expect(recordEpisodes({ ...BASE, episodes: 1, to })).rejects.toThrow(/another dataset/);
});

test("wrong use is refused before anything is written; stopping keeps what is finished", async () => {
  const to = join(folder, "none");
  await expect(recordEpisodes({ ...BASE, task: "juggle", to })).rejects.toThrow(/"juggle"/);
  await expect(recordEpisodes({ ...BASE, operator: "robot", to })).rejects.toThrow(/expert, play/);
  await expect(recordEpisodes({ ...BASE, episodes: 0, seed: -1, to })).rejects.toThrow(/episodes.*seed/);
  await expect(recordEpisodes({ ...BASE, task: "hand-over", body: "arm6", to })).rejects.toThrow(/2 arms/);
  await expect(recordEpisodes({ ...BASE, strength: 0.5, to })).rejects.toThrow(/strength 0.5 with "seen"/);
  expect(existsSync(to)).toBe(false);

  const stopped = join(folder, "stopped");
  const stop = new AbortController();
  const recording = recordEpisodes({
    ...BASE,
    episodes: 50,
    to: stopped,
    workers: 1,
    signal: stop.signal,
    onProgress: ({ episodes }) => {
      if (episodes === 2) stop.abort();
    },
  });
  await expect(recording).rejects.toThrow(AbortedError);
  expect((await openDataset(stopped)).episodes.length).toBeGreaterThanOrEqual(2);
});

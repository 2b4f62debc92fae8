/** Whether held-out is held out, on a run trained for a few steps. */
import { renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "@orrery/core";
import { trainWorldModel } from "@orrery/models";
import { liveTensorCount } from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import { debugConfig, recordGrey, temporaryFolder } from "../testing.ts";
import { scoreRun, type ScoreRunOptions } from "./score-run.ts";

const folder = temporaryFolder("score");
const data = join(folder, "data");
const run = join(folder, "run");
beforeAll(async () => {
  const grey = (episode: number, row: number): number => 40 + 30 * episode + 3 * row;
  const dataset = await recordGrey(data, { episodes: 5, length: 14, grey });
  await trainWorldModel({
    config: debugConfig(),
    sources: [{ dataset, episodes: [0, 1, 2] }],
    out: run,
    seed: 1,
  });
});

const score = (options: Partial<ScoreRunOptions> = {}): ReturnType<typeof scoreRun> =>
  scoreRun({ run, data, seed: 1, contextFrames: 4, horizon: 3, windows: 4, ...options });

test("all that was not trained on is scored, and the neighbours come from what was", async () => {
  const before = liveTensorCount();
  const result = await score();
  expect(result.episodes).toBe(2);
  // The greys of the held-out episodes stand in no training episode.
  expect(result.nearest?.psnr[0]).toBeLessThan(result.copyLast.psnr[0] as number);
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
  expect((await score({ usesNearest: false })).nearest).toBeNull();
});

test("episodes that were trained on are refused, under whatever name", async () => {
  await expect(score({ episodes: [1, 2, 3] })).rejects.toThrow(UsageError);
  await expect(score({ episodes: [1, 2, 3] })).rejects.toThrow(
    /trained on episode 1 and 1 more of those asked/,
  );
  const link = join(folder, "link");
  symlinkSync(data, link);
  await expect(score({ data: link, episodes: [0] })).rejects.toThrow(/trained on episode 0\./);
});

test("a training set that has gone leaves out the nearest neighbour, with a note", async () => {
  const held = join(folder, "held");
  await recordGrey(held, { episodes: 2, length: 14 });
  const away = join(folder, "away");
  renameSync(data, away);
  try {
    const notes: string[] = [];
    const result = await score({ data: held, onNote: (note) => void notes.push(note) });
    expect(result.nearest).toBeNull();
    expect(notes.join("\n")).toMatch(
      /nearest-neighbour baseline is left out: the training set cannot be opened/,
    );
  } finally {
    renameSync(away, data);
  }
});

test("a run that does not say what it was trained on is not scored", async () => {
  const before = liveTensorCount();
  const lineage = join(run, "lineage.json");
  renameSync(lineage, `${lineage}.away`);
  try {
    await expect(score()).rejects.toThrow(
      /lineage\.json cannot be read .* nothing can be known to be held out/,
    );
  } finally {
    renameSync(`${lineage}.away`, lineage);
  }
  await expect(score({ run: join(folder, "nothing") })).rejects.toThrow(
    /must be a run folder with a config\.json/,
  );
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
  rmSync(join(folder, "nothing"), { force: true, recursive: true });
});

import { join } from "node:path";
import { AbortedError, type Image, UsageError } from "@orrery/core";
import type { DatasetReader } from "@orrery/data";
import { liveTensorCount } from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import { body, makeEpisode, recordGrey, scrambledModel, temporaryFolder } from "../testing.ts";
import { dreamOn, loadEpisode, recordedActions, type DreamOptions, type DreamResult } from "./dream.ts";

const episode = makeEpisode(3, 9, (row, i) => 20 * row + (i % 7));
const FRAMES = 6;
const pushes = (value: number): Float32Array => new Float32Array(FRAMES * 2).fill(value);
const model = scrambledModel();

function dream(options: Partial<DreamOptions> = {}): Promise<DreamResult> {
  const actions = [pushes(0.5)];
  return dreamOn({
    model,
    episode,
    start: 1,
    contextFrames: 4,
    frames: FRAMES,
    actions,
    seed: 1,
    ...options,
  });
}

/** Bytes that differ between two films. */
function difference(a: readonly Image[] = [], b: readonly Image[] = []): number {
  return a.reduce(
    (sum, { data }, t) => sum + data.reduce((n, value, i) => n + Number(value !== b[t]?.data[i]), 0),
    0,
  );
}

test("a dream begins with its context, and the truth goes on as far as it was recorded", async () => {
  const { truth, dreams, surprise, framesPerSecond } = await dream();
  expect(dreams[0]).toHaveLength(4 + FRAMES);
  expect(truth).toHaveLength(8); // rows 1 to 8 of 9
  expect(truth.map(({ data }) => data[0])).toEqual([20, 40, 60, 80, 100, 120, 140, 160]);
  expect(difference(dreams[0]?.slice(0, 4), truth)).toBe(0);
  expect(surprise[0]).toHaveLength(FRAMES);
  for (const value of surprise[0] ?? []) expect(value).toBeGreaterThan(0);
  expect(framesPerSecond).toBeGreaterThan(0);
});

test("the same seed dreams the same, bit by bit, and nothing is left behind", async () => {
  const before = liveTensorCount();
  const [first, second] = [await dream(), await dream()];
  expect(second.surprise).toEqual(first.surprise);
  expect(difference(first.dreams[0], second.dreams[0])).toBe(0);
  expect(difference(first.dreams[0], (await dream({ seed: 2 })).dreams[0])).toBeGreaterThan(0);
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
});

test("futures part by their actions alone: the noise is the same for all", async () => {
  const { dreams } = await dream({ actions: [pushes(0.5), pushes(-0.5), null, pushes(0.5)] });
  const [up, down, none, again] = dreams;
  expect(difference(up, down)).toBeGreaterThan(0);
  expect(difference(up, none)).toBeGreaterThan(0);
  expect(difference(up, again)).toBe(0);
});

test("it stops when asked and frees what it has begun", async () => {
  const before = liveTensorCount();
  await expect(dream({ signal: AbortSignal.abort() })).rejects.toThrow(AbortedError);
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
});

test("recorded actions begin again past the end, and there are none where none were recorded", () => {
  const wanted = [-3014, -3015, -3016, -3017, -3000, -3001]; // rows 7, 8 and 0 of episode 3
  expect([...(recordedActions(episode, 7, 3, 2) ?? [])]).toEqual(wanted);
  const silent = { ...episode, columns: { ...episode.columns, action: null } };
  expect(recordedActions(silent, 0, 3, 2)).toBeNull();
  expect(recordedActions(episode, 0, 3, 0)).toBeNull();
});

let dataset: DatasetReader;
beforeAll(async () => {
  dataset = await recordGrey(join(temporaryFolder("dream"), "data"), { episodes: 2, length: 6 });
});

test("an episode is loaded as the model sees it; one that is not there or of another body is refused", async () => {
  expect(await loadEpisode(model, dataset, 1)).toMatchObject({ index: 1, length: 6, cameras: ["top"] });
  await expect(loadEpisode(model, dataset, 2)).rejects.toThrow(UsageError);
  await expect(loadEpisode(model, dataset, 2)).rejects.toThrow(/--episode must be one of 0 to 1, got 2/);
  const folder = join(temporaryFolder("slider"), "data");
  const slider = await recordGrey(folder, { episodes: 1, length: 6, embodiment: body(1) });
  await expect(loadEpisode(model, slider, 0)).rejects.toThrow(/made for "square", .* holds "slider"/);
});

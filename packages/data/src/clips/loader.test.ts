import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ConfigError, type Clip } from "@orrery/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDataset } from "../open.ts";
import type { DatasetReader } from "../reader.ts";
import { numberIn } from "../video/fixtures.ts";
import { episodeFrames, loadFrames } from "./episode-frames.ts";
import { recordCounter, shownNumber } from "./fixtures.ts";
import { makeClipLoader, type ClipLoader } from "./loader.ts";
import type { ClipLoaderOptions } from "./options.ts";
import { vectorStats } from "./stats.ts";

const LENGTHS = [20, 12, 31, 9, 25];
const SIZE = { width: 32, height: 8 };
/** Bytes of one row of two cameras. */
const ROW_BYTES = 2 * 32 * 8 * 3;

let folder = "";
let dataset: DatasetReader;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "orrery-clips-"));
  dataset = await recordCounter(join(folder, "counter"), { lengths: LENGTHS });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function withLoader<R>(
  options: Partial<ClipLoaderOptions>,
  use: (loader: ClipLoader) => Promise<R>,
): Promise<R> {
  const loader = await makeClipLoader({
    sources: [{ dataset }],
    batch: 4,
    window: 5,
    size: SIZE,
    seed: 3,
    workers: 1,
    ...options,
  });
  try {
    return await use(loader);
  } finally {
    await loader.close();
  }
}

/** The number shown in a clip's picture. */
function shownIn(clip: Clip, b: number, t: number, v: number): number {
  const bytes = clip.H * clip.W * 3;
  const at = ((b * clip.T + t) * clip.V + v) * bytes;
  return numberIn({ width: clip.W, height: clip.H, data: clip.frames.subarray(at, at + bytes) });
}

const originsOf = (clip: Clip): string[] =>
  Array.from({ length: clip.B }, (_, b) => `${clip.origin[b * 2]}:${clip.origin[b * 2 + 1]}`);

async function origins(loader: ClipLoader, steps: number): Promise<string[]> {
  const list: string[] = [];
  for (let i = 0; i < steps; i++) list.push(...originsOf(await loader.next()));
  return list;
}

/** Checks every number and picture of a clip against what the row it names was recorded with. */
/** @param begins rows at which kept spans begin */
function expectAligned(clip: Clip, skip: number, begins: readonly number[] = [0]): void {
  for (let b = 0; b < clip.B; b++) {
    const [episode = -1, start = -1] = clip.origin.subarray(b * 2);
    const first = Math.max(...begins.filter((row) => row <= start));
    const opening = { ...clip, T: 1, frames: clip.opening };
    for (let v = 0; v < clip.V; v++) expect(shownIn(opening, b, 0, v)).toBe(shownNumber(episode, first, v));
    for (let t = 0; t < clip.T; t++) {
      const row = start + t * skip;
      const at = b * clip.T + t;
      for (let v = 0; v < clip.V; v++) expect(shownIn(clip, b, t, v)).toBe(shownNumber(episode, row, v));
      expect([...clip.state.subarray(at * 2, at * 2 + 2)]).toEqual([episode, row]);
      const length = LENGTHS[episode] as number;
      const hasAll = row + skip <= length;
      expect([clip.stateMask[at], clip.actionMask[at], clip.rewardMask[at]]).toEqual([
        1,
        Number(hasAll),
        Number(hasAll),
      ]);
      const actions = Array.from({ length: skip }, (_, j) => (hasAll ? row + j : 0));
      expect([...clip.action.subarray(at * clip.A, (at + 1) * clip.A)]).toEqual(actions);
      expect(clip.reward[at]).toBe(hasAll ? skip : 0);
      expect(clip.success[at]).toBe(Number(row + skip >= length));
    }
  }
}

describe("alignment", () => {
  test("frame t of a window belongs to row t, for every camera, number and mask", async () => {
    await withLoader({}, async (loader) => {
      expect(loader.shape).toMatchObject({ B: 4, T: 5, V: 2, H: 8, W: 32, A: 1, P: 2 });
      for (let i = 0; i < 25; i++) {
        const clip = await loader.next();
        expectAligned(clip, 1);
        clip.task.forEach((id, b) =>
          expect(loader.tasks[id]).toBe((clip.origin[b * 2] as number) % 2 ? "odd" : "even"),
        );
      }
    });
  });

  test("skipped rows keep their actions and rewards", async () => {
    await withLoader({ frameSkip: 3, window: 3 }, async (loader) => {
      expect(loader.shape.A).toBe(3);
      for (let i = 0; i < 25; i++) expectAligned(await loader.next(), 3);
    });
  });

  test("cameras come in the order asked for", async () => {
    await withLoader({ sources: [{ dataset, cameras: ["b"] }] }, async (loader) => {
      const clip = await loader.next();
      expect(clip.V).toBe(1);
      const [episode = 0, start = 0] = clip.origin;
      expect(shownIn(clip, 0, 0, 0)).toBe(shownNumber(episode, start, 1));
    });
  });
});

describe("order", () => {
  const numWindows = LENGTHS.reduce((sum, length) => sum + length - 4, 0); // 77
  const budgets = { "all in memory": 1e9, "a third in memory": 75 * ROW_BYTES };

  for (const [name, cacheBytes] of Object.entries(budgets)) {
    test(`${name}: each epoch takes every window once, in an order of its own`, async () => {
      await withLoader({ cacheBytes, batch: 7 }, async (loader) => {
        expect(loader.numWindows).toEqual([numWindows]);
        const first = await origins(loader, numWindows / 7);
        const second = await origins(loader, numWindows / 7);
        const every = LENGTHS.flatMap((length, episode) =>
          Array.from({ length: length - 4 }, (_, start) => `${episode}:${start}`),
        ).sort();
        expect(first.toSorted()).toEqual(every);
        expect(second.toSorted()).toEqual(every);
        expect(second).not.toEqual(first);
      });
    });

    test(`${name}: a restored loader goes on with the same batches, whatever the number of threads`, async () => {
      const [state, expected] = await withLoader({ cacheBytes }, async (loader) => {
        for (let i = 0; i < 13; i++) await loader.next();
        const saved = JSON.parse(JSON.stringify(loader.state)) as typeof loader.state;
        return [saved, [await loader.next(), await loader.next(), await loader.next()]] as const;
      });
      await withLoader({ cacheBytes, workers: 2 }, async (loader) => {
        await loader.next();
        loader.restore(state);
        for (const clip of expected) expect(await loader.next()).toEqual(clip);
        expect(loader.state.step).toBe(state.step + 3);
      });
    });

    test(`${name}: the budget holds`, async () => {
      await withLoader({ cacheBytes }, async (loader) => {
        await origins(loader, 60);
        const stats = loader.stats();
        expect(stats.cacheBytes).toBeLessThanOrEqual(cacheBytes);
        const numFrames = 2 * LENGTHS.reduce((sum, length) => sum + length, 0);
        if (cacheBytes === 1e9) expect(stats.framesDecoded).toBe(numFrames); // once, and never again
        else expect(stats.framesDecoded).toBeGreaterThan(numFrames);
        expect(stats.hits + stats.misses).toBe(60 * 4);
      });
    });
  }

  test("another seed gives another order", async () => {
    const first = await withLoader({}, (loader) => origins(loader, 5));
    expect(await withLoader({}, (loader) => origins(loader, 5))).toEqual(first);
    expect(await withLoader({ seed: 4 }, (loader) => origins(loader, 5))).not.toEqual(first);
  });

  test("weights set the share of each source", async () => {
    const sources = [
      { dataset, episodes: [0, 1], weight: 3 },
      { dataset, episodes: [2, 3], weight: 1 },
    ];
    await withLoader({ sources }, async (loader) => {
      const ids = (await origins(loader, 50)).map((origin) => Number(origin.split(":")[0]));
      // Ids of the second source follow those of the first, which has five episodes.
      expect(ids.filter((id) => id < 5).length).toBe(150);
      expect(new Set(ids)).toEqual(new Set([0, 1, 7, 8]));
    });
  });
});

describe("kept spans", () => {
  // Episode 0 has two spans, 1 none, 2 is not named and so whole, 3 one that is too short, 4 one past its end.
  const spans = new Map([
    [0, [span(2, 9), span(11, 18)]],
    [1, []],
    [3, [span(3, 6)]],
    [4, [span(19, 99)]],
  ]);
  const every = [...starts(0, 2, 9), ...starts(0, 11, 18), ...starts(2, 0, 31), ...starts(4, 19, 25)].sort();

  for (const [name, cacheBytes] of Object.entries({ "all in memory": 1e9, "a part": 75 * ROW_BYTES })) {
    test(`${name}: windows lie inside them, each comes once in an epoch, and rows and pictures agree`, async () => {
      await withLoader({ sources: [{ dataset, spans }], cacheBytes, batch: 1 }, async (loader) => {
        expect(loader.numWindows).toEqual([every.length]);
        const seen: string[] = [];
        for (let i = 0; i < every.length; i++) {
          const clip = await loader.next();
          const begins = { 0: [2, 11], 4: [19] }[clip.origin[0] as number];
          expectAligned(clip, 1, begins);
          seen.push(...originsOf(clip));
        }
        expect(seen.sort()).toEqual(every);
        expect(loader.skipped.map(({ episode, reason }) => `${episode}: ${reason}`)).toEqual([
          "3: 3 rows from row 3 on are fewer than a window's 5",
        ]);
      });
    });
  }

  test("only kept frames are decoded, and statistics count only kept rows", async () => {
    await withLoader({ sources: [{ dataset, episodes: [0], spans }] }, async (loader) => {
      await origins(loader, 4);
      expect(loader.stats().framesDecoded).toBe(2 * 14);
      const stats = vectorStats(loader.episodes, "action");
      expect([stats?.count, stats?.min[0], stats?.max[0]]).toEqual([14, 2, 17]);
    });
  });

  test("a NaN costs only the span it lies in", async () => {
    const nan = await recordCounter(join(folder, "nan-span"), { lengths: [20], nan: { episode: 0, row: 9 } });
    const kept = new Map([[0, [span(0, 9), span(8, 16), span(10, 20)]]]);
    await withLoader({ sources: [{ dataset: nan, spans: kept }] }, async (loader) => {
      expect(loader.episodes.map(({ from, length }) => [from, length])).toEqual([
        [0, 9],
        [10, 10],
      ]);
      expect(loader.skipped.map(({ reason }) => reason)).toEqual([
        "1 rows hold a NaN or an infinity, first row 9",
      ]);
    });
  });

  test("each comes by itself where whole episodes are asked for", async () => {
    const seen: number[][] = [];
    for await (const { index, from, length, frames, columns } of episodeFrames({
      dataset,
      episodes: [0, 1, 4],
      cameras: ["b"],
      size: SIZE,
      spans,
    })) {
      seen.push([index, from, length]);
      const bytes = SIZE.width * SIZE.height * 3;
      for (let t = 0; t < length; t++) {
        const image = { ...SIZE, data: frames.subarray(t * bytes, (t + 1) * bytes) };
        expect(numberIn(image)).toBe(shownNumber(index, from + t, 1));
        expect(columns.state?.subarray(2 * t, 2 * t + 2)).toEqual(new Float32Array([index, from + t]));
        expect(columns.timestamp[t]).toBeCloseTo((from + t) / 10, 5);
      }
    }
    expect(seen).toEqual([
      [0, 2, 7],
      [0, 11, 7],
      [4, 19, 6],
    ]);
  });
});

function span(from: number, to: number): { from: number; to: number } {
  return { from, to };
}

/** Where windows of five rows begin in rows [from, to) of an episode. */
function starts(episode: number, from: number, to: number): string[] {
  return Array.from({ length: to - from - 4 }, (_, i) => `${episode}:${from + i}`);
}

describe("what cannot be used", () => {
  test("a NaN and a short episode are left out with the reason", async () => {
    const nan = await recordCounter(join(folder, "nan"), {
      lengths: [12, 12, 3],
      nan: { episode: 1, row: 7 },
    });
    await withLoader({ sources: [{ dataset: nan }] }, async (loader) => {
      expect(loader.skipped.map(({ episode, reason }) => `${episode}: ${reason}`)).toEqual([
        "1: 1 rows hold a NaN or an infinity, first row 7",
        "2: 3 rows are fewer than a window's 5",
      ]);
      expect(loader.episodes.map(({ index }) => index)).toEqual([0]);
    });
    await expect(withLoader({ sources: [{ dataset: nan, episodes: [1] }] }, (l) => l.next())).rejects.toThrow(
      /no episode of .*nan can be used.*NaN/,
    );
  });

  test("a damaged video is replaced by other windows, the same ones each time, and reported", async () => {
    const path = join(folder, "damaged");
    const damaged = await recordCounter(path, { lengths: [20, 20, 20] });
    const videos = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".mp4"),
    );
    const video = join(path, videos.find((name) => name.includes("images.b")) as string);
    // The tail of the pictures; the index is in front.
    const bytes = readFileSync(video);
    bytes.fill(0x5a, bytes.length - 100);
    writeFileSync(video, bytes);
    const run = (): Promise<string[]> =>
      withLoader({ sources: [{ dataset: damaged }] }, async (loader) => {
        const list = await origins(loader, 20);
        expect(loader.skipped).toMatchObject([{ episode: 2 }]);
        expect(loader.skipped[0]?.reason).toMatch(/\.mp4/);
        return list;
      });
    const list = await run();
    expect(list.every((origin) => !origin.startsWith("2:"))).toBe(true);
    expect(await run()).toEqual(list);
    writeFileSync(video, bytes.subarray(0, 50));
    await expect(withLoader({ sources: [{ dataset: damaged }] }, (l) => l.next())).rejects.toThrow(
      /none of 3 episodes can be decoded/,
    );
  });

  test("wrong options are listed together", async () => {
    const wrong = withLoader({ batch: 0, window: 1.5, cacheBytes: 0 }, (l) => l.next());
    await expect(wrong).rejects.toThrow(
      /batch .*got 0; window .*got 1\.5; cacheBytes must be above 0, got 0/,
    );
    await expect(wrong).rejects.toThrow(ConfigError);
    await expect(withLoader({ cacheBytes: 1000 }, (l) => l.next())).rejects.toThrow(/Raise cacheBytes above/);
    await expect(withLoader({ sources: [{ dataset, cameras: ["c"] }] }, (l) => l.next())).rejects.toThrow(
      /camera c must be one of a, b/,
    );
  });
});

test("whole episodes come in order with their rows", async () => {
  const seen: number[] = [];
  for await (const { index, length, frames, columns } of episodeFrames({
    dataset,
    cameras: ["a"],
    size: SIZE,
  })) {
    seen.push(index);
    expect(columns.length).toBe(length);
    const bytes = SIZE.width * SIZE.height * 3;
    for (let t = 0; t < length; t++) {
      const image = { ...SIZE, data: frames.subarray(t * bytes, (t + 1) * bytes) };
      expect(numberIn(image)).toBe(shownNumber(index, t, 0));
    }
  }
  expect(seen).toEqual([0, 1, 2, 3, 4]);
  expect((await loadFrames(dataset, 2, "b", SIZE)).length).toBe(31 * 32 * 8 * 3);
  await expect(loadFrames(dataset, 99, "b", SIZE)).rejects.toThrow(/got 99/);
});

test("statistics cover the episodes in use and no others", async () => {
  await withLoader({ sources: [{ dataset, episodes: [1, 3] }] }, async (loader) => {
    const stats = vectorStats(loader.episodes, "action");
    const rows = [...Array(12).keys(), ...Array(9).keys()];
    const mean = rows.reduce((a, b) => a + b) / rows.length;
    expect(stats?.count).toBe(21);
    expect(stats?.mean[0]).toBeCloseTo(mean, 12);
    expect(stats?.std[0]).toBeCloseTo(Math.sqrt(rows.reduce((s, r) => s + (r - mean) ** 2, 0) / 21), 12);
    expect([stats?.min[0], stats?.max[0]]).toEqual([0, 11]);
  });
});

const ARM = join(
  process.env["ORRERY_TEST_DATA"] ?? resolve(import.meta.dirname, "../../../../../shared/data"),
  "cr5-banana-lowres",
);
test.skipIf(!existsSync(ARM))("a real arm's windows hold the raw rows", async () => {
  const arm = await openDataset(ARM);
  const sources = [{ dataset: arm, episodes: [72, 73] }];
  await withLoader({ sources, batch: 8, window: 4, size: { width: 64, height: 64 } }, async (loader) => {
    const clip = await loader.next();
    for (let b = 0; b < 8; b++) {
      const [episode = 0, start = 0] = clip.origin.subarray(b * 2);
      const rows = await arm.readEpisode(episode);
      const frames = await loadFrames(arm, episode, "top", { width: 64, height: 64 });
      const P = clip.P;
      expect(clip.state.subarray(b * 4 * P, (b + 1) * 4 * P)).toEqual(
        rows.state?.subarray(start * P, (start + 4) * P),
      );
      const bytes = 64 * 64 * 3;
      const window = clip.frames.subarray(b * 4 * bytes, (b + 1) * 4 * bytes);
      expect(Buffer.compare(window, frames.subarray(start * bytes, (start + 4) * bytes))).toBe(0);
    }
  });
  await expect(loadFrames(arm, 72, "wrist", SIZE)).rejects.toThrow(/camera wrist must be one of top/);
});

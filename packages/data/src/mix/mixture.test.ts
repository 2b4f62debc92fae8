import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { makeClipLoader } from "../clips/index.ts";
import { curateDataset } from "../curate/index.ts";
import { flat, makeScene, writeTestDataset } from "../curate/testing.ts";
import { temporaryFolder } from "../testing-datasets.ts";
import { openSource, readMixture, writeMixtureFile, type MixtureSpec } from "./index.ts";

const scene = makeScene(9);
const film = (n: number) => Array.from({ length: n }, (_, t) => scene.at(4 * Math.sin(t / 3), 0, t));
let folder: string;

/** `a`: 40 web frames, 20 black ones, 20 sim frames, all at 10 Hz. `b`: 60 teleop frames. */
beforeAll(async () => {
  folder = temporaryFolder("mix");
  await writeTestDataset(join(folder, "store/a"), 10, [
    { images: film(40), provenance: { stream: "web" } },
    { images: Array.from({ length: 20 }, () => flat(3)), provenance: { stream: "web" } },
    { images: film(20).reverse(), provenance: { stream: "sim" } },
  ]);
  await writeTestDataset(join(folder, "store/b"), 10, [
    { images: film(60), provenance: { stream: "teleop" } },
  ]);
  await curateDataset(join(folder, "store/a"), { config: { duplicate: { action: "off" } } });
});

function write(spec: Omit<MixtureSpec, "name">): string {
  const path = join(folder, "mixtures/m.json");
  mkdirSync(join(folder, "mixtures"), { recursive: true });
  writeMixtureFile(path, { name: "m", ...spec });
  return path;
}

test("without weights, the hours decide, and only what curation keeps counts", async () => {
  const path = write({
    sources: [{ dataset: "../store/a" }, { dataset: join(folder, "store/b"), curated: false }],
  });
  const { sources, streams, notes } = await readMixture(path);
  expect(
    sources.map(({ stream, episodes, weight }) => [stream, episodes, Number(weight.toFixed(6))]),
  ).toEqual([
    ["web", [0], Number((40 / 120).toFixed(6))],
    ["sim", [2], Number((20 / 120).toFixed(6))],
    ["teleop", [0], 0.5],
  ]);
  expect(streams.map(({ stream, hours }) => [stream, Math.round(hours * 36_000)])).toEqual([
    ["web", 40],
    ["sim", 20],
    ["teleop", 60],
  ]);
  expect(notes.join()).toMatch(/1 episodes are left out/);
});

test("a dataset without a weight counts as one beside others that have one, not as its hours", async () => {
  const path = write({
    sources: [
      { dataset: "../store/b", curated: false, weight: 3 },
      { dataset: "../store/b", curated: false },
    ],
  });
  expect((await readMixture(path)).sources.map(({ weight }) => weight)).toEqual([3 / 4, 1 / 4]);
});

test("stream weights come first, dataset weights share a stream, and the loader draws accordingly", async () => {
  const path = write({
    streams: { web: 1, sim: 2, teleop: 5 },
    sources: [
      { dataset: "../store/a" },
      { dataset: "../store/b", curated: false, weight: 3, episodes: "0" },
      { dataset: "../store/b", curated: false, weight: 1 },
    ],
  });
  const { sources } = await readMixture(path);
  expect(sources.map(({ weight }) => weight)).toEqual([1 / 8, 2 / 8, (5 / 8) * (3 / 4), (5 / 8) * (1 / 4)]);
  const loader = await makeClipLoader({
    sources,
    batch: 8,
    window: 4,
    size: { width: 16, height: 16 },
    seed: 1,
  });
  try {
    const ids = new Map<number, number>();
    for (let step = 0; step < 4; step++) {
      const { origin } = await loader.next();
      for (let b = 0; b < 8; b++)
        ids.set(origin[2 * b] as number, (ids.get(origin[2 * b] as number) ?? 0) + 1);
    }
    // 32 windows: 4 of web, 8 of sim, 15 and 5 of b. Ids go on from source to source: 0-2, 3-5, 6, 7.
    expect([...ids].sort(([a], [b]) => a - b)).toEqual([
      [0, 4],
      [5, 8],
      [6, 15],
      [7, 5],
    ]);
  } finally {
    await loader.close();
  }
});

test("windows come from what curation keeps of an episode, and from nothing else of it", async () => {
  const path = join(folder, "store/half");
  await writeTestDataset(path, 10, [
    { images: [...film(30), ...Array.from({ length: 12 }, () => flat(3)), ...film(25)] },
    { images: film(20) },
  ]);
  await curateDataset(path, { config: { duplicate: { action: "off" } } });
  const { sources } = await readMixture(write({ sources: [{ dataset: path }] }));
  expect(sources.map(({ hours }) => Math.round(hours * 36_000))).toEqual([30 + 25 + 20]);
  const size = { width: 16, height: 16 };
  const loader = await makeClipLoader({ sources, batch: 1, window: 6, size, seed: 1 });
  try {
    const count = 25 + 20 + 15;
    expect(loader.numWindows).toEqual([count]);
    const starts: (readonly [number, number])[] = [];
    for (let i = 0; i < count; i++) {
      const [episode = -1, start = -1] = (await loader.next()).origin;
      starts.push([episode, start]);
    }
    const ofFirst = starts.filter(([episode]) => episode === 0).map(([, start]) => start);
    expect(ofFirst.sort((a, b) => a - b)).toEqual([
      ...Array.from({ length: 25 }, (_, i) => i),
      ...Array.from({ length: 20 }, (_, i) => 42 + i),
    ]);
  } finally {
    await loader.close();
  }
});

test("a store moves with its mixtures", async () => {
  write({ sources: [{ dataset: join(folder, "store/b"), curated: false }] });
  const moved = join(temporaryFolder("moved"), "all");
  renameSync(folder, moved);
  try {
    expect((await readMixture(join(moved, "mixtures/m.json"))).sources[0]?.path).toBe(join(moved, "store/b"));
  } finally {
    renameSync(moved, folder);
  }
});

test("what does not fit is refused with its reason", async () => {
  const b = { dataset: "../store/b", curated: false };
  await expect(readMixture(write({ sources: [{ dataset: "../store/b" }] }))).rejects.toThrow("data curate");
  await expect(readMixture(write({ sources: [b], streams: { ego: 1 } }))).rejects.toThrow(
    '"ego" has a weight but no episode, "teleop" has episodes but no weight',
  );
  await expect(readMixture(write({ sources: [{ ...b, episodes: "0-2" }] }))).rejects.toThrow(
    "2 are not, first 1",
  );
  const path = join(folder, "bad.json");
  writeFileSync(path, '{"name": "x", "sources": [{"dataset": "a", "wieght": 2, "episodes": "5-"}]}');
  await expect(readMixture(path)).rejects.toThrow(/sources\.0\.episodes.*wieght/);
  await expect(readMixture(join(folder, "none.json"))).rejects.toThrow("./orrery data mix");
});

test("a dataset named by itself gives what its curation keeps, and says what it leaves out", async () => {
  const { source, notes } = await openSource(join(folder, "store/a"));
  expect(source.episodes).toEqual([0, 2]); // episode 1 is black
  expect(source.spans?.get(0)).toEqual([{ from: 0, to: 40 }]);
  expect(notes.join()).toMatch(/20 of 80 frames are left out.*1 episodes whole/);
  const whole = await openSource(join(folder, "store/a"), { episodes: [1], ignoresCuration: true });
  expect([whole.source.episodes, whole.source.spans, whole.notes]).toEqual([[1], undefined, []]);
  await expect(openSource(join(folder, "store/a"), { episodes: [1] })).rejects.toThrow(/keeps nothing/);
  const uncurated = await openSource(join(folder, "store/b"));
  expect([uncurated.source.episodes, uncurated.notes]).toEqual([undefined, []]);
});

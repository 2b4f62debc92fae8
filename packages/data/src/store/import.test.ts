import { existsSync, readdirSync, readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, DataError, type Step } from "@orrery/core";
import { expect, test } from "vitest";
import { checkDataset } from "../check/check.ts";
import { formats } from "../formats.ts";
import { lerobotFormat } from "../lerobot/source.ts";
import { loadFrames } from "../clips/index.ts";
import { openDataset } from "../open.ts";
import type { EpisodeSource, SourceEpisode } from "../source.ts";
import { TOY, toyStep } from "../testing.ts";
import { makeV21, recording, temporaryFolder } from "../testing-datasets.ts";
import { VideoReader } from "../video/index.ts";
import { openDatasetWriter } from "./dataset-writer.ts";
import { exportDataset } from "./export.ts";
import { importDataset } from "./import.ts";

/** A source of toy episodes; the one with index `broken` fails at its third step. */
function toySource(count: number, broken = -1): EpisodeSource {
  async function* steps(episode: number): AsyncGenerator<Step> {
    for (let t = 0; t < 6; t++) {
      if (episode === broken && t === 2) throw new DataError("toy: step 2 cannot be read.");
      yield toyStep(episode, t, 6);
    }
  }
  async function* episodes(): AsyncGenerator<SourceEpisode> {
    for (let i = 0; i < count; i++) {
      yield {
        id: `toy-${i}`,
        embodiment: TOY,
        task: "count",
        provenance: { stream: "ego", source: "toys" },
        steps: () => steps(i),
      };
    }
  }
  return {
    format: "toy",
    describe: async () => ({ episodes: count, notes: [], skipped: [] }),
    episodes,
    close: async () => {},
  };
}

test("a dry run counts and writes nothing", async () => {
  const to = join(temporaryFolder("import"), "toys");
  expect(await importDataset(toySource(3), to, { dryRun: true })).toMatchObject({ episodes: 3, skipped: [] });
  expect(existsSync(to)).toBe(false);
});

test("of two episodes of one name the first is taken, and again after an interruption", async () => {
  const to = join(temporaryFolder("import"), "toys");
  const source = toySource(3);
  const doubled: EpisodeSource = {
    ...source,
    async *episodes() {
      yield* source.episodes();
      yield* toySource(2).episodes();
    },
  };
  for (const [episodes, alreadyThere] of [
    [3, 0],
    [0, 3],
  ]) {
    const { skipped, ...report } = await importDataset(doubled, to);
    expect(report).toMatchObject({ episodes, alreadyThere });
    expect(skipped.map(({ what }) => what)).toEqual(["toy-0", "toy-1"]);
    expect(skipped[0]?.reason).toMatch(/of this name came before; the first is taken/);
  }
  expect((await openDataset(to)).episodes).toHaveLength(3);
});

test("a bad episode is skipped with its reason; a second import brings only what is missing", async () => {
  const to = join(temporaryFolder("import"), "toys");
  const first = await importDataset(toySource(3, 1), to);
  expect(first).toMatchObject({
    episodes: 2,
    frames: 12,
    alreadyThere: 0,
    skipped: [{ what: "toy-1", reason: "toy: step 2 cannot be read." }],
  });
  const second = await importDataset(toySource(4), to);
  expect(second).toMatchObject({ episodes: 2, alreadyThere: 2, skipped: [] });
  const reader = await openDataset(to);
  expect(reader.episodes.map(({ provenance }) => provenance.labels?.["source_id"])).toEqual([
    "toy:toy-0",
    "toy:toy-2",
    "toy:toy-1",
    "toy:toy-3",
  ]);
  expect(reader.episodes[0]?.provenance).toMatchObject({ stream: "ego", source: "toys" });
  expect((await checkDataset(to)).problems).toEqual([]);
});

test("stopping keeps finished episodes, and the same command goes on", async () => {
  const to = join(temporaryFolder("import"), "toys");
  const stop = new AbortController();
  const onProgress = ({ episodes }: { episodes: number }): void => {
    if (episodes === 2) stop.abort();
  };
  await expect(importDataset(toySource(5), to, { signal: stop.signal, onProgress })).rejects.toThrow(
    AbortedError,
  );
  expect(await checkDataset(to)).toMatchObject({ episodes: 2, problems: [] });
  expect(await importDataset(toySource(5), to)).toMatchObject({ episodes: 3, alreadyThere: 2 });
});

test("nothing usable is an error and leaves no folder behind", async () => {
  const to = join(temporaryFolder("import"), "toys");
  await expect(importDataset(toySource(1, 0), to)).rejects.toThrow(
    /none of 1 episodes could be taken over \(toy-0: toy: step 2/,
  );
  expect(existsSync(to)).toBe(false);
});

test("the format of a path is guessed; unknown names list the known ones", async () => {
  expect((await formats.guess(makeV21([1]).root)).name).toBe("lerobot");
  expect(() => formats.get("betamax")).toThrow(/must be one of lerobot, .*got "betamax"/);
  await expect(formats.guess("/nowhere")).rejects.toThrow(/must exist/);
});

const lowres = recording("cr5-banana-lowres");

test.skipIf(!lowres)(
  "a real v2.1 dataset goes to v3.0 and back: numbers and videos bit for bit",
  async () => {
    const folder = temporaryFolder("round-trip");
    const before = folderState(lowres ?? "");
    const [v30, v21] = [join(folder, "v30"), join(folder, "v21")];
    const original = await openDataset(lowres ?? "");
    const some = await lerobotFormat.open(lowres ?? "", {});
    await importDataset(firstOf(some, 5), v30);
    expect(await checkDataset(v30)).toMatchObject({ episodes: 5, isClean: true, problems: [] });
    const report = await exportDataset(v30, v21, { version: "v2.1", timestamps: "recorded" });
    expect(report).toMatchObject({ episodes: 5, skipped: [] });
    expect((await checkDataset(v21)).problems.map(({ severity }) => severity)).toEqual(["note"]); // the drifting clock
    const back = await openDataset(v21);
    for (let episode = 0; episode < 5; episode++) {
      const [a, b] = [await original.readColumns(episode), await back.readColumns(episode)];
      for (const [name, column] of a.columns) expect([name, b.columns.get(name)]).toEqual([name, column]);
      const frames = [original, back].map((reader) => {
        const camera = reader.episodes[episode]?.cameras["top"];
        const video = new VideoReader(camera?.kind === "video" ? camera.path : "");
        const picture = video.frameAt(100).data;
        video.close();
        return picture;
      });
      expect(Buffer.compare(frames[0] ?? Buffer.of(), frames[1] ?? Buffer.of(1))).toBe(0);
    }
    // Importers never change their source.
    expect(folderState(lowres ?? "")).toEqual(before);
  },
);

test.skipIf(!lowres)("a dataset is brought to model size on request, and says so", async () => {
  const to = join(temporaryFolder("small"), "small");
  const source = await lerobotFormat.open(lowres ?? "", { settings: { size: "48x32", fit: "stretch" } });
  await importDataset(firstOf(source, 1), to);
  const [before, after] = [await openDataset(lowres ?? ""), await openDataset(to)];
  expect(after.embodiment.cameras).toMatchObject([{ name: "top", width: 48, height: 32 }]);
  expect(after.cameras).toMatchObject([{ name: "top", width: 48, height: 32 }]);
  const labels = { source_size: "160x120", size: "48x32", fit: "stretch" };
  expect(after.episodes[0]?.provenance.labels).toMatchObject(labels);
  expect((await after.readEpisode(0)).state).toEqual((await before.readEpisode(0)).state);
  const size = { width: 48, height: 32 };
  const [a, b] = [await loadFrames(before, 0, "top", size), await loadFrames(after, 0, "top", size)];
  expect(b.length).toBe(a.length);
  const error = Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0) / a.length);
  expect(error).toBeLessThan(4); // 36 dB: what encoding at the writer's quality costs
  const odd = lerobotFormat.open(lowres ?? "", { settings: { sizes: "48x32" } });
  await expect(odd).rejects.toThrow(/import lerobot settings.*sizes/);
});

test("v3.0 to v3.0 keeps provenance, tasks and numbers", async () => {
  const folder = temporaryFolder("export");
  const writer = await openDatasetWriter(join(folder, "a"), { embodiment: TOY });
  const recorder = writer.recorder();
  for (let episode = 0; episode < 3; episode++) {
    for (let t = 0; t < 5; t++)
      recorder.add({ ...toyStep(episode, t, 5), extra: { "observation.touch": Float64Array.of(t, 1 / 3) } });
    writer.append(
      recorder.finish({
        task: `task ${episode % 2}`,
        provenance: { stream: "sim", seed: episode, labels: { split: "test" } },
      }),
    );
  }
  writer.close();
  const report = await exportDataset(join(folder, "a"), join(folder, "b"));
  expect(report.files).toContain("videos/observation.images.head/chunk-000/file-000.mp4");
  const [a, b] = [await openDataset(join(folder, "a")), await openDataset(join(folder, "b"))];
  expect(b.features).toEqual(a.features);
  for (const { index } of a.episodes) {
    expect((await b.readColumns(index)).columns).toEqual((await a.readColumns(index)).columns);
    expect(b.episodes[index]?.provenance).toMatchObject({
      stream: "sim",
      seed: index,
      labels: { split: "test" },
    });
    expect(b.episodes[index]?.tasks).toEqual(a.episodes[index]?.tasks);
  }
  expect((await checkDataset(join(folder, "b"))).problems).toEqual([]);
  await expect(exportDataset(join(folder, "a"), join(folder, "b"))).rejects.toThrow(/must not exist yet/);
  await expect(exportDataset(join(folder, "a"), join(folder, "a/inside"))).rejects.toThrow(
    /must lie outside the source/,
  );
});

test.skipIf(!lowres)("an import skips the episode whose video is cut off, and says which", async () => {
  const folder = temporaryFolder("damaged");
  const copy = join(folder, "copy");
  await exportDataset(await fiveEpisodes(folder), copy, { version: "v2.1" });
  const video = join(copy, "videos/chunk-000/observation.images.top/episode_000002.mp4");
  truncateSync(video, Math.floor(statSync(video).size / 2));
  const check = await checkDataset(copy);
  expect(check.problems.filter(({ severity }) => severity === "error").map(({ where }) => where)).toEqual([
    "episode 2",
  ]);
  const report = await importDataset(await lerobotFormat.open(copy, {}), join(folder, "out"));
  expect(report).toMatchObject({ episodes: 4, skipped: [{ what: "episode_000002" }] });
});

async function fiveEpisodes(folder: string): Promise<string> {
  await importDataset(firstOf(await lerobotFormat.open(lowres ?? "", {}), 5), join(folder, "five"));
  return join(folder, "five");
}

function firstOf(source: EpisodeSource, count: number): EpisodeSource {
  async function* episodes(): ReturnType<EpisodeSource["episodes"]> {
    let taken = 0;
    for await (const item of source.episodes()) if (taken++ < count) yield item;
  }
  return { format: source.format, describe: () => source.describe(), close: () => source.close(), episodes };
}

/** Names, sizes and times of all files: what an importer must leave alone. */
function folderState(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => {
    const { size, mtimeMs } = statSync(join(root, name));
    return `${name} ${size} ${mtimeMs}`;
  });
}

test("text columns are named as left out", async () => {
  const { root } = makeV21([2], {
    features: { "language.note": { dtype: "string", shape: [1], names: null } },
  });
  const report = await importDataset(
    await lerobotFormat.open(root, {}),
    join(temporaryFolder("text"), "out"),
  );
  expect(report.skipped).toEqual([{ what: 'column "language.note"', reason: "text per row cannot be kept" }]);
  expect(readFileSync(join(report.dataset, "meta/info.json"), "utf8")).not.toContain("language.note");
});

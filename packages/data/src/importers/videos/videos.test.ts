import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { parseCsv } from "../shared/csv.ts";
import { openVideoWriter } from "../../video/writer.ts";
import { isSkip, type SourceEpisode } from "../../source.ts";
import { collect, collectSteps, fuzz, sample, scratchFolder, survives } from "../shared/testing.ts";
import { readCaptions } from "./captions.ts";
import { framesAtRate, isEven } from "./clock.ts";
import { openVideos, videoFormat } from "./videos.ts";

const folder = scratchFolder();

/** A video whose frame t is gray with value 8 t (mod 256), so that every frame can be told. */
function writeVideo(path: string, frames: number, fps: number, side = 32): void {
  const writer = openVideoWriter(path, { width: side, height: side, fps });
  for (let t = 0; t < frames; t++)
    writer.write({ width: side, height: side, data: new Uint8Array(side * side * 3).fill((8 * t) % 256) });
  writer.close();
}

beforeAll(() => {
  mkdirSync(join(folder, "set"));
  writeVideo(join(folder, "set/a.mp4"), 20, 10);
  writeVideo(join(folder, "set/b.mp4"), 30, 10);
});

describe("captions", () => {
  test("all four ways of writing them, with spans, and lines that fit nothing", async () => {
    const root = join(folder, "captions");
    mkdirSync(root);
    writeFileSync(
      join(root, "captions.txt"),
      "# comment\na.mp4\tpush the cup\nb | lift it\nnonsense\nz.mp4: gone\n",
    );
    writeFileSync(
      join(root, "captions.csv"),
      'file,caption,start,end\nc.mp4,"say ""hi"", twice",0,1.5\nc.mp4,wave,1.5,3\n',
    );
    writeFileSync(
      join(root, "captions.jsonl"),
      '{"video": "d.mp4", "text": "turn", "start": 2, "end": 1}\n{"x": 1}\n',
    );
    writeFileSync(join(root, "e.txt"), "walk\n");
    const skips: string[] = [];
    const videos = ["a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4"];
    const files = ["captions.csv", "captions.jsonl", "captions.txt", "e.txt"];
    const { captions, used } = await readCaptions(root, files, videos, (skip) =>
      skips.push(`${skip.what} - ${skip.reason}`),
    );
    expect(Object.fromEntries(captions)).toEqual({
      "a.mp4": [{ text: "push the cup" }],
      "b.mp4": [{ text: "lift it" }],
      "c.mp4": [
        { text: 'say "hi", twice', fromSec: 0, toSec: 1.5 },
        { text: "wave", fromSec: 1.5, toSec: 3 },
      ],
      "d.mp4": [{ text: "turn" }], // the span runs backwards and is not believed
      "e.mp4": [{ text: "walk" }],
    });
    expect(used).toEqual(files);
    expect(skips).toEqual([
      "captions.jsonl line 2 - must be an object with file and caption",
      'captions.txt line 4 - must read "video file<TAB>text"',
      'captions.txt: "z.mp4" - no such video in the folder',
    ]);
  });

  test("any CSV text round-trips or is refused with a DataError", async () => {
    const quote = (field: string): string => `"${field.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.string(), { minLength: 2, maxLength: 4 }), { maxLength: 5 }),
        fc.nat(20),
        async (rows, cut) => {
          const text = rows.map((row) => `${row.map(quote).join(",")}\r\n`).join("");
          const read: string[][] = [];
          for await (const row of parseCsv(
            (async function* () {
              yield text.slice(0, cut);
              yield text.slice(cut);
            })(),
            "csv",
          ))
            read.push(row);
          expect(read).toEqual(rows);
        },
      ),
      fuzz(200, 14),
    );
  });
});

test("frames on another clock are the ones on screen at each tick", () => {
  const frames = [0, 0.1, 0.2, 0.5, 0.6].map((timeSec, i) => ({
    timeSec,
    width: 1,
    height: 1,
    data: Uint8Array.of(i, 0, 0),
  }));
  const at = (rate: number): number[] => [...framesAtRate(frames, 0, 0.7, rate)].map((f) => f.data[0] ?? -1);
  expect(at(10)).toEqual([0, 1, 2, 2, 2, 3, 4]);
  expect(at(5)).toEqual([0, 2, 2, 4]);
  expect(isEven([0, 0.1, 0.2, 0.31], 10)).toBe(true);
  expect(isEven([0, 0.1, 0.2, 0.5], 10)).toBe(false);
});

test("a folder of videos: one episode each, texts, and pictures without actions", async () => {
  const root = join(folder, "set");
  writeFileSync(join(root, "captions.txt"), "a.mp4\tcount up\n");
  writeFileSync(join(root, "notes.md"), "x");
  expect(await videoFormat.recognise(root)).toBe(0.5);
  const source = await openVideos(root, { stream: "ego" });
  expect(await source.describe()).toMatchObject({ episodes: 2, frames: 50 });
  const { episodes, skips } = await collect(source);
  expect(skips).toEqual([{ what: "1 other file", reason: "neither video nor captions: notes.md" }]);
  expect(episodes.map((e) => [e.episode.id, e.episode.task, e.steps.length])).toEqual([
    ["a.mp4", "count up", 20],
    ["b.mp4", undefined, 30],
  ]);
  const [{ episode, steps } = expect.fail()] = episodes;
  expect(episode.provenance.stream).toBe("ego");
  expect(episode.embodiment).toMatchObject({
    controlRateHz: 10,
    action: [],
    cameras: [{ name: "image", width: 32, height: 32 }],
  });
  expect(steps.every((s) => s.action === undefined && s.state === undefined)).toBe(true);
  // Gray values survive the codec within a few levels, far less than the step of 8 between frames.
  steps.forEach((s, t) => expect(Math.abs((s.images["image"]?.data[500] ?? 0) - 8 * t)).toBeLessThan(4));
});

test("long videos are cut into equal pieces, timed texts cut too, rates and sizes are brought together", async () => {
  const root = join(folder, "mixed");
  mkdirSync(root);
  copyFileSync(join(folder, "set/b.mp4"), join(root, "b.mp4"));
  writeVideo(join(root, "c.mp4"), 40, 20, 48);
  writeFileSync(join(root, "captions.csv"), "file,text,start,end\nc.mp4,second,0.5,1\n");
  const source = await openVideos(root, { settings: { maxSec: "1.2", size: "16x16" } });
  expect((await source.describe()).notes).toEqual([
    expect.stringContaining("2 frame rates: all are brought to the slowest, 10.000 Hz"),
  ]);
  const { episodes } = await collect(source);
  expect(episodes.map((e) => [e.episode.id, e.episode.task, e.steps.length])).toEqual([
    ["b.mp4@0.00-1.00", undefined, 10],
    ["b.mp4@1.00-2.00", undefined, 10],
    ["b.mp4@2.00-3.00", undefined, 10],
    ["c.mp4@0.00-0.50", undefined, 5], // what no text covers is kept without one
    ["c.mp4@0.50-1.00", "second", 5],
    ["c.mp4@1.00-2.00", undefined, 10],
  ]);
  // What was brought together stands in the episode's own columns.
  expect(episodes[4]?.episode.provenance.labels).toEqual({
    source_size: "48x48",
    source_rate_hz: "20",
    size: "16x16",
    rate_hz: 10,
    fit: "same aspect",
  });
  const gray = (e: number, t: number): number => episodes[e]?.steps[t]?.images["image"]?.data[300] ?? -1;
  expect(Math.abs(gray(1, 0) - 80)).toBeLessThan(4); // frame 10 of b
  expect(Math.abs(gray(3, 2) - 32)).toBeLessThan(4); // 0.2 s of c is its frame 4
});

test("videos of one folder can be views of the same moment", async () => {
  const { episodes } = await collect(
    await openVideos(join(folder, "set"), { settings: { views: "cameras" } }),
  );
  expect(episodes.length).toBe(1);
  expect(episodes[0]?.episode.provenance.labels).toBeUndefined(); // nothing was changed
  expect(episodes[0]?.steps.length).toBe(20); // the shorter view ends the episode
  expect(Object.keys(episodes[0]?.steps[0]?.images ?? {})).toEqual(["a", "b"]);
});

test("cut, foreign and empty files are skipped with a reason", async () => {
  const root = join(folder, "bad");
  mkdirSync(root);
  const whole = readFileSync(join(folder, "set/a.mp4"));
  writeFileSync(join(root, "cut.mp4"), whole.subarray(0, 400));
  writeFileSync(join(root, "text.mkv"), "not a video");
  writeFileSync(join(root, "empty.avi"), "");
  copyFileSync(join(folder, "set/a.mp4"), join(root, "good.mp4"));
  const foreign = Buffer.from(whole);
  foreign.write("zzzz", foreign.indexOf("avc1", foreign.indexOf("stsd")));
  writeFileSync(join(root, "unknown.mp4"), foreign);
  const { episodes, skips } = await collect(await openVideos(root, {}));
  expect(episodes.map((e) => e.episode.id)).toEqual(["good.mp4"]);
  expect(skips.map((s) => s.what)).toEqual(["cut.mp4", "empty.avi", "text.mkv", "unknown.mp4"]);
  expect(skips.at(-1)?.reason).toMatch(/must be in a codec known here, it is in zzzz. Convert it to H.264/);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 10 }),
      async (edits) => {
        const damaged = Buffer.from(whole);
        for (const [at, value] of edits) damaged[at] = value;
        writeFileSync(join(folder, "fuzz.mp4"), damaged);
        await survives(() => openVideos(join(folder, "fuzz.mp4"), {}));
      },
    ),
    fuzz(60, 15),
  );
});

/** Reads a few frames of the first episode, so that this stays fast on large clips. */
async function glance(
  path: string,
  settings = {},
): Promise<{ episode: SourceEpisode; frames: number; size: string }> {
  const source = await openVideos(path, { settings });
  for await (const item of source.episodes()) {
    if (isSkip(item)) continue;
    const steps = await collectSteps(item.steps());
    const image = Object.values(steps[0]?.images ?? {})[0];
    return { episode: item, frames: steps.length, size: `${image?.width}x${image?.height}` };
  }
  throw new Error(`no episode in ${path}`);
}

describe("real clips", () => {
  const cases = [
    ["opencv-doc-videos/vtest.avi", 795],
    ["cosmos-clips-dev/humanoid_hands_over_cup.mp4", 121],
    ["bulk-water/bulk-water.mov", 480],
    ["udacity-road-video/test_video.mp4", 38],
  ] as const;
  test.each(cases)("%s gives all its frames", async (name, frames) => {
    const path = sample(name);
    if (!path) return;
    const found = await glance(path, { size: "64x48", maxSec: 100 });
    expect(found).toMatchObject({ frames, size: "64x48" });
  });

  test("three synchronised views of a robot", async () => {
    const path = sample("droid-3view");
    if (!path) return;
    const { frames, episode } = await glance(path, { views: "cameras", size: "64x36" });
    expect(frames).toBe(419);
    expect(episode.embodiment.cameras.map((c) => c.name)).toEqual([
      "exterior_image_1_left",
      "exterior_image_2_left",
      "wrist_image_left",
    ]);
  });
});

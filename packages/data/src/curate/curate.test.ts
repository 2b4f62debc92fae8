import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Image } from "@orrery/core";
import { beforeAll, describe, expect, test } from "vitest";
import { checkDataset } from "../check/check.ts";
import { temporaryFolder } from "../testing-datasets.ts";
import { curateDataset } from "./curate.ts";
import type { Finding } from "./finding.ts";
import { readCuration, type Curation } from "./sidecar.ts";
import { crop, flat, makeScene, slide, writeTestDataset, type TestEpisode } from "./testing.ts";

const FPS = 20;
const [A, B, C, D, E] = [1, 2, 3, 4, 5].map((seed) => makeScene(seed)) as [Scene, Scene, Scene, Scene, Scene];
type Scene = ReturnType<typeof makeScene>;

const times = <T>(n: number, make: (t: number) => T): T[] => Array.from({ length: n }, (_, t) => make(t));
/** A hand-held view with the scene's ball in motion. */
const film = (scene: Scene, n: number, from = 0): Image[] =>
  times(n, (t) => scene.at(3 * Math.sin((from + t) / 5), 2 * Math.cos((from + t) / 7), from + t));

const cutAt40: readonly Image[] = [...film(A, 40), ...film(B, 90)];
const EPISODES: readonly TestEpisode[] = [
  /* 0 */ { images: cutAt40 },
  /* 1 */ { images: [...film(C, 30), ...times(20, () => flat(4)), ...film(C, 30, 50)] },
  /* 2 */ { images: [...film(D, 30), ...times(20, () => flat(254)), ...film(D, 30, 50)] },
  /* 3 */ { images: [...times(40, () => slide([9, 14, 12])), ...film(E, 40)] },
  /* 4 */ { images: [...times(60, () => E.at(0, 0)), ...times(60, (t) => E.at(0, 0, 3 * t))] },
  /* 5 */ {
    images: [...film(C, 40, 200), ...times(30, () => C.at(3 * Math.sin(48), 0, 240)), ...film(C, 30, 241)],
  },
  /* 6: the second shot of 0, from its 20th frame, cropped to 90 % */
  { images: cutAt40.slice(60, 130).map((image) => crop(image, 0.9)) },
  /* 7: the place of 0's second shot at another time */ { images: film(B, 90, 333) },
  /* 8 */ { images: film(D, 60, 300).map((image, t) => (t === 30 ? A.at(0, 0) : image)) },
  /* 9: a dissolve from frame 40 to 60 */
  {
    images: times(100, (t) =>
      mix(film(A, 1, 500 + t)[0] as Image, film(E, 1, 500 + t)[0] as Image, (t - 40) / 20),
    ),
  },
];

function mix(a: Image, b: Image, share: number): Image {
  const s = Math.max(0, Math.min(1, share));
  return { ...a, data: a.data.map((value, i) => Math.round((1 - s) * value + s * (b.data[i] as number))) };
}

let root: string;
let curation: Curation;
let findings: readonly (Finding & { episode: number })[];

beforeAll(async () => {
  root = join(temporaryFolder("curate"), "clips");
  await writeTestDataset(root, FPS, EPISODES);
  await curateDataset(root);
  curation = await readCuration(root);
  findings = await curation.findings();
});

const dropped = (episode: number): [string, number, number][] =>
  findings
    .filter((finding) => finding.episode === episode && finding.action !== "note")
    .map(({ verdict, from, to }) => [verdict, from, to]);
const keptOf = (episode: number): [number, number][] =>
  (curation.episodes[episode]?.kept ?? []).map(({ from, to }) => [from, to]);

describe("videos with known faults", () => {
  test("a cut divides at its very frame", () => {
    expect(dropped(0)).toEqual([["cut", 40, 41]]);
    expect(keptOf(0)).toEqual([
      [0, 40],
      [40, 130],
    ]);
  });

  test("black and over-exposed spans are dropped to the frame", () => {
    expect(dropped(1)).toContainEqual(["black", 30, 50]);
    expect(dropped(2)).toContainEqual(["overexposed", 30, 50]);
    for (const episode of [1, 2]) {
      expect(keptOf(episode)).toEqual([
        [0, 30],
        [50, 80],
      ]);
    }
  });

  test("a slide of text is dropped, and the picture after it kept", () => {
    expect(dropped(3)).toContainEqual(["text", 0, 40]);
    expect(keptOf(3)).toEqual([[40, 80]]);
  });

  test("a fixed camera is static only until something moves", () => {
    const [finding] = findings.filter(({ episode, verdict }) => episode === 4 && verdict === "static");
    expect(finding).toMatchObject({ from: 0, action: "drop" });
    // What moves at frame 60 must first have moved by more than the threshold.
    expect(Math.abs((finding?.to ?? 0) - 60)).toBeLessThanOrEqual(2);
    expect(keptOf(4).at(-1)?.[1]).toBe(120);
  });

  test("a held picture in moving film is frozen", () => {
    const [finding] = findings.filter(({ episode, verdict }) => episode === 5 && verdict === "frozen");
    // The first frame of the hold is a picture of its own; the encoder may take one more to settle.
    expect(Math.abs((finding?.from ?? 0) - 41)).toBeLessThanOrEqual(1);
    expect(Math.abs((finding?.to ?? 0) - 70)).toBeLessThanOrEqual(1);
  });

  test("a cropped, re-encoded copy is a duplicate; the same place at another time is not", () => {
    expect(dropped(6)).toEqual([["duplicate", 0, 70]]);
    expect(findings.find(({ episode, verdict }) => episode === 6 && verdict === "duplicate")?.reason).toMatch(
      /^the same moment as in episode 0/,
    );
    expect(keptOf(6)).toEqual([]);
    expect(keptOf(7)).toEqual([[0, 90]]);
  });

  test("a foreign picture is dropped without dividing what it interrupts into shots", () => {
    expect(dropped(8)).toEqual([["glitch", 30, 31]]);
  });

  test("a dissolve is dropped, with both scenes kept", () => {
    const [finding] = findings.filter(({ episode, verdict }) => episode === 9 && verdict === "dissolve");
    expect(finding?.from).toBeLessThanOrEqual(42);
    expect(finding?.to).toBeGreaterThanOrEqual(58);
    expect((finding?.to ?? 0) - (finding?.from ?? 0)).toBeLessThan(20 + FPS); // a second of slack: it looks a second back
    expect(keptOf(9)[0]?.[0]).toBe(0);
    expect(keptOf(9).at(-1)?.[1]).toBe(100);
  });

  test("every frame is counted once, and the dataset stays valid", async () => {
    const { frames, keptFrames, verdicts } = curation.report;
    expect(verdicts.reduce((sum, { droppedFrames }) => sum + droppedFrames, keptFrames)).toBe(frames);
    expect((await checkDataset(root)).problems).toEqual([]);
  });
});

describe("running it again", () => {
  test("other thresholds need no decoding, and replace the verdicts in one piece", async () => {
    const copy = join(temporaryFolder("again"), "clips");
    cpSync(root, copy, { recursive: true });
    const videos = join(copy, "videos");
    const measures = readdirSync(join(copy, "meta/curation/measures"));
    const firstVideo = readdirSync(videos, { recursive: true }).find((name) => String(name).endsWith(".mp4"));
    writeFileSync(join(videos, String(firstVideo)), "not a video any more");
    const report = await curateDataset(copy, {
      config: { black: { action: "note" }, static: { action: "off" } },
    });
    expect(report.verdicts.find(({ verdict }) => verdict === "black")).toMatchObject({
      droppedFrames: 0,
      notedFrames: 20,
    });
    expect(report.verdicts.some(({ verdict }) => verdict === "static")).toBe(false);
    expect(readdirSync(join(copy, "meta/curation/measures"))).toEqual(measures);
    expect(readdirSync(join(copy, "meta/curation")).length).toBe(3); // measures, summary.json, one folder of tables
  });

  test("stopping keeps what was measured", async () => {
    const path = join(temporaryFolder("stop"), "clips");
    await writeTestDataset(path, FPS, EPISODES.slice(0, 3));
    const stop = new AbortController();
    const stopped = curateDataset(path, {
      signal: stop.signal,
      onProgress: ({ done }) => void (done > 200 && stop.abort()),
    });
    await expect(stopped).rejects.toThrow("what was measured has been kept");
    expect(existsSync(join(path, "meta/curation/summary.json"))).toBe(false);
    const seen: number[] = [];
    await curateDataset(path, {
      onProgress: ({ phase, done }) => void (phase === "measure" && seen.push(done)),
    });
    expect(seen[0]).toBe(130); // the first episode is there already
  });

  test("moments of another dataset are recognised, once that one is curated", async () => {
    const folder = temporaryFolder("against");
    const other = join(folder, "other");
    await writeTestDataset(other, 10, [{ images: cutAt40.slice(40).filter((_, t) => t % 2 === 0) }], 32);
    const refused = curateDataset(root, { against: [other], sidecar: join(folder, "a") });
    await expect(refused).rejects.toThrow(`./orrery data curate ${other}`);
    await curateDataset(other);
    mkdirSync(join(folder, "b"));
    cpSync(join(root, "meta/curation/measures"), join(folder, "b/measures"), { recursive: true });
    await curateDataset(root, { against: [other], sidecar: join(folder, "b") });
    const verdicts = await (await readCuration(root, join(folder, "b"))).findings();
    const [copy] = verdicts.filter(({ episode, verdict }) => episode === 0 && verdict === "duplicate");
    expect(copy?.reason).toMatch(/^the same moment as in episode 0 of other/);
    // Half the rate: the ends are known to within a sample of the hashes, a quarter of a second.
    expect(Math.abs((copy?.from ?? 0) - 40)).toBeLessThanOrEqual(5);
    expect(copy?.to).toBe(130);
  });

  test("unknown thresholds and missing curations are refused", async () => {
    const bad = curateDataset(root, { config: { black: { darkShare: 2, colour: 1 } } as never });
    await expect(bad).rejects.toThrow(/black\.darkShare.*colour/s);
    await expect(readCuration("/nowhere")).rejects.toThrow("Run: ./orrery data curate /nowhere");
    expect(JSON.parse(readFileSync(join(root, "meta/curation/summary.json"), "utf8")).version).toBe(1);
  });
});

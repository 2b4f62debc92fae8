import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collect, fuzz, sample, scratchFolder, survives } from "../shared/testing.ts";
import { jsonFormat, openJson } from "./json.ts";

const folder = scratchFolder();
const root = sample("languagetable-irasim");

describe.skipIf(!root)("Language-Table sample", () => {
  test("18 frames, 17 actions: the last row has none", async () => {
    if (!root) return;
    expect(await jsonFormat.recognise(root)).toBeGreaterThan(0.9);
    const { episodes } = await collect(await openJson(root, { settings: { task: "move the blocks" } }));
    const [{ episode, steps } = expect.fail()] = episodes;
    expect(episode.embodiment).toMatchObject({
      controlRateHz: 4,
      cameras: [{ name: "image", width: 640, height: 360 }],
    });
    expect(steps.length).toBe(18);
    expect(steps[0]?.action).toEqual([0.029904186725616455, -0.01887539029121399]);
    expect(steps[17]?.action).toBeUndefined();
    expect(steps.every((s) => s.images["image"]?.data.length === 640 * 360 * 3)).toBe(true);
    expect(episode.findings?.()).toEqual([]);
    expect(episode.provenance.labels).toEqual({ episode_id: "000027" });
  });

  test("one annotation finds its video in a folder above; lengths that differ are reported", async () => {
    if (!root) return;
    const one = await collect(await openJson(join(root, "annotation/test/example.json"), {}));
    expect(one.episodes[0]?.steps.length).toBe(18);
    const copy = join(folder, "long");
    mkdirSync(copy);
    cpSync(join(root, "videos/test/example.mp4"), join(copy, "v.mp4"));
    writeFileSync(
      join(copy, "a.json"),
      JSON.stringify({
        actions: Array.from({ length: 30 }, (_, i) => [i]),
        video_path: "v.mp4",
        texts: ["go"],
      }),
    );
    const { episodes } = await collect(await openJson(copy, {}));
    expect(episodes[0]?.episode.task).toBe("go");
    expect(episodes[0]?.steps.length).toBe(18);
    expect(episodes[0]?.episode.findings?.()[0]).toMatch(/30 actions for 18 frames/);
  });
});

test("paths out of the source, ragged rows and missing videos are skipped with a reason", async () => {
  const bad = join(folder, "bad");
  mkdirSync(bad);
  const write = (name: string, value: unknown): void => writeFileSync(join(bad, name), JSON.stringify(value));
  write("a.json", { actions: [[1]], video_path: "../../../etc/passwd" });
  write("b.json", { actions: [[1], [1, 2]], video_path: "v.mp4" });
  write("c.json", { actions: [[1]], video_path: "gone.mp4" });
  write("d.json", { actions: "no" });
  writeFileSync(join(bad, "e.json"), "{");
  const { skips, episodes } = await collect(await openJson(bad, {}));
  expect(episodes).toEqual([]);
  expect(skips.map((s) => s.reason)).toEqual([
    expect.stringContaining("leads out of the source"),
    "actions must all have 1 numbers, row 1 has 2",
    expect.stringContaining("was not found"),
    expect.stringContaining("is no annotation"),
    expect.stringContaining("must be JSON"),
  ]);
});

test("arbitrary JSON is refused, never more", async () => {
  const path = join(folder, "fuzz");
  mkdirSync(path);
  const key = fc.constantFrom("actions", "state", "video_path", "videos", "texts", "episode_id", "x");
  await fc.assert(
    fc.asyncProperty(fc.dictionary(key, fc.jsonValue()), async (value) => {
      writeFileSync(join(path, "a.json"), JSON.stringify(value));
      await survives(() => openJson(path, {}));
    }),
    fuzz(100, 10),
  );
});

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collect, fuzz, sample, scratchFolder, survives } from "../shared/testing.ts";
import { activityFormat, openActivityLogs } from "./activity.ts";
import { ariaFormat, openAria } from "./aria.ts";
import { CsvTrack } from "./csv-track.ts";

const folder = scratchFolder();

test("a CSV log beside a clock: the nearest sample, nothing beyond the gap, time only forward", async () => {
  const path = join(folder, "log.csv");
  writeFileSync(path, "t,a,b\n0,1,x\n100000,2,5\n100000,9,9\n50000,9,9\n200000,3,\n");
  const track = new CsvTrack(path, "t", ["a", "b"]);
  expect(await track.firstSec()).toBe(0);
  expect(Array.from(await track.nearest(0, 0.1))).toEqual([1, Number.NaN]);
  expect(Array.from(await track.nearest(0.06, 0.1))).toEqual([2, 5]);
  expect(Array.from(await track.nearest(0.19, 0.1))).toEqual([3, Number.NaN]);
  expect(Array.from(await track.nearest(0.31, 0.1))).toEqual([Number.NaN, Number.NaN]);
  expect(track.dropped).toBe(2);
});

const aria = sample("aria-mps-sample");
describe.skipIf(!aria)("Aria sample", () => {
  test("pictures, head pose and gaze of the recording with a VRS file", async () => {
    if (!aria) return;
    expect(await ariaFormat.recognise(aria)).toBeGreaterThan(0.9);
    const { episodes, skips } = await collect(
      await openAria(join(aria, "gen1/aria_digital_twin_test_data"), {}),
    );
    const [{ episode, steps } = expect.fail()] = episodes;
    expect(episode.embodiment.cameras).toEqual([{ name: "rgb", width: 1408, height: 1408, mount: "head" }]);
    expect(episode.embodiment.controlRateHz).toBe(30);
    expect(episode.provenance.stream).toBe("ego");
    expect(steps.length).toBe(3);
    // The first row of aria_trajectory.csv lies 3 us after the first picture.
    expect(steps[0]?.state?.[0]).toBe(0.09294414336388498);
    expect(steps[0]?.extra?.["gaze"]?.[0]).toBe(0.069013);
    expect(steps[2]?.images["rgb"]?.data.length).toBe(1408 * 1408 * 3);
    expect(steps.every((s) => s.action === undefined)).toBe(true);
    expect(skips.map((s) => s.what)).toEqual(
      expect.arrayContaining(["video.vrs stream 1201-1", "video.vrs stream 211-1"]),
    );
  });

  test("a trajectory alone gives an even clock; logs of another time are left out by name", async () => {
    if (!aria) return;
    const { episodes, skips } = await collect(
      await openAria(join(aria, "gen1/mps_sample"), { settings: { rateHz: 10 } }),
    );
    const [{ episode, steps } = expect.fail()] = episodes;
    expect(steps.length).toBeGreaterThan(110); // 12 s at 10 Hz
    expect(steps[1]?.timestampSec).toBeCloseTo(0.1, 9);
    expect(episode.embodiment.sensors?.map((s) => s.name)).toEqual(["head_velocity", "gaze", "hands"]);
    const reasons = Object.fromEntries(skips.map((s) => [s.what, s.reason]));
    expect(reasons["hand_tracking/hand_tracking_results_v2.csv"]).toMatch(/times 1762\.6 to .* do not meet/);
    expect(Object.values(reasons)).toContain("no VRS file: the episode has no pictures");
  });

  test("a damaged VRS file is refused, never more", async () => {
    if (!aria) return;
    const good = readFileSync(join(aria, "gen1/aria_digital_twin_test_data/video.vrs"));
    const root = join(folder, "fuzz");
    mkdirSync(root);
    writeFileSync(
      join(root, "aria_trajectory.csv"),
      readFileSync(join(aria, "gen1/aria_digital_twin_test_data/aria_trajectory.csv")),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(62_000), fc.nat(255)), { minLength: 1, maxLength: 20 }),
        fc.nat(good.length),
        async (edits, cut) => {
          const damaged = Buffer.from(good.subarray(0, cut % 2 === 0 ? cut : 500_000));
          for (const [at, value] of edits) if (at < damaged.length) damaged[at] = value;
          writeFileSync(join(root, "video.vrs"), damaged);
          await survives(() => openAria(root, {}));
        },
      ),
      fuzz(25, 21),
    );
  });
});

const logs = sample("ego10k-activity-logs");
test.skipIf(!logs)("activity logs: one episode of language per line", async () => {
  if (!logs) return;
  expect(await activityFormat.recognise(logs)).toBeGreaterThan(0.9);
  const { episodes, skips } = await collect(await openActivityLogs(logs, {}));
  const [{ episode, steps } = expect.fail()] = episodes;
  expect(episode.task).toBe("iron flat t-shirt with steam iron");
  expect(episode.provenance.labels).toMatchObject({
    process: "Garment ironing",
    factory: "factory_002",
    worker: "worker_005",
  });
  expect(steps.length).toBe(23);
  expect(steps[22]?.extra?.["video_time"]?.[0]).toBe(22);
  expect(new Set(episodes.map((e) => e.episode.id)).size).toBe(episodes.length);
  expect(episodes.length).toBeGreaterThan(1500);
  expect(skips.every((s) => s.reason !== "")).toBe(true);
});

test("activity logs with nonsense spans are skipped line by line", async () => {
  const path = join(folder, "log2.csv");
  const head = "activity,source_file,start_seconds_from_video_start,end_seconds_from_video_start\n";
  writeFileSync(path, `${head}sew,a,0,2\nsew,a,5,4\n,a,0,1\nsew,a,0,1e12\nsew,a,x,y\n`);
  const { episodes, skips } = await collect(await openActivityLogs(path, {}));
  expect(episodes.map((e) => e.steps.length)).toEqual([2]);
  expect(skips.map((s) => s.what)).toEqual(["log2.csv:2", "log2.csv:3", "log2.csv:4", "log2.csv:5"]);
});

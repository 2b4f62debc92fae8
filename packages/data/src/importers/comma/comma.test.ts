import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { FormatContext, Packet } from "node-av/lib";
import { describe, expect, test } from "vitest";
import { openVideoWriter } from "../../video/writer.ts";
import { evenClock, Series } from "../shared/resample.ts";
import { collect, fuzz, sample, scratchFolder, survives } from "../shared/testing.ts";
import { commaFormat, openComma } from "./comma.ts";

const folder = scratchFolder();

/** A video as the dash camera leaves it: HEVC without a container. */
function writeBareHevc(path: string, frames: number): void {
  const mp4 = `${path}.mp4`;
  const writer = openVideoWriter(mp4, { width: 64, height: 48, fps: 20, codec: "hevc", gop: 1 });
  for (let t = 0; t < frames; t++)
    writer.write({ width: 64, height: 48, data: new Uint8Array(64 * 48 * 3).fill(8 * t) });
  writer.close();
  const input = new FormatContext();
  const output = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  input.openInputSync(mp4);
  input.findStreamInfoSync();
  output.allocOutputContext2(null, "hevc", path);
  const source = input.streams?.[0];
  const target = output.newStream();
  source?.codecpar.copy(target.codecpar);
  target.codecpar.codecTag = 0;
  output.openOutputSync();
  output.writeHeaderSync();
  while (input.readFrameSync(packet) >= 0) {
    output.interleavedWriteFrameSync(packet);
    packet.unref();
  }
  output.writeTrailerSync();
  packet.free();
  output.closeOutputSync();
  input.closeInputSync();
  rmSync(mp4);
}

describe("resampling", () => {
  const series = new Series([0, 1, 2, 2, 1.5, 4], [0, 10, 20, 99, 99, 40], 1, "test");

  test("linear, latest and nearest have their textbook values", () => {
    expect(series.dropped).toBe(2); // the repeated 2 and the 1.5 that runs backwards
    expect([0, 0.25, 1, 1.75].map((t) => series.linear(t, 1)[0])).toEqual([0, 2.5, 10, 17.5]);
    expect([0.9, 1, 1.9].map((t) => series.latest(t, 1)[0])).toEqual([0, 10, 10]);
    expect([0.4, 0.6, 3.2].map((t) => series.nearest(t, 1)[0])).toEqual([0, 10, 40]);
  });

  test("no value is invented beyond the gap that is allowed", () => {
    expect(series.linear(3, 1)[0]).toBeNaN(); // 2 s between its neighbours
    expect(series.linear(3, 2)[0]).toBe(30);
    expect(series.linear(-0.5, 1)[0]).toBe(0); // within the gap of the first sample
    expect(series.linear(-1.5, 1)[0]).toBeNaN();
    expect(series.linear(5.5, 1)[0]).toBeNaN();
    expect(series.latest(-0.1, 1)[0]).toBeNaN();
    expect(new Series([], [], 2, "empty").linear(0, 1)).toEqual(Float64Array.from([Number.NaN, Number.NaN]));
  });

  test("linear interpolation of a line is the line", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 2 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (xs, part) => {
          const times = xs.toSorted((a, b) => a - b);
          const line = new Series(
            times,
            times.map((t) => 3 * t - 1),
            1,
            "line",
          );
          const at = (times[0] ?? 0) + part * ((times.at(-1) ?? 0) - (times[0] ?? 0));
          expect(line.linear(at, 1e9)[0]).toBeCloseTo(3 * at - 1, 6); // rounding of doubles up to 3000
        },
      ),
      fuzz(200, 12),
    );
    expect(evenClock(10, 10.2, 20)).toHaveLength(5);
  });
});

const root = sample("comma2k19-segment");
describe.skipIf(!root)("comma2k19 sample", () => {
  const segment = join(root ?? "", "b0c9d2329ad1606b_2018-08-02--08-34-47/40");

  test("one minute on the camera's clock, and what is missing is said", async () => {
    if (!root) return;
    expect(await commaFormat.recognise(root)).toBeGreaterThan(0.9);
    const { episodes, skips } = await collect(await openComma(root, {}));
    const [{ episode, steps } = expect.fail()] = episodes;
    expect(steps.length).toBe(1200);
    expect(episode.embodiment.cameras).toEqual([]);
    expect(Object.fromEntries(skips.map((s) => [s.what.split("/40/")[1], s.reason]))).toMatchObject({
      "video.hevc": "missing: the episode has no pictures",
      "preview.png": "one preview picture is no stream",
      "processed_log/CAN/radar": expect.stringContaining("changing number"),
    });
    // The first CAN speed, 7.974 m/s, comes 42 ms after the first frame: the nearest sample stands in.
    expect(steps[0]?.state?.[0]).toBeCloseTo(7.97430556, 6);
    expect(steps[1]?.state?.[0]).toBeCloseTo(7.98125, 1);
    expect(steps[0]?.state?.[1]).toBeCloseTo((-0.4 * Math.PI) / 180, 6);
    expect(steps[5]?.action?.[1]).toBe(steps[6]?.state?.[0]);
    expect(steps[1199]?.timestampSec).toBeCloseTo(59.949, 2);
    // As numpy reads them; the gyro array is stored column by column.
    expect(Array.from(steps[0]?.extra?.["ecef_position"] ?? [])).toEqual([
      -2712087.5168089615, -4261670.055955193, 3881014.4539216976,
    ]);
    expect(steps[0]?.extra?.["gyro"]?.[2]).toBeCloseTo(0.00372314, 7);
    expect(steps.every((s) => Number.isFinite(s.state?.[0]))).toBe(true);
    expect(episode.findings?.()).toEqual([]);
  });

  test("a cut log skips what it belongs to; a clock that jumps and NaN are reported", async () => {
    if (!root) return;
    const copy = join(folder, "segment");
    mkdirSync(copy);
    for (const part of ["global_pose", "processed_log/CAN", "processed_log/IMU"])
      cpSync(join(segment, part), join(copy, part), { recursive: true });
    truncateSync(join(copy, "processed_log/IMU/gyro/value"), 5000);
    const times = readFileSync(join(copy, "global_pose/frame_times"));
    for (let i = 600; i < 1200; i++) times.writeDoubleLE(times.readDoubleLE(128 + i * 8) + 30, 128 + i * 8);
    writeFileSync(join(copy, "global_pose/frame_times"), times);
    const { episodes, skips } = await collect(await openComma(copy, {}));
    expect(skips.find((s) => s.what.endsWith("IMU/gyro"))?.reason).toMatch(/promises 150272 bytes, got 5000/);
    const findings = episodes[0]?.episode.findings?.().join("; ");
    expect(findings).toMatch(/clock jumps by more than 5 periods \(1 row, first row 600\)/);
    expect(findings).toMatch(/state holds NaN/); // the clock runs 30 s past the end of the log
  });

  test("video.hevc, a bare stream, gives frame t for row t and ends the episode where it ends", async () => {
    if (!root) return;
    const copy = join(folder, "filmed");
    mkdirSync(copy);
    for (const part of ["global_pose", "processed_log/CAN"])
      cpSync(join(segment, part), join(copy, part), { recursive: true });
    writeBareHevc(join(copy, "video.hevc"), 30);
    const { episodes, skips } = await collect(await openComma(copy, {}));
    expect(skips.filter((s) => s.what.includes("video"))).toEqual([]);
    const [{ episode, steps } = expect.fail()] = episodes;
    expect(episode.embodiment.cameras).toEqual([
      { name: "road", width: 64, height: 48, mount: "windscreen" },
    ]);
    expect(steps.length).toBe(30);
    // Gray survives the codec within a few levels, less than the 8 between frames.
    steps.forEach((s, t) => expect(Math.abs((s.images["road"]?.data[0] ?? -99) - 8 * t)).toBeLessThan(4));
    expect(episode.findings?.()[0]).toMatch(/video road ends.*first row 30/);
  });

  test("random damage to a log is refused, never more", async () => {
    if (!root) return;
    const copy = join(folder, "fuzz");
    mkdirSync(copy);
    cpSync(join(segment, "processed_log/CAN"), join(copy, "processed_log/CAN"), { recursive: true });
    const file = join(copy, "processed_log/CAN/speed/t");
    const good = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        async (edits) => {
          const damaged = Buffer.from(good);
          for (const [at, value] of edits) damaged[at] = value;
          writeFileSync(file, damaged);
          await survives(() => openComma(copy, {}));
        },
      ),
      fuzz(60, 13),
    );
  });
});

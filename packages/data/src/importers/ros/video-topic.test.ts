import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { McapWriter, TempBuffer } from "@mcap/core";
import { AVMEDIA_TYPE_VIDEO } from "node-av/constants";
import { FormatContext, Packet } from "node-av/lib";
import { expect, test } from "vitest";
import { openVideoWriter } from "../../video/writer.ts";
import { collect, scratchFolder } from "../shared/testing.ts";
import { openRosLogs } from "./ros.ts";

const folder = scratchFolder();
const START_CODE = Buffer.from([0, 0, 0, 1]);

/** The frames of an mp4 as Annex B access units with their parameter sets, as foxglove.CompressedVideo wants them. */
function annexB(path: string): Buffer[] {
  const format = new FormatContext();
  format.openInputSync(path);
  format.findStreamInfoSync();
  const stream = format.streams?.[format.findBestStream(AVMEDIA_TYPE_VIDEO)];
  const avcc = Buffer.from(stream?.codecpar.extradata ?? []);
  // avcC: 5 bytes, count of SPS, length and bytes of the one SPS, count of PPS, length and bytes of the one PPS.
  const spsEnd = 8 + avcc.readUInt16BE(6);
  const pps = avcc.subarray(spsEnd + 3, spsEnd + 3 + avcc.readUInt16BE(spsEnd + 1));
  const sets = [START_CODE, avcc.subarray(8, spsEnd), START_CODE, pps];
  const units: Buffer[] = [];
  const packet = new Packet();
  packet.alloc();
  while (format.readFrameSync(packet) >= 0) {
    const data = Buffer.from(packet.data ?? []);
    const parts: Buffer[] = [...sets];
    for (let at = 0; at + 4 <= data.length; at += 4 + data.readUInt32BE(at)) {
      parts.push(START_CODE, data.subarray(at + 4, at + 4 + data.readUInt32BE(at)));
    }
    units.push(Buffer.concat(parts));
    packet.unref();
  }
  packet.free();
  format.closeInputSync();
  return units;
}

async function writeLog(path: string, units: readonly Buffer[], codec: string): Promise<void> {
  const buffer = new TempBuffer();
  const writer = new McapWriter({ writable: buffer });
  await writer.start({ profile: "", library: "test" });
  const schemaId = await writer.registerSchema({
    name: "foxglove.CompressedVideo",
    encoding: "jsonschema",
    data: Buffer.from("{}"),
  });
  const channelId = await writer.registerChannel({
    topic: "/cam/video",
    messageEncoding: "json",
    schemaId,
    metadata: new Map(),
  });
  for (const [k, unit] of units.entries()) {
    const logTime = BigInt(k) * 100_000_000n;
    const data = Buffer.from(JSON.stringify({ format: codec, data: unit.toString("base64") }));
    await writer.addMessage({ channelId, sequence: k, logTime, publishTime: logTime, data });
  }
  await writer.end();
  writeFileSync(path, buffer.get());
}

test("a compressed video topic gives picture k for message k", async () => {
  const mp4 = join(folder, "v.mp4");
  const video = openVideoWriter(mp4, { width: 64, height: 48, fps: 10, gop: 1 });
  for (let t = 0; t < 12; t++)
    video.write({ width: 64, height: 48, data: new Uint8Array(64 * 48 * 3).fill(20 * t) });
  video.close();
  const path = join(folder, "v.mcap");
  await writeLog(path, annexB(mp4), "h264");
  const { episodes, skips } = await collect(await openRosLogs("mcap", path, { settings: { rateHz: 10 } }));
  expect(skips).toEqual([]);
  const [{ episode, steps } = expect.fail()] = episodes;
  expect(episode.embodiment.cameras).toEqual([{ name: "cam", width: 64, height: 48 }]);
  expect(steps.length).toBe(12);
  // Gray survives the codec within a few levels, far less than the 20 between frames.
  steps.forEach((s, t) => expect(Math.abs((s.images["cam"]?.data[0] ?? -99) - 20 * t)).toBeLessThan(5));
});

test("a codec that is not read, and bytes that are no video, are skipped with the reason", async () => {
  const path = join(folder, "bad.mcap");
  for (const [codec, units, reason] of [
    ["vp9", [Buffer.from([1])], /must be one of h264, h265, av1, got "vp9"/],
    ["h264", [Buffer.from("not a video"), Buffer.from("at all")], /wrapBareStream/],
  ] as const) {
    await writeLog(path, units, codec);
    const { episodes, skips } = await collect(await openRosLogs("mcap", path, {}));
    expect(episodes).toEqual([]);
    expect(skips.map((s) => s.reason).join()).toMatch(reason);
  }
});

/**
 * Bare video streams (.h264, .hevc, .obu), which have no times and cannot be sought in, put into a container so that they
 * can be read like any video. Packets are copied, not decoded; frame k gets the time k / rate.
 */
import { DataError } from "@orrery/core";
import { AVMEDIA_TYPE_VIDEO } from "node-av/constants";
import { FormatContext, Packet, Rational } from "node-av/lib";

/** @throws {DataError} if the stream is not recognised, holds no frame, or the disk is full */
export function wrapBareStream(path: string, out: string, rateHz: number): void {
  const input = new FormatContext();
  check(input.openInputSync(path), "opening", path);
  const output = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  try {
    check(input.findStreamInfoSync(), "reading", path);
    const source = input.streams?.[input.findBestStream(AVMEDIA_TYPE_VIDEO)];
    if (!source)
      throw new DataError(`wrapBareStream: ${path} must hold a video stream, found none.`, { path });
    check(output.allocOutputContext2(null, "matroska", out), "making", out);
    const target = output.newStream();
    source.codecpar.copy(target.codecpar);
    target.codecpar.codecTag = 0;
    const frame = new Rational(1000, Math.round(rateHz * 1000)); // one frame per tick
    target.timeBase = frame;
    target.avgFrameRate = new Rational(Math.round(rateHz * 1000), 1000);
    check(output.openOutputSync(), "making", out);
    check(output.writeHeaderSync(), "starting", out);
    let count = 0n;
    while (input.readFrameSync(packet) >= 0) {
      if (packet.streamIndex === source.index) {
        packet.pts = count;
        packet.dts = count++;
        packet.duration = 1n;
        packet.rescaleTs(frame, target.timeBase);
        packet.streamIndex = 0;
        packet.pos = -1n;
        check(output.interleavedWriteFrameSync(packet), "writing", out);
      }
      packet.unref();
    }
    check(output.writeTrailerSync(), "finishing", out);
    if (count === 0n) throw new DataError(`wrapBareStream: ${path} must hold frames, found none.`, { path });
  } finally {
    packet.free();
    output.closeOutputSync();
    output.freeContext();
    input.closeInputSync();
  }
}

function check(code: number, doing: string, path: string): void {
  if (code >= 0) return;
  throw new DataError(
    `wrapBareStream: ${doing} ${path} failed (FFmpeg ${code}). Is it a whole video stream?`,
    { path },
  );
}

/** Takes one episode's frames out of a video without encoding them again: the inverse of joining. */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DataError } from "@orrery/core";
import { temporaryName } from "@orrery/core/node";
import { AVMEDIA_TYPE_VIDEO, AVSEEK_FLAG_BACKWARD } from "node-av/constants";
import { Dictionary, FormatContext, Packet, type Stream } from "node-av/lib";

export interface VideoCut {
  readonly path: string;
  readonly fromSec: number;
  /** Frames to take. */
  readonly numFrames: number;
  readonly fps: number;
}

/**
 * Copies `numFrames` frames from `fromSec` on to an mp4 that begins at 0.
 * @returns false, with nothing written, where that is not possible without encoding: the span does not begin with a
 *   keyframe, or its pictures lean on neighbours
 * @throws {DataError} if the file cannot be read or written
 */
export function cutVideo(cut: VideoCut, out: string): boolean {
  mkdirSync(dirname(out), { recursive: true });
  const temporary = temporaryName(out);
  const input = new FormatContext();
  check(input.openInputSync(cut.path), "opening", cut.path);
  try {
    check(input.findStreamInfoSync(), "reading", cut.path);
    const index = input.findBestStream(AVMEDIA_TYPE_VIDEO);
    const stream = input.streams?.[index];
    if (!stream)
      throw new DataError(`cutVideo: ${cut.path} must hold a video stream, found none.`, { path: cut.path });
    if (!copySpan(input, stream, cut, temporary)) return false;
    renameSync(temporary, out);
    return true;
  } finally {
    input.closeInputSync();
    rmSync(temporary, { force: true });
  }
}

function copySpan(input: FormatContext, source: Stream, cut: VideoCut, out: string): boolean {
  const { fromSec, numFrames, fps } = cut;
  const tickSec = source.timeBase.num / source.timeBase.den;
  const startTick = source.startTime > 0n ? source.startTime : 0n;
  const fromTick = startTick + BigInt(Math.round(fromSec / tickSec));
  const slack = BigInt(Math.floor(0.5 / fps / tickSec));
  const output = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  let copied = 0;
  try {
    check(output.allocOutputContext2(null, "mp4", out), "making", out);
    const target = output.newStream();
    source.codecpar.copy(target.codecpar);
    target.codecpar.codecTag = 0;
    target.timeBase = source.timeBase;
    target.avgFrameRate = source.avgFrameRate;
    check(output.openOutputSync(), "making", out);
    check(output.writeHeaderSync(Dictionary.fromObject({ movflags: "faststart" })), "starting", out);
    input.seekFrameSync(source.index, fromTick, AVSEEK_FLAG_BACKWARD);
    let shift: bigint | undefined;
    while (copied < numFrames && input.readFrameSync(packet) >= 0) {
      const isOurs = packet.streamIndex === source.index;
      const isBefore = packet.pts < fromTick - slack;
      // Pictures of the group before are passed over; one of ours that is no keyframe leans on them.
      if (isOurs && !(shift === undefined && isBefore)) {
        if (shift === undefined && !packet.isKeyframe) return false;
        shift ??= packet.pts;
        if (packet.pts < shift) return false;
        packet.pts -= shift;
        packet.dts -= shift;
        packet.rescaleTs(source.timeBase, target.timeBase);
        packet.streamIndex = 0;
        packet.pos = -1n;
        check(output.interleavedWriteFrameSync(packet), "writing", out);
        copied++;
      }
      packet.unref();
    }
    check(output.writeTrailerSync(), "finishing", out);
  } finally {
    packet.free();
    output.closeOutputSync();
    output.freeContext();
  }
  if (copied < numFrames) {
    throw new DataError(
      `cutVideo: ${cut.path} must hold ${numFrames} frames from ${fromSec} s on, it has ${copied}. Fetch it again, or leave the camera out.`,
      { path: cut.path },
    );
  }
  return true;
}

function check(code: number, doing: string, path: string): void {
  if (code >= 0) return;
  throw new DataError(
    `cutVideo: ${doing} ${path} failed (FFmpeg ${code}). Is it whole, and is there space on the disk?`,
    { path },
  );
}

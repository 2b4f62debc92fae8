/**
 * What the video code shares of node-av. Only its `lib` layer is used (thin, synchronous bindings of FFmpeg 8): the
 * layer above needs `Promise.withResolvers`, which Node 20 lacks.
 */
import { DataError } from "@orrery/core";
import { cureFor } from "@orrery/core/node";
import { AV_LOG_QUIET, AV_NOPTS_VALUE } from "node-av/constants";
import { FFmpegError, Log, type FormatContext, type Packet, type Stream } from "node-av/lib";

// FFmpeg and SVT-AV1 print to stderr on their own; what matters reaches the user as a DataError instead.
Log.setLevel(AV_LOG_QUIET);
process.env["SVT_LOG"] ??= "1";

/** Errno values that FFmpeg passes through as negative codes on POSIX, where they tell what to do. */
const ERRNO: Readonly<Record<number, string>> = { 13: "EACCES", 28: "ENOSPC", 30: "EROFS", 122: "EDQUOT" };

/**
 * Turns a negative FFmpeg return code into a DataError; passes others through.
 * @param where function and what it was doing, for the head of the message
 * @param advice what to do; worked out from the code where left out
 */
export function check(code: number, where: string, path: string, advice?: string): number {
  if (code >= 0) return code;
  const cure = advice ?? cureFor({ code: ERRNO[-code] });
  throw new DataError(`${where} ${path}: ${FFmpegError.strerror(code)}. ${cure}`, { path });
}

/** Presentation time of a packet in stream ticks; AVI carries decoding times only, and then those serve. */
export function packetTicks(packet: Packet): bigint {
  return packet.pts === AV_NOPTS_VALUE ? packet.dts : packet.pts;
}

/** Seconds of one tick of the stream's clock. */
export function tickSec(stream: Stream): number {
  return stream.timeBase.num / stream.timeBase.den;
}

/** Nominal frames per second, from the average rate where the container has it. */
export function rateOf(stream: Stream): number {
  const { avgFrameRate, rFrameRate } = stream;
  const rate = avgFrameRate.num > 0 && avgFrameRate.den > 0 ? avgFrameRate : rFrameRate;
  return rate.den > 0 ? rate.num / rate.den : 0;
}

/** The stream with this index; FFmpeg builds a fresh list of wrappers at each access. */
export function streamAt(format: FormatContext, index: number): Stream {
  const stream = format.streams[index];
  if (!stream)
    throw new Error(`internal: stream ${index} of ${format.nbStreams} vanished. Please report this.`);
  return stream;
}

/** Joins videos of the same make into one file without encoding again, as LeRobot v3 stores many episodes per file. */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DataError, UsageError } from "@orrery/core";
import { syncFolder, temporaryName } from "@orrery/core/node";
import { AVMEDIA_TYPE_VIDEO } from "node-av/constants";
import { Dictionary, FormatContext, CodecParameters, Packet, Rational, type Stream } from "node-av/lib";
import { check, packetTicks, rateOf, streamAt } from "./ffmpeg.ts";
import { frameDuration } from "./writer.ts";

/** Where a part lies in the joined file. */
export interface VideoPart {
  readonly path: string;
  readonly fromFrame: number;
  readonly numFrames: number;
  readonly fromSec: number;
  /** Exclusive; the next part begins here. */
  readonly toSec: number;
}

/**
 * Writes the video streams of `parts` one after another to `out` (mp4, index in front).
 * @returns the place of each part
 * @throws {DataError} if a part is damaged or differs from the first in codec, size, format or frame rate
 */
export function concatVideos(parts: readonly string[], out: string): VideoPart[] {
  if (parts.length === 0)
    throw new UsageError(`concatVideos: at least one part is needed for ${out}, got none.`);
  mkdirSync(dirname(out), { recursive: true });
  const temporary = temporaryName(out);
  const joiner = new Joiner(out, temporary);
  try {
    const places = parts.map((part) => joiner.append(part));
    joiner.finish();
    renameSync(temporary, out);
    syncFolder(dirname(out));
    return places;
  } finally {
    joiner.close();
    rmSync(temporary, { force: true });
  }
}

/** What later parts must equal. */
interface FirstPart {
  readonly path: string;
  readonly parameters: CodecParameters;
  readonly fps: number;
}

class Joiner {
  readonly #path: string;
  readonly #temporary: string;
  readonly #output = new FormatContext();
  readonly #packet = new Packet();
  #first: FirstPart | undefined;
  #stream: Stream | undefined;
  #isOutputOpen = false;
  #numFrames = 0;

  constructor(path: string, temporary: string) {
    this.#path = path;
    this.#temporary = temporary;
    this.#packet.alloc();
  }

  append(path: string): VideoPart {
    const input = new FormatContext();
    check(
      input.openInputSync(path),
      "concatVideos: opening",
      path,
      "Every part must be a complete video file.",
    );
    try {
      check(input.findStreamInfoSync(), "concatVideos: reading", path);
      const index = input.findBestStream(AVMEDIA_TYPE_VIDEO);
      if (index < 0)
        throw new DataError(`concatVideos: ${path} must hold a video stream, found none.`, { path });
      const source = streamAt(input, index);
      if (this.#first) this.#checkSame(source, path);
      else this.#begin(source, path);
      return this.#copyPackets(input, source, path);
    } finally {
      input.closeInputSync();
    }
  }

  finish(): void {
    check(this.#output.writeTrailerSync(), "concatVideos: finishing", this.#path);
  }

  close(): void {
    this.#packet.free();
    this.#first?.parameters.free();
    if (this.#isOutputOpen) this.#output.closeOutputSync();
    this.#output.freeContext();
  }

  #begin(source: Stream, path: string): void {
    const fps = rateOf(source);
    // The input's own parameters die with it, so later parts are compared with a copy.
    const parameters = new CodecParameters();
    parameters.alloc();
    source.codecpar.copy(parameters);
    this.#first = { path, parameters, fps };
    check(this.#output.allocOutputContext2(null, "mp4", this.#temporary), "concatVideos: making", this.#path);
    this.#stream = this.#output.newStream();
    source.codecpar.copy(this.#stream.codecpar);
    this.#stream.codecpar.codecTag = 0; // another container's tag may be unknown to mp4
    const { num, den } = frameDuration(fps);
    this.#stream.timeBase = source.timeBase;
    this.#stream.avgFrameRate = new Rational(den, num);
    check(this.#output.openOutputSync(), "concatVideos: making", this.#path);
    this.#isOutputOpen = true;
    const header = Dictionary.fromObject({ movflags: "faststart" });
    check(this.#output.writeHeaderSync(header), "concatVideos: starting", this.#path);
  }

  #checkSame(source: Stream, path: string): void {
    const first = this.#first as FirstPart;
    const a = first.parameters;
    const b = source.codecpar;
    const differences: string[] = [];
    if (a.codecId !== b.codecId) differences.push(`codec ${b.codecTagString} instead of ${a.codecTagString}`);
    if (a.width !== b.width || a.height !== b.height) {
      differences.push(`size ${b.width} x ${b.height} instead of ${a.width} x ${a.height}`);
    }
    if (a.format !== b.format) differences.push(`pixel format ${b.format} instead of ${a.format}`);
    const fps = rateOf(source);
    if (Math.abs(fps - first.fps) > 1e-3 * first.fps)
      differences.push(`${fps} frames/s instead of ${first.fps}`);
    const isSameHeader = Buffer.compare(a.extradata ?? Buffer.alloc(0), b.extradata ?? Buffer.alloc(0)) === 0;
    if (differences.length === 0 && !isSameHeader) differences.push("other encoder settings");
    if (differences.length > 0) {
      throw new DataError(
        `concatVideos: ${path} must be made like ${first.path}, but has ${differences.join(", ")}. ` +
          "Encode it again, or keep it in a file of its own.",
        { path },
      );
    }
  }

  /**
   * Parts are laid out by frame count over rate, not by the times of their last packets, which some files lack: so
   * frame n of the joined file is shown at n / fps.
   */
  #copyPackets(input: FormatContext, source: Stream, path: string): VideoPart {
    const first = this.#first as FirstPart;
    const output = this.#stream as Stream;
    const { num, den } = frameDuration(first.fps);
    const from = source.timeBase;
    const to = output.timeBase;
    const index = source.index;
    const packet = this.#packet;
    const startTick = source.startTime > 0n ? source.startTime : 0n;
    const offset = BigInt(Math.round((this.#numFrames * num * to.den) / (den * to.num)));
    const frameTicks = BigInt(Math.round((num * to.den) / (den * to.num)));
    const fromFrame = this.#numFrames;
    while (input.readFrameSync(packet) >= 0) {
      if (packet.streamIndex === index) {
        packet.pts = packetTicks(packet) - startTick;
        packet.dts -= startTick;
        packet.rescaleTs(from, to);
        packet.pts += offset;
        packet.dts += offset;
        packet.duration = frameTicks;
        packet.pos = -1n;
        packet.streamIndex = 0;
        this.#numFrames++;
        check(this.#output.interleavedWriteFrameSync(packet), "concatVideos: writing", this.#path);
      }
      packet.unref();
    }
    const promised = Number(source.nbFrames);
    const numFrames = this.#numFrames - fromFrame;
    if (numFrames === 0 || (promised > 0 && numFrames < promised)) {
      throw new DataError(
        `concatVideos: ${path} must hold ${promised || "some"} frames by its own index, found ${numFrames}. ` +
          "It is cut off: fetch or record it again.",
        { path },
      );
    }
    const secAt = (frame: number): number => (frame * num) / den;
    return { path, fromFrame, numFrames, fromSec: secAt(fromFrame), toSec: secAt(this.#numFrames) };
  }
}

/**
 * One video stream of a file, opened for decoding: seeks to keyframes and gives frames one after another.
 * It knows nothing of frame numbers; `VideoReader` does.
 */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { DataError } from "@orrery/core";
import {
  AV_FRAME_FLAG_CORRUPT,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVMEDIA_TYPE_VIDEO,
  AVSEEK_FLAG_BACKWARD,
} from "node-av/constants";
import { avGetPixFmtName, Codec, CodecContext, FormatContext, Frame, Packet, type Stream } from "node-av/lib";
import type { Size } from "./convert.ts";
import { check, packetTicks, rateOf, streamAt, tickSec } from "./ffmpeg.ts";
import { parseDisplayMatrix, swapsSides, type Orientation } from "./orient.ts";
import { scanPackets, type PacketTable } from "./packets.ts";

export interface DecoderOptions {
  readonly threads: number;
  readonly allowDamage: boolean;
}

/** Memory for pictures is taken before one is decoded, on the header's word; no camera has more pixels on a side. */
const MAX_SIDE = 8192;

/** Holds native memory and a file handle: `close` it. */
export class FrameDecoder {
  readonly path: string;
  readonly codec: string;
  readonly pixelFormat: string;
  readonly orientation: Orientation;
  /** After rotation. */
  readonly size: Size;
  readonly fps: number;
  /** Seconds of one tick of the stream's clock. */
  readonly tickSec: number;
  /** Frames the container says it holds; 0 where it does not say. */
  readonly promisedFrames: number;
  /** The frame that `next` decoded last; its memory is reused. */
  readonly frame = new Frame();
  damagedFrames = 0;

  readonly #format = new FormatContext();
  readonly #stream: Stream;
  readonly #context = new CodecContext();
  readonly #packet = new Packet();
  readonly #allowDamage: boolean;
  #table: PacketTable | undefined;
  /** Frames before this time belong to a group that was entered half-way; undefined trusts all. */
  #trustFrom: bigint | undefined;
  #packetPending = false;
  #isDraining = false;
  #isClosed = false;

  /** @throws {DataError} if the file is missing, is no video, or has no decoder here */
  constructor(path: string, options: DecoderOptions) {
    this.path = path;
    this.#allowDamage = options.allowDamage;
    requireFile(path);
    const advice =
      "The file is no video, or was cut off before its index was written: fetch or record it again.";
    check(this.#format.openInputSync(path), "VideoReader: opening", path, advice);
    try {
      check(this.#format.findStreamInfoSync(), "VideoReader: reading the streams", path, advice);
      this.#stream = this.#findStream();
      this.tickSec = tickSec(this.#stream);
      this.fps = rateOf(this.#stream);
      this.promisedFrames = Number(this.#stream.nbFrames);
      const parameters = this.#stream.codecpar;
      this.codec = this.#openCodec(options.threads);
      this.pixelFormat = avGetPixFmtName(parameters.format as never) ?? "unknown";
      this.orientation = parseDisplayMatrix(parameters.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX));
      const { width, height } = parameters;
      if (width <= 0 || height <= 0 || Math.max(width, height) > MAX_SIDE) {
        this.#fail(`must have a picture size of 1 to ${MAX_SIDE}, its header says ${width} x ${height}.`);
      }
      this.size = swapsSides(this.orientation) ? { width: height, height: width } : { width, height };
    } catch (error) {
      this.#context.freeContext();
      this.#format.closeInputSync();
      throw error;
    }
    this.#packet.alloc();
    this.frame.alloc();
  }

  /** All frames by their packets. The first call reads the file through once, and then stands at its beginning. */
  get table(): PacketTable {
    if (!this.#table) {
      this.rewind();
      this.#table = scanPackets(this.#format, this.#stream.index);
      this.rewind();
    }
    return this.#table;
  }

  /** Hash of the codec's header. */
  get setup(): string {
    return createHash("sha256")
      .update(this.#stream.codecpar.extradata ?? "")
      .digest("hex");
  }

  /** True if the codec may show pictures in another order than it stores them. */
  get canReorder(): boolean {
    return this.#context.hasBFrames > 0;
  }

  /** Presentation time of `frame`, in stream ticks. */
  get tick(): bigint {
    return this.frame.bestEffortTimestamp;
  }

  /** True if decoding began at the beginning of the file, so that frames can be counted. */
  get isFromStart(): boolean {
    return this.#trustFrom === undefined;
  }

  /** Back to the beginning, where every frame is trusted. */
  rewind(): void {
    const start = this.#stream.startTime;
    this.#seek(start < 0n ? start : 0n);
    this.#trustFrom = undefined;
  }

  /** Goes to the last keyframe shown at or before `ticks`, or to the beginning where none can be found. */
  seek(ticks: bigint): void {
    let target = ticks;
    for (let attempt = 0; attempt < 64; attempt++) {
      this.#seek(target);
      if (!this.#readPacket()) break;
      const shown = packetTicks(this.#packet);
      if (this.#packet.isKeyframe && shown <= ticks) {
        this.#trustFrom = shown;
        return;
      }
      // Landed behind the target, or between keyframes: ask for an earlier one.
      const landed = this.#packet.dts;
      target = (landed < target ? landed : target) - 1n;
      if (target < this.#stream.startTime - BigInt(Math.ceil(1 / this.tickSec))) break;
    }
    this.rewind();
  }

  /**
   * Decodes the next trusted frame into `frame`. @returns false at the end
   * @throws {DataError} if it is damaged, unless that is allowed
   */
  next(): boolean {
    for (;;) {
      if (this.#context.receiveFrameSync(this.frame) >= 0) {
        if (this.#trustFrom !== undefined && this.tick < this.#trustFrom) continue;
        const isDamaged = this.frame.decodeErrorFlags !== 0 || this.frame.hasFlags(AV_FRAME_FLAG_CORRUPT);
        if (isDamaged) this.#damage("a damaged picture");
        return true;
      }
      if (this.#isDraining) return false;
      this.#feed();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#context.freeContext();
    this.#packet.free();
    this.frame.free();
    this.#format.closeInputSync();
  }

  #findStream(): Stream {
    const index = this.#format.findBestStream(AVMEDIA_TYPE_VIDEO);
    if (index >= 0) return streamAt(this.#format, index);
    return this.#fail(`must hold a video stream; its ${this.#format.nbStreams} streams are others.`);
  }

  /** @returns the codec's name */
  #openCodec(threads: number): string {
    const parameters = this.#stream.codecpar;
    const codec = Codec.findDecoder(parameters.codecId);
    if (!codec) {
      const tag = parameters.codecTagString ?? parameters.codecId;
      return this.#fail(`must be in a codec known here, it is in ${tag}. Convert it to H.264.`);
    }
    this.#context.allocContext3(codec);
    this.#context.parametersToContext(parameters);
    this.#context.pktTimebase = this.#stream.timeBase;
    this.#context.threadCount = threads;
    check(this.#context.open2Sync(codec), "VideoReader: opening the decoder for", this.path);
    return CODEC_OF[codec.name ?? ""] ?? codec.name ?? "unknown";
  }

  #seek(ticks: bigint): void {
    this.#dropPacket();
    this.#isDraining = false;
    this.#context.flushBuffers();
    const code = this.#format.seekFrameSync(this.#stream.index, ticks, AVSEEK_FLAG_BACKWARD);
    check(code, "VideoReader: seeking in", this.path);
  }

  /** Hands the decoder one more packet, or the end of the stream. */
  #feed(): void {
    if (!this.#packetPending && !this.#readPacket()) {
      this.#isDraining = true;
      this.#context.sendPacketSync(null);
      return;
    }
    const code = this.#context.sendPacketSync(this.#packet);
    this.#dropPacket();
    if (code < 0) this.#damage("a packet that can't be decoded");
  }

  #readPacket(): boolean {
    this.#dropPacket();
    while (this.#format.readFrameSync(this.#packet) >= 0) {
      if (this.#packet.streamIndex === this.#stream.index) {
        this.#packetPending = true;
        return true;
      }
      this.#packet.unref();
    }
    return false;
  }

  #dropPacket(): void {
    if (this.#packetPending) this.#packet.unref();
    this.#packetPending = false;
  }

  #damage(found: string): void {
    this.damagedFrames++;
    if (this.#allowDamage) return;
    const place = this.frame.width > 0 ? ` near ${(Number(this.tick) * this.tickSec).toFixed(3)} s` : "";
    this.#fail(`holds ${found}${place}. Fetch or record it again, or leave the episode out.`);
  }

  #fail(what: string): never {
    throw new DataError(`VideoReader: ${this.path} ${what}`, { path: this.path });
  }
}

/** Codecs whose decoder goes by another name. */
const CODEC_OF: Readonly<Record<string, string>> = {
  libdav1d: "av1",
  "libaom-av1": "av1",
  libvpx: "vp8",
  "libvpx-vp9": "vp9",
  msmpeg4: "msmpeg4v3",
};

function requireFile(path: string): void {
  const file = statSync(path, { throwIfNoEntry: false });
  if (!file) throw new DataError(`VideoReader: there is no file ${path}. Check the path.`, { path });
  if (file.isFile() && file.size > 0) return;
  const found = file.isFile() ? "an empty file" : "no file";
  throw new DataError(`VideoReader: ${path} must be a video, but is ${found}. Fetch or record it again.`, {
    path,
  });
}

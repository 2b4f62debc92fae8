/**
 * Reads video frame by frame: in order, or any single frame.
 *
 * A frame's identity is its place in decoder output when the file is decoded from its beginning. Random access seeks
 * to a keyframe and must find the same frame again. Three things can spoil that, and each is caught:
 * - containers index by decoding time, so a seek can land behind the target: step back one keyframe;
 * - open-GOP streams (x265's default) drop or spoil the pictures shown before the keyframe they follow: pictures
 *   earlier than the keyframe are ignored, and found from the keyframe before;
 * - some files lie about presentation times: the file is decoded once from its beginning and frames are counted.
 */
import { statSync } from "node:fs";
import { DataError, type Image } from "@orrery/core";
import {
  AV_PKT_DATA_DISPLAYMATRIX,
  AVMEDIA_TYPE_VIDEO,
  AVSEEK_FLAG_BACKWARD,
  AV_FRAME_FLAG_CORRUPT,
} from "node-av/constants";
import { avGetPixFmtName, Codec, CodecContext, FormatContext, Frame, Packet, type Stream } from "node-av/lib";
import { RgbConverter, type Fit, type Size } from "./convert.ts";
import { check, packetTicks, rateOf, streamAt, tickSec } from "./ffmpeg.ts";
import { parseDisplayMatrix, swapsSides, turnDeg, type Orientation } from "./orient.ts";
import { lastAtOrBelow, scanPackets, type PacketTable } from "./packets.ts";

export interface VideoReaderOptions {
  /** Output size; the video's own where left out. */
  readonly size?: Size;
  /** What to do where the aspect differs; "stretch" where left out. */
  readonly fit?: Fit;
  /** Decoder threads; one where left out, because callers run a decoder per worker. */
  readonly threads?: number;
  /** Go on past damaged pictures instead of throwing; they are counted in `damagedFrames`. */
  readonly allowDamage?: boolean;
}

/** A picture and when it is shown, in seconds on the file's own clock. */
export interface TimedImage extends Image {
  readonly timeSec: number;
}

/** A span of a video; the end is exclusive. */
export interface TimeRange {
  readonly fromSec?: number;
  readonly toSec?: number;
}

/** An open video. Holds native memory and a file handle: `close` it. Not for use by two callers at once. */
export class VideoReader {
  readonly path: string;
  /** Size of the pictures given out. */
  readonly size: Size;
  /** Size of the pictures in the file, after the container's rotation. */
  readonly sourceSize: Size;
  /** Nominal frames per second. */
  readonly fps: number;
  /** FFmpeg's name of the codec: "h264", "hevc", "av1", ... */
  readonly codec: string;
  /** FFmpeg's name of the stored pixel format, such as "yuv420p". */
  readonly pixelFormat: string;
  /** Clockwise turn in degrees that the container asks for, already applied to the pictures. */
  readonly turnDeg: number;
  /** Damaged pictures given out so far under `allowDamage`. */
  damagedFrames = 0;

  readonly #format: FormatContext;
  readonly #stream: Stream;
  readonly #streamIndex: number;
  readonly #decoder: CodecContext;
  readonly #converter: RgbConverter;
  readonly #packet = new Packet();
  readonly #frame = new Frame();
  readonly #tickSec: number;
  readonly #allowDamage: boolean;
  #table: PacketTable | undefined;
  /** Presentation ticks in output order, where the container's times turned out to be wrong. */
  #counted: bigint[] | undefined;
  /** Frames before this time belong to a group that was entered half-way; undefined trusts all. */
  #trustFrom: bigint | undefined;
  /** Place in `#table` (or count) of the last frame decoded; -2 when unknown. */
  #at = -1;
  #packetPending = false;
  #draining = false;
  #closed = false;

  /** @throws {DataError} if the file is missing, is no video, or has no decoder here */
  constructor(path: string, options: VideoReaderOptions = {}) {
    this.path = path;
    this.#allowDamage = options.allowDamage ?? false;
    const file = statSync(path, { throwIfNoEntry: false });
    if (!file) throw new DataError(`VideoReader: there is no file ${path}. Check the path.`, { path });
    if (!file.isFile() || file.size === 0) {
      const found = file.isFile() ? "an empty file" : "no file";
      throw new DataError(`VideoReader: ${path} must be a video, but is ${found}.`, { path });
    }
    this.#format = new FormatContext();
    const advice =
      "The file is no video, or was cut off before its index was written: fetch or record it again.";
    check(this.#format.openInputSync(path), "VideoReader: opening", path, advice);
    try {
      check(this.#format.findStreamInfoSync(), "VideoReader: reading the streams", path, advice);
      this.#streamIndex = this.#format.findBestStream(AVMEDIA_TYPE_VIDEO);
      if (this.#streamIndex < 0) {
        const streams = this.#format.nbStreams;
        throw new DataError(
          `VideoReader: ${path} must hold a video stream; its ${streams} streams are others.`,
          {
            path,
          },
        );
      }
      this.#stream = streamAt(this.#format, this.#streamIndex);
      this.#tickSec = tickSec(this.#stream);
      this.fps = rateOf(this.#stream);
      const parameters = this.#stream.codecpar;
      const codec = Codec.findDecoder(parameters.codecId);
      if (!codec) {
        const tag = parameters.codecTagString ?? parameters.codecId;
        throw new DataError(`VideoReader: no decoder for codec ${tag} (${path}). Convert it to H.264.`, {
          path,
        });
      }
      this.codec = canonicalCodec(codec.name ?? "unknown");
      this.pixelFormat = avGetPixFmtName(parameters.format as never) ?? "unknown";
      const orientation: Orientation = parseDisplayMatrix(
        parameters.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX),
      );
      this.turnDeg = turnDeg(orientation);
      const { width, height } = parameters;
      if (width <= 0 || height <= 0) {
        throw new DataError(`VideoReader: ${path} must have a picture size, got ${width} x ${height}.`, {
          path,
        });
      }
      this.sourceSize = swapsSides(orientation) ? { width: height, height: width } : { width, height };
      this.size = options.size ?? this.sourceSize;
      this.#converter = new RgbConverter(this.size, options.fit ?? "stretch", orientation);

      this.#decoder = new CodecContext();
      this.#decoder.allocContext3(codec);
      this.#decoder.parametersToContext(parameters);
      this.#decoder.pktTimebase = this.#stream.timeBase;
      this.#decoder.threadCount = options.threads ?? 1;
      check(this.#decoder.open2Sync(codec), "VideoReader: opening the decoder", path);
    } catch (error) {
      this.#format.closeInputSync();
      throw error;
    }
    this.#packet.alloc();
    this.#frame.alloc();
  }

  /** Exact number of frames. The first call reads the file through once, without decoding. */
  get frameCount(): number {
    return this.#counted?.length ?? this.#packets().ticks.length;
  }

  /** Largest number of frames from one keyframe to the next: the most a random access has to decode. */
  get keyframeSpacing(): number {
    const { keyframes, ticks } = this.#packets();
    let spacing = ticks.length - (keyframes.at(-1) ?? 0);
    for (let i = 1; i < keyframes.length; i++) {
      spacing = Math.max(spacing, (keyframes[i] as number) - (keyframes[i - 1] as number));
    }
    return spacing;
  }

  /** Seconds from the first frame's showing to the last frame's end. */
  get durationSec(): number {
    const { ticks, lastDurationTicks } = this.#packets();
    const [first, last] = [ticks[0], ticks.at(-1)];
    if (first === undefined || last === undefined) return 0;
    const lastSec = lastDurationTicks > 0n ? Number(lastDurationTicks) * this.#tickSec : 1 / this.fps;
    return Number(last - first) * this.#tickSec + lastSec;
  }

  /** When each frame is shown, in seconds on the file's clock. */
  get timesSec(): Float64Array {
    const ticks = this.#counted ?? this.#packets().ticks;
    return Float64Array.from(ticks, (tick) => Number(tick) * this.#tickSec);
  }

  /**
   * Frames in order, each a new image.
   * @throws {DataError} at the first damaged picture, or after the last when the file holds fewer frames than it says
   */
  *frames(range: TimeRange = {}): Generator<TimedImage> {
    this.#startAt(range.fromSec);
    const fromTick = range.fromSec === undefined ? undefined : this.#tickAt(range.fromSec);
    const toTick = range.toSec === undefined ? undefined : this.#tickAt(range.toSec);
    while (this.#decodeNext()) {
      const tick = this.#frame.bestEffortTimestamp;
      if (toTick !== undefined && tick >= toTick) return;
      if (fromTick === undefined || tick >= fromTick) yield this.#image();
    }
    if (toTick === undefined) this.#checkComplete();
  }

  /**
   * Decodes `count` frames in order, from the one shown at `fromSec` on, into `out`: frame n goes to byte
   * `offset + n * strideBytes`, so that several cameras can be interleaved.
   * @returns how many there were, at most `count`
   */
  readInto(
    out: Uint8Array,
    span: { fromSec: number; count: number; offset?: number; strideBytes?: number },
  ): number {
    const { fromSec, count, offset = 0, strideBytes = this.#converter.frameBytes } = span;
    const end = count > 0 ? offset + (count - 1) * strideBytes + this.#converter.frameBytes : offset;
    if (out.byteLength < end) {
      throw new RangeError(`VideoReader.readInto: out must hold ${end} bytes, got ${out.byteLength}.`);
    }
    this.#startAt(fromSec);
    const fromTick = fromSec > 0 ? this.#tickAt(fromSec) : undefined;
    let n = 0;
    while (n < count && this.#decodeNext()) {
      if (fromTick !== undefined && this.#frame.bestEffortTimestamp < fromTick) continue;
      this.#convertInto(out, offset + n++ * strideBytes);
    }
    return n;
  }

  /** Frame number `index`, the same picture that decoding in order gives there. */
  frameAt(index: number): TimedImage {
    if (!Number.isInteger(index) || index < 0 || index >= this.frameCount) {
      const range = `0 to ${this.frameCount - 1}`;
      throw new RangeError(`VideoReader.frameAt: index must be in ${range} (${this.path}), got ${index}.`);
    }
    if (!this.#counted) {
      const packets = this.#packets();
      // Reordering codec, yet packets in showing order: either no picture needs reordering, or the times are wrong.
      if (packets.isInOrder && this.#decoder.hasBFrames > 0) this.#countFrames();
    }
    if (!this.#counted && this.#seekFrame(index)) return this.#image();
    if (!this.#counted) this.#countFrames();
    return this.#countTo(index);
  }

  /** The frame shown at `sec` on the file's clock: the last one that began by then, to within a thousandth. */
  frameAtTime(sec: number): TimedImage {
    const times = this.timesSec;
    let index = 0;
    while (index + 1 < times.length && (times[index + 1] as number) <= sec + 1e-3) index++;
    return this.frameAt(index);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#converter.close();
    this.#decoder.freeContext();
    this.#packet.free();
    this.#frame.free();
    this.#format.closeInputSync();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #packets(): PacketTable {
    if (!this.#table) {
      this.#rewind();
      this.#table = scanPackets(this.#format, this.#streamIndex);
      this.#rewind();
    }
    return this.#table;
  }

  /** Half a frame early, so that a rounded time still finds its frame. */
  #tickAt(sec: number): bigint {
    return BigInt(Math.floor((sec - 0.5 / (this.fps || 30)) / this.#tickSec));
  }

  #startAt(sec: number | undefined): void {
    if (sec === undefined || sec <= 0) this.#rewind();
    else this.#seekTicks(this.#tickAt(sec) + 1n);
  }

  /** Back to the beginning, where every frame is trusted. */
  #rewind(): void {
    const start = this.#stream.startTime;
    this.#seek(start < 0n ? start : 0n);
    this.#trustFrom = undefined;
    this.#at = -1;
  }

  #seek(ticks: bigint): void {
    this.#dropPacket();
    this.#draining = false;
    this.#decoder.flushBuffers();
    this.#at = -2;
    check(
      this.#format.seekFrameSync(this.#streamIndex, ticks, AVSEEK_FLAG_BACKWARD),
      "VideoReader: seeking",
      this.path,
    );
  }

  /** Goes to the last keyframe shown at or before `ticks`, and leaves its packet pending. */
  #seekTicks(ticks: bigint): void {
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
      if (target < this.#stream.startTime - BigInt(Math.ceil(1 / this.#tickSec))) break;
    }
    this.#rewind();
  }

  /** Decodes to frame `index` of the packet table. @returns false if decoder output contradicts the table */
  #seekFrame(index: number): boolean {
    const { ticks, keyframes } = this.#packets();
    let keyAt = lastAtOrBelow(keyframes, index);
    const isAhead = this.#at >= -1 && this.#at < index && this.#at >= (keyframes[keyAt] ?? 0);
    if (isAhead && this.#walkTo(index, ticks)) return true;
    // One keyframe earlier helps when the nearest one was entered wrongly; the beginning is the last resort.
    for (let attempt = 0; attempt < 3; attempt++, keyAt--) {
      const key = attempt === 2 ? undefined : keyframes[keyAt];
      if (key === undefined || key === 0) this.#rewind();
      else this.#seekTicks(ticks[key] as bigint);
      if (this.#walkTo(index, ticks)) return true;
      if (this.#trustFrom === undefined) return false;
    }
    return false;
  }

  /** Decodes on until frame `index`, checking that each frame is the table's next. */
  #walkTo(index: number, ticks: BigInt64Array): boolean {
    while (this.#decodeNext()) {
      const tick = this.#frame.bestEffortTimestamp;
      const next = this.#at >= -1 ? this.#at + 1 : lastAtOrBelow(ticks, tick);
      if (ticks[next] !== tick || next > index) return false;
      this.#at = next;
      if (next === index) return true;
    }
    return false;
  }

  /** Learns the true frame list by decoding the whole file. */
  #countFrames(): void {
    const counted: bigint[] = [];
    this.#rewind();
    while (this.#decodeNext()) counted.push(this.#frame.bestEffortTimestamp);
    const { ticks } = this.#packets();
    const agrees = counted.length === ticks.length && counted.every((tick, i) => tick === ticks[i]);
    this.#rewind();
    this.#counted = agrees ? undefined : counted;
    if (agrees) this.#table = { ...this.#packets(), isInOrder: false };
  }

  #countTo(index: number): TimedImage {
    if (this.#at < -1 || this.#at >= index) this.#rewind();
    while (this.#at < index && this.#decodeNext()) this.#at++;
    if (this.#at !== index) {
      throw new DataError(`VideoReader.frameAt: frame ${index} of ${this.path} can't be decoded.`, {
        path: this.path,
      });
    }
    return this.#image();
  }

  /** The next trusted frame into `#frame`. @returns false at the end */
  #decodeNext(): boolean {
    for (;;) {
      const got = this.#decoder.receiveFrameSync(this.#frame);
      if (got >= 0) {
        if (this.#trustFrom !== undefined && this.#frame.bestEffortTimestamp < this.#trustFrom) continue;
        this.#inspect();
        return true;
      }
      if (this.#draining) return false;
      this.#feed();
    }
  }

  /** Hands the decoder one more packet, or the end of the stream. */
  #feed(): void {
    if (!this.#packetPending && !this.#readPacket()) {
      this.#draining = true;
      this.#decoder.sendPacketSync(null);
      return;
    }
    const code = this.#decoder.sendPacketSync(this.#packet);
    this.#dropPacket();
    if (code < 0) this.#damage("a packet that can't be decoded");
  }

  #readPacket(): boolean {
    this.#dropPacket();
    while (this.#format.readFrameSync(this.#packet) >= 0) {
      if (this.#packet.streamIndex === this.#streamIndex) {
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

  #inspect(): void {
    if (this.#frame.decodeErrorFlags !== 0 || this.#frame.hasFlags(AV_FRAME_FLAG_CORRUPT)) {
      this.#damage("a damaged picture");
    }
  }

  #damage(found: string): void {
    this.damagedFrames++;
    if (this.#allowDamage) return;
    const sec = (Number(this.#frame.bestEffortTimestamp) * this.#tickSec).toFixed(3);
    const after = this.#frame.width > 0 ? ` near ${sec} s` : "";
    throw new DataError(
      `VideoReader: ${this.path} holds ${found}${after}. Fetch or record it again, or leave the episode out.`,
      { path: this.path },
    );
  }

  /** A file cut off at the end decodes without complaint; only its own frame count tells. */
  #checkComplete(): void {
    const promised = Number(this.#stream.nbFrames);
    if (promised === 0 || this.#allowDamage) return;
    const { ticks, hidden } = this.#packets();
    if (ticks.length + hidden < promised) {
      throw new DataError(
        `VideoReader: ${this.path} must hold ${promised} frames by its own index, found ${ticks.length}. ` +
          "It is cut off: fetch or record it again.",
        { path: this.path },
      );
    }
  }

  #image(): TimedImage {
    const data = new Uint8Array(this.#converter.frameBytes);
    this.#convertInto(data, 0);
    const timeSec = Number(this.#frame.bestEffortTimestamp) * this.#tickSec;
    return { width: this.size.width, height: this.size.height, data, timeSec };
  }

  #convertInto(out: Uint8Array, offset: number): void {
    if (!this.#converter.convert(this.#frame, out, offset)) {
      throw new DataError(
        `VideoReader: pixel format ${this.pixelFormat} of ${this.path} can't be turned into RGB. Convert it to H.264.`,
        { path: this.path },
      );
    }
  }
}

/** Decoder libraries go by their own names ("libdav1d"); files are described by the codec's. */
function canonicalCodec(decoder: string): string {
  const known: Readonly<Record<string, string>> = {
    libdav1d: "av1",
    "libaom-av1": "av1",
    libvpx: "vp8",
    "libvpx-vp9": "vp9",
    msmpeg4: "msmpeg4v3",
  };
  return known[decoder] ?? decoder;
}

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
import { DataError, type Image } from "@orrery/core";
import { BorrowedImage, colourOf } from "./borrowed.ts";
import { RgbConverter, type Fit, type Size } from "./convert.ts";
import { FrameDecoder } from "./decoder.ts";
import { turnDeg, UPRIGHT } from "./orient.ts";
import { lastAtOrBelow } from "./packets.ts";

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

/** What `VideoReader.frames` gives out. */
export interface FrameOptions extends TimeRange {
  /**
   * Lend pictures instead of copying them, where they are at the video's own size and in a common format: a
   * `BorrowedImage` is gone once the next is asked for.
   */
  readonly borrow?: boolean;
}

/** Where `VideoReader.readInto` reads from and writes to. */
export interface ReadSpan {
  readonly fromSec: number;
  /** Frames to pass over from there, counted and not timed; 0 where left out. */
  readonly skip?: number;
  /** Frames wanted. */
  readonly count: number;
  /** Byte of the first frame. */
  readonly offset?: number;
  /** Bytes from one frame to the next; packed where left out. */
  readonly strideBytes?: number;
  /** Asked after each frame decoded; where it says yes, reading ends there. */
  readonly isStopped?: () => boolean;
}

/** Not known which frame of the file was decoded last. */
const UNKNOWN = -2;

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

  readonly #decoder: FrameDecoder;
  readonly #converter: RgbConverter;
  readonly #allowDamage: boolean;
  /** Makes the small pictures that borrowed frames are sampled to. */
  #sampler: RgbConverter | undefined;
  /** Counts frames handed out, so that a borrowed one knows when it is gone. */
  #serial = 0;
  /** Presentation ticks in output order, where the container's times turned out to be wrong. */
  #counted: bigint[] | undefined;
  #isTableTrusted = false;
  /** Number of the frame decoded last; -1 before the first. */
  #at = -1;

  /** @throws {DataError} if the file is missing, is no video, or has no decoder here */
  constructor(path: string, options: VideoReaderOptions = {}) {
    const { threads = 1, allowDamage = false, fit = "stretch" } = options;
    const decoder = new FrameDecoder(path, { threads, allowDamage });
    this.path = path;
    this.sourceSize = decoder.size;
    this.size = options.size ?? decoder.size;
    this.fps = decoder.fps;
    this.codec = decoder.codec;
    this.pixelFormat = decoder.pixelFormat;
    this.turnDeg = turnDeg(decoder.orientation);
    this.#decoder = decoder;
    this.#converter = new RgbConverter(this.size, fit, decoder.orientation);
    this.#allowDamage = allowDamage;
  }

  /** Damaged pictures met so far under `allowDamage`. */
  get damagedFrames(): number {
    return this.#decoder.damagedFrames;
  }

  /** Exact number of frames. The first call reads the file through once, without decoding. */
  get frameCount(): number {
    return this.#ticks().length;
  }

  /** Hash of the codec's header (parameter sets and the like); of nothing where the container keeps none. */
  get setup(): string {
    return this.#decoder.setup;
  }

  /** Largest number of frames from one keyframe to the next: the most a random access has to decode. */
  get keyframeSpacing(): number {
    const { keyframes, ticks } = this.#table();
    let spacing = ticks.length - (keyframes.at(-1) ?? 0);
    for (let i = 1; i < keyframes.length; i++) {
      spacing = Math.max(spacing, (keyframes[i] as number) - (keyframes[i - 1] as number));
    }
    return spacing;
  }

  /** Seconds from the first frame's showing to the last frame's end. */
  get durationSec(): number {
    const { ticks, lastDurationTicks } = this.#table();
    const { tickSec } = this.#decoder;
    const [first, last] = [ticks[0], ticks.at(-1)];
    if (first === undefined || last === undefined) return 0;
    const lastSec = lastDurationTicks > 0n ? Number(lastDurationTicks) * tickSec : 1 / this.fps;
    return Number(last - first) * tickSec + lastSec;
  }

  /** When each frame is shown, in seconds on the file's clock. */
  get timesSec(): Float64Array {
    return Float64Array.from(this.#ticks(), (tick) => Number(tick) * this.#decoder.tickSec);
  }

  /**
   * Frames in order, each a new image unless `borrow` is set.
   * @throws {DataError} at the first damaged picture, or after the last when the file holds fewer frames than it says
   */
  *frames(range: FrameOptions = {}): Generator<TimedImage> {
    const fromTick = this.#startAt(range.fromSec);
    const toTick = range.toSec === undefined ? undefined : this.#tickAt(range.toSec);
    while (this.#decoder.next()) {
      if (toTick !== undefined && this.#decoder.tick >= toTick) return;
      if (fromTick === undefined || this.#decoder.tick >= fromTick) yield this.#image(range.borrow);
    }
    if (toTick === undefined) this.#checkComplete();
  }

  /**
   * Decodes frames in order, from the one shown at `fromSec` on, into `out`; with a stride, several cameras can be
   * interleaved.
   * @returns how many there were, at most `count`
   */
  readInto(out: Uint8Array, span: ReadSpan): number {
    const { fromSec, count, offset = 0, strideBytes = this.#converter.frameBytes, isStopped } = span;
    const end = count > 0 ? offset + (count - 1) * strideBytes + this.#converter.frameBytes : offset;
    if (out.byteLength < end) {
      throw new RangeError(`VideoReader.readInto: out must hold ${end} bytes, got ${out.byteLength}.`);
    }
    const { skip = 0 } = span;
    let n = 0;
    let fromTick: bigint | undefined;
    if (skip > 0 && count > 0) {
      const index = this.indexAt(fromSec) + skip;
      if (index >= this.frameCount) return 0;
      this.#goTo(index);
      this.#convertInto(out, offset + n++ * strideBytes);
      this.#at = UNKNOWN; // as after any other reading in order
    } else fromTick = this.#startAt(fromSec);
    while (n < count && this.#decoder.next()) {
      if (isStopped?.()) break;
      if (fromTick !== undefined && this.#decoder.tick < fromTick) continue;
      this.#convertInto(out, offset + n++ * strideBytes);
    }
    return n;
  }

  /** Number of the first frame shown at `sec` or after; `frameCount` where all are shown before. */
  indexAt(sec: number): number {
    return sec <= 0 ? 0 : lastAtOrBelow(this.#ticks(), this.#tickAt(sec) - 1n) + 1;
  }

  /** Frame number `index`, the same picture that decoding in order gives there. */
  frameAt(index: number): TimedImage {
    if (!Number.isInteger(index) || index < 0 || index >= this.frameCount) {
      const range = `0 to ${this.frameCount - 1}`;
      throw new RangeError(`VideoReader.frameAt: index must be in ${range} (${this.path}), got ${index}.`);
    }
    this.#goTo(index);
    return this.#image();
  }

  /** Decodes frame number `index`. */
  #goTo(index: number): void {
    // Reordering codec, yet packets in showing order: either no picture needs reordering, or the times are wrong.
    const isSuspect = this.#table().isInOrder && this.#decoder.canReorder;
    if (isSuspect && !this.#isTableTrusted && !this.#counted) this.#countFrames();
    if (!this.#counted) {
      if (this.#seekFrame(index)) return;
      this.#countFrames();
    }
    this.#countTo(index);
  }

  /** The frame shown at `sec` on the file's clock: the last one that began by then, to within a thousandth. */
  frameAtTime(sec: number): TimedImage {
    const times = this.timesSec;
    let index = 0;
    while (index + 1 < times.length && (times[index + 1] as number) <= sec + 1e-3) index++;
    return this.frameAt(index);
  }

  close(): void {
    this.#serial++;
    this.#converter.close();
    this.#sampler?.close();
    this.#decoder.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #table(): FrameDecoder["table"] {
    return this.#decoder.table;
  }

  #ticks(): BigInt64Array | bigint[] {
    return this.#counted ?? this.#table().ticks;
  }

  /** Half a frame early, so that a rounded time still finds its frame. */
  #tickAt(sec: number): bigint {
    return BigInt(Math.floor((sec - 0.5 / (this.fps || 30)) / this.#decoder.tickSec));
  }

  /** Goes to where the frame shown at `sec` can be decoded. @returns the tick it is shown at or after */
  #startAt(sec: number | undefined): bigint | undefined {
    this.#at = UNKNOWN;
    if (sec === undefined || sec <= 0) {
      this.#rewind();
      this.#at = UNKNOWN; // frames are handed out without being counted from here on
      return undefined;
    }
    const tick = this.#tickAt(sec);
    this.#decoder.seek(tick + 1n);
    return tick;
  }

  #rewind(): void {
    this.#decoder.rewind();
    this.#at = -1;
  }

  /** Decodes to frame `index` of the packet table. @returns false if decoder output contradicts the table */
  #seekFrame(index: number): boolean {
    const { ticks, keyframes } = this.#table();
    let keyAt = lastAtOrBelow(keyframes, index);
    const isAhead = this.#at !== UNKNOWN && this.#at < index && this.#at >= (keyframes[keyAt] ?? 0);
    if (isAhead && this.#walkTo(index, ticks)) return true;
    // One keyframe earlier helps when the nearest one was entered wrongly; the beginning is the last resort.
    for (let attempt = 0; attempt < 3; attempt++, keyAt--) {
      const key = attempt === 2 ? undefined : keyframes[keyAt];
      if (key === undefined || key === 0) this.#rewind();
      else {
        this.#decoder.seek(ticks[key] as bigint);
        this.#at = this.#decoder.isFromStart ? -1 : UNKNOWN;
      }
      if (this.#walkTo(index, ticks)) return true;
      if (this.#decoder.isFromStart) return false;
    }
    return false;
  }

  /** Decodes on until frame `index`, checking that each frame is the table's next. */
  #walkTo(index: number, ticks: BigInt64Array): boolean {
    while (this.#decoder.next()) {
      const { tick } = this.#decoder;
      const next = this.#at === UNKNOWN ? lastAtOrBelow(ticks, tick) : this.#at + 1;
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
    while (this.#decoder.next()) counted.push(this.#decoder.tick);
    const { ticks } = this.#table();
    this.#isTableTrusted = counted.length === ticks.length && counted.every((tick, i) => tick === ticks[i]);
    if (!this.#isTableTrusted) this.#counted = counted;
    this.#rewind();
  }

  /** Decodes to frame `index` by counting from the beginning, or from where the last count ended. */
  #countTo(index: number): void {
    if (this.#at === UNKNOWN || this.#at >= index) this.#rewind();
    while (this.#at < index && this.#decoder.next()) this.#at++;
    if (this.#at === index) return;
    throw new DataError(
      `VideoReader.frameAt: frame ${index} of ${this.path} must be one of the ${this.frameCount} that decode, the ` +
        `last was ${this.#at}. Decode the file in order, or leave the episode out.`,
      { path: this.path },
    );
  }

  /** A file cut off at the end decodes without complaint; only its own frame count tells. */
  #checkComplete(): void {
    const promised = this.#decoder.promisedFrames;
    if (promised === 0 || this.#allowDamage) return;
    const { ticks, hidden } = this.#table();
    if (ticks.length + hidden >= promised) return;
    throw new DataError(
      `VideoReader: ${this.path} must hold ${promised} frames by its own index, found ${ticks.length}. ` +
        "It is cut off: fetch or record it again.",
      { path: this.path },
    );
  }

  #image(borrow = false): TimedImage {
    const serial = ++this.#serial;
    const timeSec = Number(this.#decoder.tick) * this.#decoder.tickSec;
    const lent = borrow ? this.#lend(serial) : undefined;
    if (lent) return Object.assign(lent, { timeSec });
    const data = new Uint8Array(this.#converter.frameBytes);
    this.#convertInto(data, 0);
    return { width: this.size.width, height: this.size.height, data, timeSec };
  }

  /** @returns undefined where the picture must be made in RGB: resized, turned, or of a colour the store doesn't keep */
  #lend(serial: number): BorrowedImage | undefined {
    const { frame, orientation } = this.#decoder;
    const { width, height } = this.size;
    if (frame.width !== width || frame.height !== height || orientation !== UPRIGHT) return undefined;
    const colour = colourOf(frame);
    if (!colour) return undefined;
    return new BorrowedImage(frame, colour, {
      isCurrent: () => serial === this.#serial,
      toRgb: () => {
        const data = new Uint8Array(this.#converter.frameBytes);
        this.#convertInto(data, 0);
        return data;
      },
      sample: (stride) => this.#sample(stride),
    });
  }

  #sample(stride: number): Image {
    const size = { width: Math.ceil(this.size.width / stride), height: Math.ceil(this.size.height / stride) };
    this.#sampler ??= new RgbConverter(size, "stretch", UPRIGHT, "point");
    const data = new Uint8Array(this.#sampler.frameBytes);
    this.#convertInto(data, 0, this.#sampler);
    return { ...this.#sampler.size, data };
  }

  #convertInto(out: Uint8Array, offset: number, converter = this.#converter): void {
    if (converter.convert(this.#decoder.frame, out, offset)) return;
    throw new DataError(
      `VideoReader: ${this.path} must be in a pixel format that turns into RGB, it is in ${this.pixelFormat}. ` +
        "Convert it to H.264.",
      { path: this.path },
    );
  }
}

/**
 * Writes pictures to a video file.
 *
 * The defaults are for episodes at model size that are read at random: H.264 at full colour resolution, a keyframe
 * every second frame, no psychovisual tuning, no search below whole pixels. On a real arm's camera at 64 x 64 that
 * gives 40.9 dB in 670 bytes per frame. The search would save 11 % of the bytes for 1.6 times the time, which a
 * simulator that records feels; 4:2:0 stays below 36 dB at twice the bytes, and AV1 encodes less than half as fast
 * (bench/video.bench.ts).
 */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DataError, messageOf, OrreryError, ShapeError, UsageError, type Image } from "@orrery/core";
import { cureFor, syncFolder, temporaryName } from "@orrery/core/node";
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV444P,
} from "node-av/constants";
import {
  Codec,
  CodecContext,
  Dictionary,
  FormatContext,
  Frame,
  Packet,
  Rational,
  SoftwareScaleContext,
  type Stream,
} from "node-av/lib";
import { BorrowedImage, colourTags, STORE_COLOUR, type Colour } from "./borrowed.ts";
import { check } from "./ffmpeg.ts";

export const VIDEO_CODECS = ["h264", "av1", "hevc"] as const;
export type VideoCodec = (typeof VIDEO_CODECS)[number];

export interface VideoWriterOptions {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly codec?: VideoCodec;
  /** Frames from one keyframe to the next. */
  readonly gop?: number;
  /** Quality: lower is better; 0 to 51 for H.264 and HEVC, 0 to 63 for AV1. */
  readonly crf?: number;
  /** The encoder's own name for its speed: "veryfast" for H.264 and HEVC, "0" to "13" for AV1. */
  readonly preset?: string;
  /** 444 keeps colour at full resolution, which small pictures need; 420 plays in every browser. */
  readonly chroma?: 420 | 444;
  /** Whom to spend the bits on: the nearest pixels, or what people notice. "model" where left out. */
  readonly audience?: "model" | "people";
  /** How the file says colour; borrowed pictures that say it likewise need no conversion. */
  readonly colour?: Colour;
  /** Encoder threads; one where left out, because recording runs an encoder per camera. */
  readonly threads?: number;
}

/** A video being written. The file appears under its name when `close` returns, whole or not at all. */
export interface VideoWriter {
  readonly frameCount: number;
  /** Appends one picture of the size given at the start. The picture is copied; a borrowed one is not turned into RGB. */
  write(image: Image): void;
  /** Finishes the file. @throws {DataError} if nothing was written, or the disk is full */
  close(): void;
  /** Gives up and removes what was written; harmless after `close`. */
  abort(): void;
}

/** Encoders and their defaults. */
export const ENCODERS = {
  h264: { name: "libx264", crf: 23, preset: "superfast" },
  hevc: { name: "libx265", crf: 20, preset: "ultrafast" },
  av1: { name: "libsvtav1", crf: 30, preset: "12" },
} as const;

/** Frames from one keyframe to the next. */
export const DEFAULT_GOP = 2;

const CLOSED_GROUPS = "bframes=0:scenecut=0:open-gop=0";
/** Tuning for human eyes costs a model 1.8 dB at equal bytes; without CABAC decoding is 1.4 times as fast. */
export const X264_PARAMS = {
  model: `${CLOSED_GROUPS}:psy=0:aq-mode=0:cabac=0:subme=0`,
  people: CLOSED_GROUPS,
} as const;

/** @throws {UsageError} if the options can't be met; @throws {DataError} if the file can't be made */
export function openVideoWriter(path: string, options: VideoWriterOptions): VideoWriter {
  return new Mp4Writer(path, checkOptions(options));
}

function checkOptions(options: VideoWriterOptions): Required<VideoWriterOptions> {
  const { width, height, fps, codec = "h264" } = options;
  const chroma = options.chroma ?? (codec === "h264" ? 444 : 420);
  const problems: string[] = [];
  const isSide = (n: number): boolean => Number.isInteger(n) && n > 0 && n <= 8192;
  if (!isSide(width) || !isSide(height)) problems.push(`size must be 1 to 8192, got ${width} x ${height}`);
  else if (chroma === 420 && (width % 2 || height % 2)) {
    problems.push(`sides must be even with chroma 420, got ${width} x ${height}`);
  }
  if (!(fps > 0 && fps <= 1000)) problems.push(`fps must be above 0 and at most 1000, got ${fps}`);
  if (!VIDEO_CODECS.includes(codec))
    problems.push(`codec must be one of ${VIDEO_CODECS.join(", ")}, got ${codec}`);
  if (codec === "av1" && chroma === 444) problems.push("the AV1 encoder knows chroma 420 only, got 444");
  if (codec === "av1" && Math.min(width, height) < 64) {
    problems.push(`the AV1 encoder needs sides of 64 or more, got ${width} x ${height}`);
  }
  const gop = options.gop ?? DEFAULT_GOP;
  if (!Number.isInteger(gop) || gop < 1) problems.push(`gop must be 1 or more, got ${gop}`);
  if (problems.length > 0) throw new UsageError(`openVideoWriter: ${problems.join("; ")}.`);
  const { crf, preset } = ENCODERS[codec];
  return {
    width,
    height,
    fps,
    codec,
    chroma,
    gop,
    crf: options.crf ?? crf,
    preset: options.preset ?? preset,
    audience: options.audience ?? "model",
    colour: options.colour ?? STORE_COLOUR,
    threads: options.threads ?? 1,
  };
}

class Mp4Writer implements VideoWriter {
  frameCount = 0;
  readonly #path: string;
  readonly #temporary: string;
  readonly #options: Required<VideoWriterOptions>;
  readonly #format = new FormatContext();
  readonly #encoder = new CodecContext();
  readonly #stream: Stream;
  readonly #packet = new Packet();
  readonly #rgb: Frame;
  readonly #rgbPixels: Uint8Array; // the memory of #rgb, rows packed
  readonly #yuv: Frame;
  readonly #scaler = new SoftwareScaleContext();
  /** For borrowed pictures, whose chroma may be at half size. */
  readonly #chromaScaler = new SoftwareScaleContext();
  #isOpen = true;
  #isOutputOpen = false;

  constructor(path: string, options: Required<VideoWriterOptions>) {
    this.#path = path;
    this.#options = options;
    this.#temporary = temporaryName(path);
    const { width, height, chroma, colour } = options;
    try {
      mkdirSync(dirname(path), { recursive: true });
      const { num, den } = frameDuration(options.fps);
      this.#openEncoder(new Rational(num, den));
      check(this.#format.allocOutputContext2(null, "mp4", this.#temporary), "openVideoWriter: making", path);
      this.#stream = this.#format.newStream();
      check(this.#stream.codecpar.fromContext(this.#encoder), "openVideoWriter: making", path);
      this.#stream.timeBase = new Rational(num, den);
      this.#stream.avgFrameRate = new Rational(den, num);
      check(this.#format.openOutputSync(), "openVideoWriter: making", path);
      this.#isOutputOpen = true;
      const header = Dictionary.fromObject({ movflags: "faststart" });
      check(this.#format.writeHeaderSync(header), "openVideoWriter: starting", path);
    } catch (error) {
      this.#release();
      removeQuietly(this.#temporary);
      throw error instanceof OrreryError
        ? error
        : new DataError(`openVideoWriter: could not make ${path} (${messageOf(error)}). ${cureFor(error)}`, {
            path,
            cause: error,
          });
    }
    this.#packet.alloc();
    this.#rgb = makeFrame(width, height, AV_PIX_FMT_RGB24, 1);
    this.#rgbPixels = this.#rgb.data?.[0] ?? new Uint8Array();
    this.#yuv = makeFrame(width, height, chroma === 444 ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P, 32);
    Object.assign(this.#yuv, colourTags(colour));
    // The size stays, so "point" interpolates nothing; it takes half the time of "area" for the same result.
    const exact = "accurate_rnd+full_chroma_int+full_chroma_inp+bitexact";
    this.#scaler.allocContext();
    this.#scaler.setOption("sws_flags", `${chroma === 444 ? "point" : "area"}+${exact}`);
    this.#chromaScaler.allocContext();
    this.#chromaScaler.setOption("sws_flags", `bilinear+${exact}`);
  }

  #openEncoder(timeBase: Rational): void {
    const { width, height, codec, crf, gop, preset, chroma, threads } = this.#options;
    const encoder = Codec.findEncoderByName(ENCODERS[codec].name as never);
    if (!encoder)
      throw new UsageError(`openVideoWriter: this FFmpeg has no encoder ${ENCODERS[codec].name}.`);
    const context = this.#encoder;
    context.allocContext3(encoder);
    context.width = width;
    context.height = height;
    context.pixelFormat = chroma === 444 ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
    context.timeBase = timeBase;
    context.framerate = new Rational(timeBase.den, timeBase.num);
    context.gopSize = gop;
    context.bitRate = 0n;
    context.threadCount = threads;
    // Without tags, players guess BT.601 or BT.709 from the size; tagged, every reader agrees.
    Object.assign(context, colourTags(this.#options.colour));
    context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    context.setOption("crf", crf);
    context.setOption("preset", preset);
    // Closed groups without B-frames: a random frame costs at most `gop` decodes and nothing waits for reordering.
    if (codec === "h264") {
      context.setOption("x264-params", X264_PARAMS[this.#options.audience]);
    }
    if (codec === "hevc") context.setOption("x265-params", "bframes=0:scenecut=0:open-gop=0:log-level=none");
    if (codec === "av1") context.setOption("svtav1-params", `fast-decode=1:lp=${threads}`);
    const advice = `Is crf ${crf} or preset "${preset}" out of its range?`;
    check(context.open2Sync(encoder), `openVideoWriter: starting ${encoder.name} for`, this.#path, advice);
  }

  write(image: Image): void {
    if (!this.#isOpen) throw new UsageError(`VideoWriter.write: ${this.#path} is closed already.`);
    this.#checkShape(image);
    // The encoder may still hold the last picture; this gives us memory of our own again.
    this.#yuv.makeWritable();
    check(this.#convert(image), "VideoWriter: converting for", this.#path);
    this.#yuv.pts = BigInt(this.frameCount);
    check(this.#encoder.sendFrameSync(this.#yuv), "VideoWriter: encoding", this.#path);
    this.frameCount++;
    this.#drain();
  }

  #checkShape(image: Image): void {
    const { width, height } = this.#options;
    const isSize = image.width === width && image.height === height;
    if (isSize && (image instanceof BorrowedImage || image.data.length === width * height * 3)) return;
    const found = [image.height, image.width, image.data.length / (image.width * image.height)];
    throw new ShapeError("VideoWriter.write", "image", `[${height}, ${width}, 3]`, found);
  }

  /** Brings a picture into #yuv. @returns FFmpeg's code */
  #convert(image: Image): number {
    if (image instanceof BorrowedImage) {
      const { frame } = image;
      // Other primaries would make the scaler map one gamut onto the other, pixel by pixel through a cube: 40 times as
      // slow, and not what a reader of pixels means by a copy.
      frame.colorPrimaries = this.#yuv.colorPrimaries;
      frame.colorTrc = this.#yuv.colorTrc;
      return this.#chromaScaler.scaleFrameSync(this.#yuv, frame);
    }
    this.#rgbPixels.set(image.data);
    return this.#scaler.scaleFrameSync(this.#yuv, this.#rgb);
  }

  close(): void {
    if (!this.#isOpen) return;
    if (this.frameCount === 0) {
      this.abort();
      throw new DataError(`VideoWriter.close: ${this.#path} must hold at least one frame, got none.`, {
        path: this.#path,
      });
    }
    try {
      check(this.#encoder.sendFrameSync(null), "VideoWriter: finishing", this.#path);
      this.#drain();
      check(this.#format.writeTrailerSync(), "VideoWriter: finishing", this.#path);
      this.#release();
      renameSync(this.#temporary, this.#path);
      syncFolder(dirname(this.#path));
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  abort(): void {
    this.#release();
    removeQuietly(this.#temporary);
  }

  #drain(): void {
    while (this.#encoder.receivePacketSync(this.#packet) >= 0) {
      this.#packet.streamIndex = 0;
      // One frame lasts one tick; stated so that the last frame has a duration too.
      this.#packet.duration = 1n;
      this.#packet.rescaleTs(this.#encoder.timeBase, this.#stream.timeBase);
      check(this.#format.interleavedWriteFrameSync(this.#packet), "VideoWriter: writing", this.#path);
    }
  }

  #release(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#encoder.freeContext();
    if (this.#isOutputOpen) this.#format.closeOutputSync();
    this.#format.freeContext();
    for (const part of [this.#packet, this.#rgb, this.#yuv]) part?.free();
    this.#scaler.freeContext();
    this.#chromaScaler.freeContext();
  }
}

/** Seconds per frame as a fraction: exact for whole rates and for 30000/1001 and its kin. */
export function frameDuration(fps: number): { num: number; den: number } {
  if (Number.isInteger(fps)) return { num: 1, den: fps };
  const ntsc = Math.round(fps) * 1000;
  if (Math.abs(ntsc / 1001 - fps) < 0.001) return { num: 1001, den: ntsc };
  return { num: 1000, den: Math.round(fps * 1000) };
}

/** The error that led here matters more than a leftover file. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A folder in the path may not exist, and then neither does the file.
  }
}

function makeFrame(width: number, height: number, format: number, align: number): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = format as never;
  if (frame.getBuffer(align) < 0)
    throw new DataError(`VideoWriter: no memory for a ${width} x ${height} frame.`);
  return frame;
}

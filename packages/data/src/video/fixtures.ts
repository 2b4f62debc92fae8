/** Test videos whose pictures tell their own number, in codecs and containers that the writer does not make. */
import type { Image } from "@orrery/core";
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PIX_FMT_RGB24,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_BT709,
} from "node-av/constants";
import {
  avGetPixFmtFromName,
  Codec,
  CodecContext,
  FormatContext,
  Frame,
  Packet,
  Rational,
  SoftwareScaleContext,
} from "node-av/lib";
import { check } from "./ffmpeg.ts";

const BLOCK = 16;
/** Size of a numbered picture: eight blocks in a row, one per bit. */
export const NUMBERED = { width: 8 * BLOCK, height: 64 } as const;

/** A picture that shows `n` (below 256) as eight black or white blocks, which survive any encoder. */
export function numberedImage(n: number): Image {
  const { width, height } = NUMBERED;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const bit = Math.floor((i % width) / BLOCK);
    data.fill((n >> bit) & 1 ? 230 : 20, i * 3, i * 3 + 3);
  }
  return { width, height, data };
}

/** The number that a numbered picture of any size shows. */
export function numberIn({ width, height, data }: Image): number {
  let n = 0;
  for (let bit = 0; bit < 8; bit++) {
    const x = Math.floor(((bit + 0.5) * width) / 8);
    if ((data[((height >> 1) * width + x) * 3 + 1] as number) > 125) n |= 1 << bit;
  }
  return n;
}

export interface FixtureOptions {
  /** FFmpeg's encoder, such as "libx265". */
  readonly encoder: string;
  readonly pixelFormat?: string;
  readonly fps?: number;
  readonly gop?: number;
  readonly maxBFrames?: number;
  /** Private options of the encoder. */
  readonly encoderOptions?: Readonly<Record<string, string>>;
  /** Nine int32 of a display matrix, 16.16 fixed point. */
  readonly displayMatrix?: readonly number[];
  /** Tags BT.709 full range, and converts so. */
  readonly isBt709Full?: boolean;
}

/** Encodes `images` to `path`; the container follows from the ending. */
export function encodeFixture(path: string, images: readonly Image[], options: FixtureOptions): void {
  const { width, height } = images[0] as Image;
  const fps = options.fps ?? 10;
  const pixelFormat = avGetPixFmtFromName(options.pixelFormat ?? "yuv420p");
  const codec = Codec.findEncoderByName(options.encoder as never);
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  Object.assign(encoder, {
    width,
    height,
    pixelFormat,
    gopSize: options.gop ?? 12,
    bitRate: 0n,
    threadCount: 1,
  });
  encoder.maxBFrames = options.maxBFrames ?? 0;
  encoder.timeBase = new Rational(1000, Math.round(fps * 1000));
  encoder.framerate = new Rational(Math.round(fps * 1000), 1000);
  if (options.isBt709Full)
    Object.assign(encoder, { colorSpace: AVCOL_SPC_BT709, colorRange: AVCOL_RANGE_JPEG });
  const format = new FormatContext();
  check(format.allocOutputContext2(null, null as never, path), "fixture", path);
  if (!path.endsWith(".avi")) encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  for (const [name, value] of Object.entries(options.encoderOptions ?? {})) encoder.setOption(name, value);
  check(encoder.open2Sync(codec), "fixture: encoder", path);
  const stream = format.newStream();
  stream.codecpar.fromContext(encoder);
  stream.timeBase = encoder.timeBase;
  stream.avgFrameRate = encoder.framerate;
  if (options.displayMatrix) {
    const matrix = Buffer.from(Int32Array.from(options.displayMatrix).buffer);
    stream.codecpar.addCodedSideData(AV_PKT_DATA_DISPLAYMATRIX, matrix);
  }
  check(format.openOutputSync(), "fixture", path);
  check(format.writeHeaderSync(), "fixture", path);

  const packet = new Packet();
  packet.alloc();
  const drain = (): void => {
    while (encoder.receivePacketSync(packet) >= 0) {
      packet.streamIndex = 0;
      packet.duration = 1n;
      packet.rescaleTs(encoder.timeBase, stream.timeBase);
      check(format.interleavedWriteFrameSync(packet), "fixture: writing", path);
    }
  };
  images.forEach((image, n) => {
    const rgb = pictureFrame(width, height, AV_PIX_FMT_RGB24);
    (rgb.data?.[0] ?? new Uint8Array()).set(image.data);
    const converted = pictureFrame(width, height, pixelFormat);
    if (options.isBt709Full)
      Object.assign(converted, { colorSpace: AVCOL_SPC_BT709, colorRange: AVCOL_RANGE_JPEG });
    const scaler = new SoftwareScaleContext();
    scaler.allocContext();
    check(scaler.scaleFrameSync(converted, rgb), "fixture: converting", path);
    converted.pts = BigInt(n);
    check(encoder.sendFrameSync(converted), "fixture: encoding", path);
    scaler.freeContext();
    rgb.free();
    converted.free();
    drain();
  });
  check(encoder.sendFrameSync(null), "fixture: finishing", path);
  drain();
  check(format.writeTrailerSync(), "fixture: finishing", path);
  packet.free();
  encoder.freeContext();
  format.closeOutputSync();
  format.freeContext();
}

function pictureFrame(width: number, height: number, format: number): Frame {
  const frame = new Frame();
  frame.alloc();
  Object.assign(frame, { width, height, format });
  // Rows of RGB are packed so that pictures can be copied in whole; the widths used here leave others aligned.
  frame.getBuffer(format === AV_PIX_FMT_RGB24 ? 1 : 32);
  return frame;
}

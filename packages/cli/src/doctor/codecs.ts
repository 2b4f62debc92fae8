/** Which video codecs the bundled ffmpeg libraries can write and read. */

export interface CodecFacts {
  /** False where the npm package with ffmpeg's libraries does not load. */
  readonly loaded: boolean;
  readonly encoders: readonly string[];
  readonly decoders: readonly string[];
  /** Wanted and not there. */
  readonly missing: readonly string[];
}

/** What the store writes with, and what others' recordings come in. */
const ENCODERS = ["libx264", "libsvtav1", "mjpeg", "png"];
const DECODERS = ["h264", "hevc", "libdav1d", "mpeg4", "mjpeg", "vp9"];

export async function codecFacts(): Promise<CodecFacts> {
  try {
    const { Codec } = await import("node-av");
    const encoders = ENCODERS.filter((name) => Codec.findEncoderByName(name as never));
    const decoders = DECODERS.filter((name) => Codec.findDecoderByName(name as never));
    const missing = [
      ...ENCODERS.filter((name) => !encoders.includes(name)),
      ...DECODERS.filter((name) => !decoders.includes(name)),
    ];
    return { loaded: true, encoders, decoders, missing };
  } catch {
    return { loaded: false, encoders: [], decoders: [], missing: [...ENCODERS, ...DECODERS] };
  }
}

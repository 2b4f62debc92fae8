/** What a video file is, without decoding its frames. */
import { VideoReader } from "./reader.ts";

export interface VideoFacts {
  readonly path: string;
  /** FFmpeg's name: "h264", "hevc", "av1", "vp9", "msmpeg4v3", ... */
  readonly codec: string;
  readonly pixelFormat: string;
  /** Picture size after the container's rotation. */
  readonly width: number;
  readonly height: number;
  /** Clockwise turn the container asks for; readers apply it. */
  readonly turnDeg: number;
  /** Nominal frames per second. */
  readonly fps: number;
  /** Exact, from the packets. */
  readonly frameCount: number;
  readonly durationSec: number;
  /** Most frames from one keyframe to the next: what a random access may have to decode. */
  readonly keyframeSpacing: number;
  /** Hash of what the decoder is set up with: videos are joined without encoding only where it is the same. */
  readonly setup: string;
}

/** @throws {DataError} if the file is missing, no video, or cut off before its index */
export function probeVideo(path: string): VideoFacts {
  const reader = new VideoReader(path);
  try {
    const { codec, pixelFormat, turnDeg, fps, frameCount, durationSec, keyframeSpacing, setup } = reader;
    const { width, height } = reader.sourceSize;
    return {
      path,
      codec,
      pixelFormat,
      width,
      height,
      turnDeg,
      fps,
      frameCount,
      durationSec,
      keyframeSpacing,
      setup,
    };
  } finally {
    reader.close();
  }
}

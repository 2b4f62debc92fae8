/** Decoding the cameras of one episode into memory, in whatever thread. */
import { DataError } from "@orrery/core";
import { VideoReader, type Fit, type Size } from "../video/index.ts";

/** Frames of some of V cameras into shared memory, [numFrames, V, H, W, 3] from byte `offset`. */
export interface DecodeRequest {
  readonly cameras: readonly { readonly v: number; readonly path: string; readonly fromSec: number }[];
  /** V */
  readonly numCameras: number;
  readonly numFrames: number;
  /** Frames of each camera before the first one wanted. */
  readonly skip: number;
  readonly size: Size;
  readonly fit: Fit;
  readonly memory: SharedArrayBuffer;
  readonly offset: number;
}

/** Decodes episodes one after another; the last file stays open, because LeRobot v3.0 keeps many episodes in one. */
export class EpisodeVideoDecoder {
  readonly #isStopped: () => boolean;
  #open: { key: string; reader: VideoReader } | undefined;

  /** @param isStopped asked between frames; decoding is given up once it says yes */
  constructor(isStopped: () => boolean = () => false) {
    this.#isStopped = isStopped;
  }

  /** @returns frames decoded @throws {DataError} if a video cannot be read, or holds too few frames */
  decode(request: DecodeRequest): number {
    try {
      return this.#decodeAll(request);
    } catch (error) {
      this.close(); // a reader that threw may stand anywhere
      throw error;
    }
  }

  close(): void {
    this.#open?.reader.close();
    this.#open = undefined;
  }

  #decodeAll(request: DecodeRequest): number {
    const { size, numFrames, skip, cameras, numCameras, memory } = request;
    const frameBytes = size.width * size.height * 3;
    const out = new Uint8Array(memory, request.offset, numFrames * numCameras * frameBytes);
    for (const { v, path, fromSec } of cameras) {
      const found = this.#readerFor(path, request).readInto(out, {
        fromSec,
        skip,
        count: numFrames,
        offset: v * frameBytes,
        strideBytes: numCameras * frameBytes,
        isStopped: this.#isStopped,
      });
      if (this.#isStopped()) throw new DataError(`${path}: decoding was stopped.`, { path });
      if (found < numFrames) {
        throw new DataError(
          `${path} must hold ${numFrames} frames from ${fromSec} s on${skip > 0 ? `, after the first ${skip}` : ""}, one per row, found ${found}. ` +
            "Fetch the video again, or leave the episode out.",
          { path },
        );
      }
    }
    return numFrames * cameras.length;
  }

  #readerFor(path: string, { size, fit }: DecodeRequest): VideoReader {
    const key = JSON.stringify([path, size, fit]);
    if (this.#open?.key !== key) {
      this.close();
      this.#open = { key, reader: new VideoReader(path, { size, fit }) };
    }
    return this.#open?.reader as VideoReader;
  }
}

/** The pictures of one camera, episode by episode, shrunk to what curation looks at. Each video is decoded once. */
import { DataError } from "@orrery/core";
import sharp from "sharp";
import type { EpisodeInfo } from "../episode-info.ts";
import type { DatasetReader } from "../reader.ts";
import { VideoReader } from "../video/index.ts";
import { SIDE } from "./grey.ts";

/** Pictures inside rows come in pieces of this many, so that memory does not grow with the episode. */
const PICTURES_AT_ONCE = 64;

interface OpenVideo {
  readonly path: string;
  readonly reader: VideoReader;
  readonly frames: Generator<{ readonly data: Uint8Array }>;
  /** Where the next frame stands. */
  atSec: number;
}

/** What a camera's file says of itself. */
export interface SourceFacts {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly codec: string;
}

/**
 * Reads episodes in order. Many episodes lie in one file of LeRobot v3.0, so the file stays open between them and is
 * read on where the next one begins at the last one's end.
 */
export class CameraFrames {
  readonly #dataset: DatasetReader;
  readonly #camera: string;
  #open: OpenVideo | undefined;

  constructor(dataset: DatasetReader, camera: string) {
    this.#dataset = dataset;
    this.#camera = camera;
  }

  /** Of the file that is open, or as declared for pictures inside rows. */
  get facts(): SourceFacts {
    if (this.#open) {
      const { sourceSize, fps, codec } = this.#open.reader;
      return { ...sourceSize, fps, codec };
    }
    const declared = this.#dataset.cameras.find(({ name }) => name === this.#camera);
    const { width = 0, height = 0 } = declared ?? {};
    return { width, height, fps: this.#dataset.fps, codec: declared?.codec ?? "pictures" };
  }

  /** Damaged pictures met so far in the file that is open. */
  get damaged(): number {
    return this.#open?.reader.damagedFrames ?? 0;
  }

  /** Packed RGB pictures [SIDE, SIDE, 3] of rows 0, 1, ... @throws {DataError} if the file cannot be decoded */
  async *episode(episode: EpisodeInfo): AsyncGenerator<Uint8Array> {
    const source = episode.cameras[this.#camera];
    if (source === undefined) return;
    if (source.kind === "pictures") {
      yield* this.#pictures(episode);
      return;
    }
    const { path, fromSec, fps } = source;
    const isThere = this.#open?.path === path && Math.abs(this.#open.atSec - fromSec) < 0.25 / fps;
    const open = isThere ? (this.#open as OpenVideo) : this.#seek(path, fromSec);
    try {
      for (let t = 0; t < episode.length; t++) {
        const next = open.frames.next();
        if (next.done) {
          throw new DataError(
            `${path} must hold ${episode.length} frames from ${fromSec} s on, it ends after ${t}.`,
            {
              path,
            },
          );
        }
        yield next.value.data;
      }
      open.atSec = fromSec + episode.length / fps;
    } catch (error) {
      this.close(); // a reader that threw may stand anywhere
      throw error;
    }
  }

  close(): void {
    this.#open?.reader.close();
    this.#open = undefined;
  }

  #seek(path: string, fromSec: number): OpenVideo {
    if (this.#open?.path !== path) this.close();
    const reader =
      this.#open?.reader ??
      new VideoReader(path, { size: { width: SIDE, height: SIDE }, fit: "stretch", allowDamage: true });
    this.#open = { path, reader, frames: reader.frames({ fromSec }), atSec: fromSec };
    return this.#open;
  }

  async *#pictures(episode: EpisodeInfo): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < episode.length; from += PICTURES_AT_ONCE) {
      const to = Math.min(episode.length, from + PICTURES_AT_ONCE);
      for (const bytes of await this.#dataset.readPictures(episode.index, this.#camera, from, to)) {
        yield await sharp(bytes)
          .resize(SIDE, SIDE, { fit: "fill" })
          .flatten({ background: "black" })
          .toColourspace("srgb")
          .raw({ depth: "uchar" })
          .toBuffer();
      }
    }
  }
}

/** An episode's pictures at model size: from its videos through the decoder threads, or from pictures in its rows. */
import { DataError } from "@orrery/core";
import sharp from "sharp";
import { SHARP_FIT } from "../video/image.ts";
import type { Fit, Size } from "../video/index.ts";
import type { ClipEpisode } from "./catalogue.ts";
import type { DecodeRequest } from "./decode-episode.ts";
import type { DecodeEpisode } from "./residency.ts";

/** Decodes videos: a `DecodePool`, or this thread. */
export interface VideoDecoding {
  decode(request: DecodeRequest): Promise<void>;
}

/** A decoder of whole episodes, [length, V, H, W, 3]. */
export function makeEpisodeDecoder(videoDecoding: VideoDecoding, size: Size, fit: Fit): DecodeEpisode {
  return async (episode, memory, offset) => {
    const { cameras, length, from } = episode;
    const videos = cameras.flatMap(({ source }, v) =>
      source.kind === "video" ? [{ v, path: source.path, fromSec: source.fromSec }] : [],
    );
    const work: Promise<void>[] = [];
    if (videos.length > 0) {
      work.push(
        videoDecoding.decode({
          cameras: videos,
          numCameras: cameras.length,
          numFrames: length,
          skip: from,
          size,
          fit,
          memory,
          offset,
        }),
      );
    }
    const frameBytes = size.width * size.height * 3;
    const out = new Uint8Array(memory, offset, length * cameras.length * frameBytes);
    cameras.forEach(({ name, source }, v) => {
      if (source.kind !== "pictures") return;
      const place = { offset: v * frameBytes, strideBytes: cameras.length * frameBytes };
      work.push(putPictures(episode, name, size, fit, out, place));
    });
    // All parts end before the memory can be given to another episode.
    const ends = await Promise.allSettled(work);
    const failure = ends.find((end) => end.status === "rejected");
    if (failure) throw failure.reason;
  };
}

async function putPictures(
  episode: ClipEpisode,
  camera: string,
  size: Size,
  fit: Fit,
  out: Uint8Array,
  place: { offset: number; strideBytes: number },
): Promise<void> {
  const pictures = await episode.dataset.readPictures(
    episode.index,
    camera,
    episode.from,
    episode.from + episode.length,
  );
  if (pictures.length < episode.length) {
    throw new DataError(
      `camera ${camera} of episode ${episode.index} must hold ${episode.length} pictures, found ${pictures.length}.`,
    );
  }
  for (let t = 0; t < episode.length; t++) {
    const pixels = await sharp(pictures[t])
      .resize(size.width, size.height, { fit: SHARP_FIT[fit], background: "black" })
      .flatten({ background: "black" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer();
    out.set(pixels, place.offset + t * place.strideBytes);
  }
}

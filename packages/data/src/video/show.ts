/** Videos for people: plain H.264 that any browser plays, with small pictures enlarged so that pixels stay visible. */
import { UsageError, type Image } from "@orrery/core";
import { openVideoWriter } from "./writer.ts";

export interface ShowOptions {
  readonly fps: number;
  /** Whole-number enlargement; chosen so that the longer side reaches about 512 where left out. */
  readonly scale?: number;
}

/** Writes `images`, all of one size, to an mp4 for viewing. @returns the number of frames */
export function writeMp4(path: string, images: Iterable<Image>, options: ShowOptions): number {
  let writer: ReturnType<typeof openVideoWriter> | undefined;
  let scale = options.scale ?? 0;
  try {
    for (const image of images) {
      if (scale === 0) scale = Math.max(1, Math.floor(512 / Math.max(image.width, image.height)));
      // 4:2:0 needs even sides; an odd one gets its last row or column twice.
      const width = image.width * scale + ((image.width * scale) % 2);
      const height = image.height * scale + ((image.height * scale) % 2);
      writer ??= openVideoWriter(path, {
        width,
        height,
        fps: options.fps,
        codec: "h264",
        chroma: 420,
        gop: Math.max(1, Math.round(options.fps)), // a keyframe a second, for scrubbing
        crf: 16,
        preset: "medium",
        audience: "people",
        threads: 2,
      });
      writer.write(enlarge(image, scale, width, height));
    }
    if (!writer) throw new UsageError(`writeMp4: at least one image is needed for ${path}, got none.`);
    writer.close();
    return writer.frameCount;
  } catch (error) {
    writer?.abort();
    throw error;
  }
}

/** Nearest-neighbour enlargement of a picture to `width` x `height`, repeating the border where it falls short. */
export function enlarge(image: Image, scale: number, width: number, height: number): Image {
  if (scale === 1 && width === image.width && height === image.height) return image;
  const data = new Uint8Array(width * height * 3);
  const rowBytes = width * 3;
  for (let y = 0; y < image.height; y++) {
    const first = y * scale * rowBytes;
    for (let x = 0; x < width; x++) {
      const from = (y * image.width + Math.min(image.width - 1, Math.floor(x / scale))) * 3;
      data[first + x * 3] = image.data[from] as number;
      data[first + x * 3 + 1] = image.data[from + 1] as number;
      data[first + x * 3 + 2] = image.data[from + 2] as number;
    }
    const last = y === image.height - 1 ? height : (y + 1) * scale;
    for (let row = y * scale + 1; row < last; row++) data.copyWithin(row * rowBytes, first, first + rowBytes);
  }
  return { width, height, data };
}

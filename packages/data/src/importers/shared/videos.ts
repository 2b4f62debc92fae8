/** Steps whose pictures lie in video files: frame t belongs to row t. */
import { DataError, type Image, type Step } from "@orrery/core";
import { VideoReader } from "../../video/reader.ts";
import type { Findings } from "./findings.ts";

/** Frames [fromFrame, toFrame) of a video that holds several episodes. */
export interface FrameSpan {
  readonly path: string;
  readonly fromFrame: number;
  readonly toFrame: number;
}

/**
 * Adds one frame per camera to each step. The episode ends with the shortest video, for a row without its picture is
 * no observation; rows and frames left over are reported.
 */
export async function* withVideos(
  steps: AsyncIterable<Step>,
  videos: Readonly<Record<string, string | FrameSpan>>,
  findings: Findings,
): AsyncGenerator<Step> {
  const readers: { name: string; reader: VideoReader; frames: Iterator<Image> }[] = [];
  try {
    for (const [name, video] of Object.entries(videos)) {
      const reader = new VideoReader(typeof video === "string" ? video : video.path);
      readers.push({
        name,
        reader,
        frames: typeof video === "string" ? reader.frames() : spanOf(reader, video),
      });
    }
    let row = 0;
    let isOver = false;
    for await (const step of steps) {
      const images: Record<string, Image> = { ...step.images };
      for (const { name, frames } of readers) {
        const next = frames.next();
        if (next.done) {
          findings.add(`video ${name} ends; this row and all later ones are left out`, row);
          isOver = true;
        } else images[name] = imageOf(next.value);
      }
      if (isOver) return;
      row++;
      yield { ...step, images };
    }
    for (const { name, frames } of readers) {
      if (!frames.next().done)
        findings.add(`video ${name} goes on after the last row; its rest is left out`, row);
    }
  } finally {
    for (const { reader } of readers) reader.close();
  }
}

/** The frames of a span by their times; none where the video ends before it. */
function* spanOf(reader: VideoReader, { fromFrame, toFrame }: FrameSpan): Generator<Image> {
  const fromSec = reader.timesSec[fromFrame];
  let left = toFrame - fromFrame;
  if (fromSec === undefined) return;
  for (const frame of reader.frames({ fromSec })) {
    if (left-- <= 0) return;
    yield frame;
  }
}

/** Size of a video's pictures, from its header. @throws {DataError} if it cannot be opened */
export function videoSize(path: string): { width: number; height: number; fps: number } {
  const reader = new VideoReader(path);
  try {
    return { ...reader.sourceSize, fps: reader.fps };
  } catch (error) {
    throw error instanceof DataError ? error : new DataError(`${path}: no video.`, { path, cause: error });
  } finally {
    reader.close();
  }
}

function imageOf({ width, height, data }: Image): Image {
  return { width, height, data };
}

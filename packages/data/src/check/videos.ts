/** Counts the frames of every video and compares them with the episodes that lie in it. */
import { AbortedError, DataError } from "@orrery/core";
import { shortList, type Problems } from "../problems.ts";
import type { DatasetReader } from "../reader.ts";
import { decodeImage, probeVideo, type VideoFacts } from "../video/index.ts";

interface Span {
  readonly episode: number;
  readonly length: number;
  readonly fromSec: number;
  readonly toSec: number;
}

/** @returns video frames counted */
export async function checkVideos(
  reader: DatasetReader,
  problems: Problems,
  signal?: AbortSignal,
): Promise<number> {
  let frames = 0;
  for (const camera of reader.cameras) {
    if (camera.kind === "pictures") await checkPictures(reader, camera.name, problems);
    const files = new Map<string, Span[]>();
    for (const { index, length, cameras, readable } of reader.episodes) {
      const source = cameras[camera.name];
      if (!readable || source?.kind !== "video") continue;
      const spans = files.get(source.path) ?? [];
      spans.push({ episode: index, length, fromSec: source.fromSec, toSec: source.toSec });
      files.set(source.path, spans);
    }
    const sizes = new Set<string>();
    for (const [path, spans] of files) {
      if (signal?.aborted) throw new AbortedError("checkDataset: stopped while counting video frames.");
      const facts = probe(path, problems);
      if (!facts) continue;
      frames += facts.frameCount;
      sizes.add(`${facts.width} x ${facts.height}`);
      checkSpans(reader.fps, facts, spans, problems);
    }
    const declared = `${camera.width} x ${camera.height}`;
    const others = [...sizes].filter((size) => size !== declared);
    if (others.length > 0) {
      problems.add(
        "warning",
        camera.key,
        `pictures must be ${declared} as declared, videos have ${shortList(others)}; the videos are believed.`,
        "Correct the shape in meta/info.json.",
      );
    }
  }
  return frames;
}

function probe(path: string, problems: Problems): VideoFacts | null {
  try {
    return probeVideo(path);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    problems.add(
      "error",
      path,
      error.message,
      "Fetch the video again; its episodes cannot be used with this camera.",
    );
    return null;
  }
}

function checkSpans(fps: number, facts: VideoFacts, spans: readonly Span[], problems: Problems): void {
  const { path, frameCount } = facts;
  if (Math.abs(facts.fps - fps) > 0.01 * fps) {
    problems.add(
      "warning",
      path,
      `the video must run at the dataset's ${fps} frames/s, it runs at ${facts.fps.toFixed(3)}; row t is taken to show frame t.`,
      "Check fps in meta/info.json.",
    );
  }
  let end = 0;
  for (const { episode, length, fromSec, toSec } of spans) {
    const first = Math.round(fromSec * fps);
    const held = Math.round(toSec * fps) - first;
    end = Math.max(end, first + length);
    if (held !== length) {
      problems.add(
        "error",
        `episode ${episode}`,
        `${path} must hold ${length} frames of it, its span ${fromSec} to ${toSec} s holds ${held}.`,
        "Correct the timestamps in meta/episodes.",
      );
    }
    if (first + length > frameCount) {
      const there = Math.max(0, frameCount - first);
      problems.add(
        "error",
        `episode ${episode}`,
        `${path} must hold its frames ${first} to ${first + length}, the file has ${frameCount} (${there} of ${length}).`,
        "Fetch the video again, or use only the rows that have frames.",
      );
    }
  }
  if (frameCount > end) {
    problems.add(
      "warning",
      path,
      `the video must end with its last episode (frame ${end}), it has ${frameCount} frames.`,
      "Nothing, if the surplus is at the end; otherwise frames and rows do not match.",
    );
  }
}

/** Pictures inside rows: the first and last of each episode must decode. */
async function checkPictures(reader: DatasetReader, camera: string, problems: Problems): Promise<void> {
  for (const { index, length, readable } of reader.episodes) {
    if (!readable || length === 0) continue;
    try {
      const first = await reader.readPictures(index, camera, 0, 1);
      const last = await reader.readPictures(index, camera, length - 1, length);
      for (const bytes of [...first, ...last]) await decodeImage(bytes, `episode ${index}, ${camera}`);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.add(
        "error",
        `episode ${index}`,
        error.message,
        "Fetch the file again, or leave the camera out.",
      );
    }
  }
}

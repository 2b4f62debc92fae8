/** Decodes a dataset once, at 64 x 64, and keeps what was measured beside it. Goes on where it was stopped. */
import { createHash } from "node:crypto";
import { AbortedError, DataError, messageOf } from "@orrery/core";
import { colourCameras } from "../clips/catalogue.ts";
import type { EpisodeColumns, EpisodeInfo } from "../episode-info.ts";
import type { DatasetReader } from "../reader.ts";
import { CameraFrames } from "./camera-frames.ts";
import { FrameMeter } from "./frame-meter.ts";
import { MeasureStore, writeMeasures, type EpisodeMeasures, type MeasuredCamera } from "./measures.ts";

/** Frames measured between two writes: what a kill can cost, and what memory holds. */
const FRAMES_PER_PART = 20_000;

export interface MeasureOptions {
  /** Where measures are kept. */
  readonly folder: string;
  readonly onProgress?: (framesDone: number, framesInAll: number) => void;
  readonly signal?: AbortSignal;
}

/** Measures the episodes that are not measured yet. @throws {AbortedError} when asked to stop; what was done is kept */
export async function measureDataset(dataset: DatasetReader, options: MeasureOptions): Promise<MeasureStore> {
  const { folder, onProgress, signal } = options;
  const known = await MeasureStore.open(folder);
  const cameras = colourCameras(dataset);
  const readers = new Map(cameras.map((name) => [name, new CameraFrames(dataset, name)]));
  const total = cameras.length * dataset.numFrames;
  let done = 0;
  let waiting: EpisodeMeasures[] = [];
  let waitingFrames = 0;
  const keep = (): void => {
    if (waiting.length > 0) writeMeasures(folder, waiting);
    [waiting, waitingFrames] = [[], 0];
  };
  try {
    for (const episode of dataset.episodes) {
      if (!episode.readable) continue;
      const before = done;
      const { key, rowsHash } = await identify(dataset, episode, cameras);
      if (known.keyOf(episode.index) !== key) {
        const measured: MeasuredCamera[] = [];
        for (const name of cameras) {
          if (!episode.cameras[name]) continue;
          const frames = readers.get(name) as CameraFrames;
          measured.push(
            await measureCamera(dataset.fps, episode, name, frames, () => {
              onProgress?.(++done, total);
              if (signal?.aborted)
                throw new AbortedError("data curate: stopped; what was measured has been kept.");
            }),
          );
        }
        waiting.push({ episode: episode.index, key, rowsHash, cameras: measured });
        waitingFrames += measured.reduce((sum, { facts }) => sum + facts.frames, 0);
        if (waitingFrames >= FRAMES_PER_PART) keep();
      }
      done = before + cameras.length * episode.length;
      onProgress?.(done, total);
    }
  } finally {
    keep();
    for (const reader of readers.values()) reader.close();
  }
  return MeasureStore.open(folder);
}

async function measureCamera(
  fps: number,
  episode: EpisodeInfo,
  camera: string,
  source: CameraFrames,
  onFrame: () => void,
): Promise<MeasuredCamera> {
  const meter = new FrameMeter(episode.length, fps);
  const damagedBefore = source.damaged;
  let error: string | undefined;
  let facts = source.facts;
  let damagedFrames = 0;
  try {
    for await (const rgb of source.episode(episode)) {
      if (meter.count === 0) facts = source.facts;
      meter.push(rgb);
      damagedFrames = source.damaged;
      onFrame();
    }
  } catch (caught) {
    if (!(caught instanceof DataError)) throw caught;
    error = messageOf(caught);
  }
  const measures = meter.finish();
  return {
    ...measures,
    facts: {
      ...facts,
      camera,
      frames: meter.count,
      // The count belongs to the file and starts anew with each.
      damagedFrames: Math.max(
        0,
        damagedFrames >= damagedBefore ? damagedFrames - damagedBefore : damagedFrames,
      ),
      contentBox: [...measures.contentBox],
      ...(error === undefined ? {} : { error }),
    },
  };
}

/**
 * `key` changes when the episode's rows, length, source or cameras do; where its video lies may change freely.
 * `rowsHash` is of the state and action alone, to find the same recording under another name.
 */
async function identify(
  dataset: DatasetReader,
  episode: EpisodeInfo,
  cameras: readonly string[],
): Promise<{ key: string; rowsHash: string }> {
  let columns: EpisodeColumns | undefined;
  try {
    columns = await dataset.readEpisode(episode.index);
  } catch (error) {
    if (!(error instanceof DataError)) throw error; // judged later, with its reason
  }
  const rows = createHash("sha256");
  const parts = [columns?.state, columns?.action].filter((part) => part !== undefined && part !== null);
  for (const part of parts) rows.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  const rowsHash = parts.length > 0 ? rows.digest("hex").slice(0, 16) : "";
  const held = cameras.filter((name) => episode.cameras[name]);
  const about = [rowsHash, episode.length, held, episode.provenance.sourceHash ?? null, dataset.fps];
  return { key: createHash("sha256").update(JSON.stringify(about)).digest("hex").slice(0, 16), rowsHash };
}

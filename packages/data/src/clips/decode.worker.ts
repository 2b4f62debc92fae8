/** Worker thread: decodes the cameras of one episode after another into shared memory. */
import { parentPort } from "node:worker_threads";
import { DataError, messageOf } from "@orrery/core";
import { VideoReader } from "../video/reader.ts";
import type { DecodeAnswer, DecodeJob } from "./decode-pool.ts";

/** The last file stays open: LeRobot v3.0 keeps many episodes in one. */
let open: { key: string; reader: VideoReader } | undefined;

function readerFor(path: string, job: DecodeJob): VideoReader {
  const key = JSON.stringify([path, job.size, job.fit]);
  if (open?.key !== key) {
    open?.reader.close();
    open = undefined;
    open = { key, reader: new VideoReader(path, { size: job.size, fit: job.fit }) };
  }
  return open.reader;
}

function decode(job: DecodeJob): number {
  const { size, numFrames, cameras, numCameras } = job;
  const frameBytes = size.width * size.height * 3;
  const out = new Uint8Array(job.memory, job.offset, numFrames * numCameras * frameBytes);
  for (const { v, path, fromSec } of cameras) {
    const strideBytes = frameBytes * numCameras;
    const found = readerFor(path, job).readInto(out, {
      fromSec,
      strideBytes,
      count: numFrames,
      offset: v * frameBytes,
    });
    if (found < numFrames) {
      throw new DataError(
        `${path} must hold ${numFrames} frames from ${fromSec} s on, one per row, found ${found}. ` +
          "Fetch the video again, or leave the episode out.",
        { path },
      );
    }
  }
  return numFrames * cameras.length;
}

parentPort?.on("message", (job: DecodeJob) => {
  const began = performance.now();
  let answer: DecodeAnswer;
  try {
    const frames = decode(job);
    answer = { id: job.id, frames, ms: performance.now() - began };
  } catch (error) {
    // A reader that threw may stand anywhere.
    open?.reader.close();
    open = undefined;
    answer = { id: job.id, error: messageOf(error), ms: performance.now() - began };
  }
  parentPort?.postMessage(answer);
});

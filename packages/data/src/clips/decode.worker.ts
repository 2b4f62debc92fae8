/** Worker thread: answers each `DecodeJob` once its frames are in shared memory, or could not be decoded. */
import { parentPort } from "node:worker_threads";
import { messageOf } from "@orrery/core";
import { EpisodeVideoDecoder } from "./decode-episode.ts";
import type { DecodeAnswer, DecodeJob } from "./decode-pool.ts";

const decoder = new EpisodeVideoDecoder();

parentPort?.on("message", (job: DecodeJob) => {
  const began = performance.now();
  let outcome: { frames: number } | { error: string };
  try {
    outcome = { frames: decoder.decode(job) };
  } catch (error) {
    outcome = { error: messageOf(error) };
  }
  const answer: DecodeAnswer = { id: job.id, ms: performance.now() - began, ...outcome };
  parentPort?.postMessage(answer);
});

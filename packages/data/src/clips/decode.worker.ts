/** Worker thread: answers each `DecodeJob` once its frames are in shared memory, or could not be decoded. */
import { messageOf } from "@orrery/core";
import { serveOrders } from "@orrery/core/node";
import { EpisodeVideoDecoder } from "./decode-episode.ts";
import type { DecodeAnswer, DecodeJob } from "./decode-pool.ts";

await serveOrders<DecodeJob, DecodeAnswer>((_, isStopped) => {
  const decoder = new EpisodeVideoDecoder(isStopped);
  return {
    answer: (job) => {
      const began = performance.now();
      let outcome: { frames: number } | { error: string };
      try {
        outcome = { frames: decoder.decode(job) };
      } catch (error) {
        outcome = { error: messageOf(error) };
      }
      return { id: job.id, ms: performance.now() - began, ...outcome };
    },
    close: () => decoder.close(),
  };
});

import { once } from "node:events";
import { spawnWorker } from "@orrery/core/node";
import { expect, test } from "vitest";
import { liveTensorCount, ones } from "./index.ts";

test("each worker thread has tensors of its own, and its end harms nobody", async () => {
  const mine = ones([3]);
  const before = liveTensorCount();
  const workers = [1, 2].map(() => spawnWorker(new URL("./testdata/tensor-worker.ts", import.meta.url)));
  const done = await Promise.all(
    workers.map(async (worker) => {
      const exited = once(worker, "exit");
      const [report] = (await once(worker, "message")) as [unknown];
      await exited;
      return report;
    }),
  );
  expect(done).toEqual([
    { live: 0, message: "TorchError" },
    { live: 0, message: "TorchError" },
  ]);
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
  expect(mine.sum().item()).toBe(3);
});

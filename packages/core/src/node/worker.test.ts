import { once } from "node:events";
import { expect, test } from "vitest";
import { makeRng } from "../rng.ts";
import { spawnWorker } from "./worker.ts";

test("a thread runs a TypeScript file, its imports and its data", async () => {
  const worker = spawnWorker(new URL("./echo.worker.ts", import.meta.url), { workerData: { seed: 7 } });
  const [answer] = await once(worker, "message");
  expect(answer).toBe(makeRng(7).uint32());
  await worker.terminate();
});

test("a missing file is an error of the worker, not of the process", async () => {
  const worker = spawnWorker(new URL("./not-there.worker.ts", import.meta.url));
  const [error] = await once(worker, "error");
  expect(String(error)).toContain("not-there");
});

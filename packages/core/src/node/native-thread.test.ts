import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { NativeThread } from "./native-thread.ts";

const folder = mkdtempSync(join(tmpdir(), "orrery-thread-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (name: string): NativeThread =>
  new NativeThread(new URL("./testdata/slow-thread.ts", import.meta.url), join(folder, name));
const diary = (name: string): string => readFileSync(join(folder, name), "utf8");

test("orders are answered one at a time, in order", async () => {
  const thread = start("orders");
  const answers: unknown[] = [];
  thread.worker.on("message", (answer) => answers.push(answer));
  for (const order of [1, 2, 3]) thread.worker.postMessage(order);
  while (answers.length < 3) await once(thread.worker, "message");
  expect(answers).toEqual([1, 2, 3]);
  await thread.stop();
  expect(diary("orders")).toBe("ready, 1 begins, 1 done, 2 begins, 2 done, 3 begins, 3 done, closed");
});

test("a stop lets the native call end, gives up the order and closes; a second stop does nothing", async () => {
  const thread = start("stopped");
  const exited = once(thread.worker, "exit");
  thread.worker.postMessage("endless");
  thread.worker.postMessage("never begun");
  await once(thread.worker, "message");
  await Promise.all([thread.stop(), thread.stop()]);
  expect(await exited).toEqual([0]);
  expect(diary("stopped")).toBe("ready, endless begins, endless given up, closed");
  await thread.stop();
});

test("a thread that is stopped before it has begun ends as well", async () => {
  const thread = start("early");
  thread.worker.postMessage("never begun");
  await thread.stop();
  expect(diary("early")).toBe("ready, closed");
});

test("an order that throws ends the thread with its error", async () => {
  const thread = start("throws");
  thread.worker.postMessage("throw");
  const [error] = await once(thread.worker, "error");
  expect(String(error)).toContain("as ordered");
  await thread.stop();
});

test("a process that exits waits until its threads are outside native code", () => {
  const child = fileURLToPath(new URL("./testdata/exit-at-work.ts", import.meta.url));
  const { status } = spawnSync(process.execPath, ["--import", "tsx", child, join(folder, "exit")]);
  expect(status).toBe(7);
  expect(diary("exit")).toBe("ready, endless begins, endless given up, closed");
});

/** A thread that writes down what it does, with blocking waits in place of native calls. Data: the file to write. */
import { appendFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { serveOrders } from "../native-thread.ts";

function nativeCall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

await serveOrders<string | number, string | number>((diary, isStopped) => {
  const note = (text: string): void => appendFileSync(diary as string, text);
  nativeCall(100);
  note("ready");
  return {
    answer: (order) => {
      if (order === "throw") throw new Error("as ordered");
      note(`, ${order} begins`);
      if (order === "endless") {
        parentPort?.postMessage("at work");
        while (!isStopped()) nativeCall(20);
        note(`, ${order} given up`);
        throw new Error("given up");
      }
      nativeCall(20);
      note(`, ${order} done`);
      return order;
    },
    close: () => note(", closed"),
  };
});

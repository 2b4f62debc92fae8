/** Runs the HDF5 library in a thread of its own, where a corrupt file may crash or stall it without harm to the import. */
import { parentPort } from "node:worker_threads";
import { DataError, messageOf } from "@orrery/core";
import { isTrap } from "./h5file.ts";
import type { FromWorker, ToWorker } from "./isolated.ts";
import { readH5Steps, walkH5File } from "./read-file.ts";

const streams = new Map<number, AsyncGenerator>();

function start(message: Extract<ToWorker, { kind: "walk" | "steps" }>): AsyncGenerator {
  return message.kind === "walk"
    ? walkH5File(message.path, message.label, message.rateHz)
    : readH5Steps(message.path, message.group, message.rateHz);
}

async function answer(message: ToWorker): Promise<FromWorker> {
  const { id } = message;
  try {
    if (message.kind === "walk" || message.kind === "steps") {
      streams.set(id, start(message));
      return { id, kind: "started" };
    }
    const stream = streams.get(id);
    const result = message.kind === "stop" ? await stream?.return(undefined) : await stream?.next();
    if (result && !result.done) return { id, kind: "value", value: result.value };
    streams.delete(id);
    return { id, kind: "done" };
  } catch (error) {
    streams.delete(id);
    // After a trap or an abort the library's memory cannot be trusted any more.
    const cause = error instanceof DataError ? error.cause : error;
    return {
      id,
      kind: "failed",
      reason: messageOf(error),
      isFatal: isTrap(cause),
    };
  }
}

parentPort?.on("message", (message: ToWorker) => {
  void answer(message).then((reply) => parentPort?.postMessage(reply));
});

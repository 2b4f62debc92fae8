/** Worker threads that run TypeScript files, from source or from a test runner alike. */
import { Worker, type WorkerOptions } from "node:worker_threads";

/** Starts `file` (pass `new URL("./x.worker.ts", import.meta.url)`) in a thread that understands TypeScript. */
export function spawnWorker(file: URL, options: Omit<WorkerOptions, "argv" | "eval"> = {}): Worker {
  return new Worker(new URL("./worker-entry.mjs", import.meta.url), { ...options, argv: [file.href] });
}

/** Answers for the test of `spawnWorker`: TypeScript syntax and an import prove that the thread runs sources. */
import { parentPort, workerData } from "node:worker_threads";
import { makeRng } from "../rng.ts";

const seed: number = (workerData as { seed: number }).seed;
parentPort?.postMessage(makeRng(seed).uint32());

/** One thread of a soak of random steps. */
import { parentPort, workerData } from "node:worker_threads";
import { type SoakMessage, type SoakPlan, soakSteps } from "./soak-steps.ts";

const result = await soakSteps(workerData as SoakPlan, (steps) => {
  parentPort?.postMessage({ steps } satisfies SoakMessage);
});
parentPort?.postMessage({ result } satisfies SoakMessage);

/** Random steps on all cores. */
import { availableParallelism } from "node:os";
import { OrreryError, makeRng, messageOf } from "@orrery/core";
import { spawnWorker } from "@orrery/core/node";
import { STEPS_PER_EPISODE, type SoakMessage, type SoakPlan, type StepSoak } from "./soak-steps.ts";

/** The same on all cores: each thread takes its share under a seed of its own. */
export async function soakStepsOnAllCores(
  plan: SoakPlan,
  onProgress: (steps: number) => void = () => {},
): Promise<StepSoak> {
  const startMs = performance.now();
  const threads = Math.max(1, Math.min(availableParallelism(), Math.floor(plan.steps / STEPS_PER_EPISODE)));
  const done = Array.from({ length: threads }, () => 0);
  const results = await Promise.all(
    done.map((_, i) => {
      const share = Math.floor(((i + 1) * plan.steps) / threads) - Math.floor((i * plan.steps) / threads);
      return inThread({ steps: share, seed: makeRng(plan.seed, "soak-thread", i).uint32() }, (steps) => {
        done[i] = steps;
        onProgress(done.reduce((sum, n) => sum + n, 0));
      });
    }),
  );
  const total = (key: keyof StepSoak): number => results.reduce((sum, result) => sum + result[key], 0);
  return {
    steps: total("steps"),
    episodes: total("episodes"),
    clipped: total("clipped"),
    nonFinite: total("nonFinite"),
    seconds: (performance.now() - startMs) / 1000,
  };
}

async function inThread(plan: SoakPlan, onProgress: (steps: number) => void): Promise<StepSoak> {
  const worker = spawnWorker(new URL("./soak.worker.ts", import.meta.url), { workerData: plan });
  try {
    return await new Promise<StepSoak>((resolve, reject) => {
      worker.on("message", (message: SoakMessage) => {
        if ("result" in message) resolve(message.result);
        else onProgress(message.steps);
      });
      worker.on("error", (error) =>
        reject(new OrreryError(`soak: a thread failed: ${messageOf(error)}`, { cause: error })),
      );
      worker.on("exit", (code) => reject(new OrreryError(`soak: a thread ended with code ${code}.`)));
    });
  } finally {
    await worker.terminate();
  }
}

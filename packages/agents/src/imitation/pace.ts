/** How many observations per step take how long, so that a policy can be given as much time per step as something else. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PolicyConfig } from "./config.ts";
import { trainPolicy, type TrainPolicyOptions } from "./trainer.ts";

export interface Pace {
  readonly batch: number;
  /** As measured; the line through them decides. */
  readonly tries: readonly { readonly batch: number; readonly secPerStep: number }[];
}

const TRIED = [4, 16, 48] as const;
const STEPS = 8;
/** The first steps also fill caches and start threads. */
const WARM = 3;
const MAX_BATCH = 512;

/**
 * The batch with which a step takes about `secPerStep`, from a few steps of three sizes: a step costs a fixed amount and
 * one per observation. At least 1; what then still differs, whoever compares will see.
 */
export async function batchForPace(
  options: Pick<TrainPolicyOptions, "config" | "sources" | "cameras" | "backbone" | "device" | "signal">,
  secPerStep: number,
): Promise<Pace> {
  const tries: { batch: number; secPerStep: number }[] = [];
  for (const batch of TRIED) tries.push({ batch, secPerStep: await timeSteps(options, batch) });
  const meanBatch = tries.reduce((sum, t) => sum + t.batch, 0) / tries.length;
  const meanSec = tries.reduce((sum, t) => sum + t.secPerStep, 0) / tries.length;
  const slope =
    tries.reduce((sum, t) => sum + (t.batch - meanBatch) * (t.secPerStep - meanSec), 0) /
    tries.reduce((sum, t) => sum + (t.batch - meanBatch) ** 2, 0);
  const wanted = slope > 0 ? meanBatch + (secPerStep - meanSec) / slope : MAX_BATCH;
  return { batch: Math.min(MAX_BATCH, Math.max(1, Math.round(wanted))), tries };
}

/** Seconds per step at a batch, the quickest of a few: what else the machine does only ever adds. */
async function timeSteps(options: Parameters<typeof batchForPace>[0], batch: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "orrery-pace-"));
  const { training } = options.config;
  const config: PolicyConfig = {
    ...options.config,
    training: { ...training, batch, steps: STEPS, warmupSteps: 1 },
  };
  const stampsMs: number[] = [];
  try {
    await trainPolicy({
      ...options,
      config,
      out: join(folder, "run"),
      seed: 0,
      onProgress: () => stampsMs.push(performance.now()),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const gaps = stampsMs.slice(WARM).map((stamp, i) => stamp - (stampsMs[WARM - 1 + i] as number));
  return Math.min(...gaps) / 1000;
}

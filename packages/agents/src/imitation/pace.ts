/** How many observations per step take how long, so that a policy can be given as much time per step as something else. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PolicyConfig } from "./config.ts";
import { trainPolicy, type TrainPolicyOptions } from "./trainer.ts";

export interface Pace {
  readonly batch: number;
  /** What a step may take. */
  readonly secPerStep: number;
  /** As measured; the line through them decides. */
  readonly tries: readonly Try[];
}

/** A training to keep up with: so many steps in so many seconds, set-up included. */
export interface Terms {
  readonly steps: number;
  readonly seconds: number;
}

type PaceOptions = Pick<
  TrainPolicyOptions,
  "config" | "sources" | "cameras" | "backbone" | "device" | "signal"
>;

const TRIED = [4, 16, 48] as const;
const STEPS = 8;
/** The first steps also fill caches and start threads. */
const WARM = 3;
const MAX_BATCH = 512;

/**
 * The batch with which training takes about as long as the terms, from a few steps of three sizes: a step costs a fixed
 * amount and one per observation. At least 1; what then still differs, whoever compares will see.
 */
export async function batchForPace(options: PaceOptions, { steps, seconds }: Terms): Promise<Pace> {
  const tries: Try[] = [];
  for (const batch of TRIED) tries.push(await timeSteps(options, batch));
  return fitBatch(tries, { steps, seconds });
}

/** A straight line through the tries, read off where a step takes what the terms leave for it. */
export function fitBatch(tries: readonly Try[], { steps, seconds }: Terms): Pace {
  const setUpSec = Math.min(...tries.map((t) => t.setUpSec));
  const secPerStep = Math.max(0.2 * seconds, seconds - setUpSec) / steps;
  const mean = (of: (t: Try) => number): number => tries.reduce((sum, t) => sum + of(t), 0) / tries.length;
  const [meanBatch, meanSec] = [mean((t) => t.batch), mean((t) => t.secPerStep)];
  const slope =
    mean((t) => (t.batch - meanBatch) * (t.secPerStep - meanSec)) / mean((t) => (t.batch - meanBatch) ** 2);
  const wanted = slope > 0 ? meanBatch + (secPerStep - meanSec) / slope : MAX_BATCH;
  return { batch: Math.min(MAX_BATCH, Math.max(1, Math.round(wanted))), secPerStep, tries };
}

/** What a few steps with one batch took. */
export interface Try {
  readonly batch: number;
  readonly secPerStep: number;
  /** Until the first steps are done. */
  readonly setUpSec: number;
}

/** The quickest step of a few counts: what else the machine does only ever adds. */
async function timeSteps(options: PaceOptions, batch: number): Promise<Try> {
  const folder = mkdtempSync(join(tmpdir(), "orrery-pace-"));
  const { training } = options.config;
  const config: PolicyConfig = {
    ...options.config,
    training: { ...training, batch, steps: STEPS, warmupSteps: 1 },
  };
  const beganMs = performance.now();
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
  const gapsMs = stampsMs.slice(WARM).map((stamp, i) => stamp - (stampsMs[WARM - 1 + i] as number));
  return {
    batch,
    secPerStep: Math.min(...gapsMs) / 1000,
    setUpSec: ((stampsMs[WARM - 1] as number) - beganMs) / 1000,
  };
}

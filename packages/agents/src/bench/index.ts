/**
 * `orrery bench plan`: how long a decision takes, from the picture to the action, for each search in the small
 * joint-embedding model. The weights do not change the time, so an untrained model of the kitchen's size stands in.
 */
import { availableParallelism, cpus } from "node:os";
import type { Embodiment, Goal } from "@orrery/core";
import { choosePrecision, JepaModel, loadConfig, openImagination, type Imagination } from "@orrery/models";
import { bodyNamed, DEFAULT_BODY, makeKitchenWorld } from "@orrery/sim";
import { Generator, getNumThreads, scope } from "@orrery/torch";
import { Planner } from "../planner/index.ts";
import { makeSearch } from "../search/index.ts";

/** One plan of 300 samples, 5 steps and 10 iterations may take this long on two cores. */
export const PLAN_BAR_MS = 200;
/** And plans must follow each other at least so often. */
export const REPLAN_BAR_HZ = 5;

export interface PlanTiming {
  readonly search: string;
  readonly samples: number;
  readonly steps: number;
  readonly iterations: number;
  /** Median and 95 % of whole decisions: taking in the picture, searching, one look at the outcome. */
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly decisions: number;
}

export interface PlanBench {
  readonly timings: readonly PlanTiming[];
  /** Of a decision that only hands out more of an earlier plan: taking in the picture. */
  readonly observeMs: number;
  readonly bfloat16: boolean;
  readonly parameters: number;
  readonly threads: number;
  readonly machine: string;
}

interface Workload {
  readonly search: string;
  readonly options: Readonly<Record<string, number>>;
  readonly iterations: number;
  readonly samples: number;
}

/** The bar's own search first, then the others as they are used. */
const WORKLOADS: readonly Workload[] = [
  { search: "cem", samples: 300, iterations: 10, options: { samples: 300, elites: 30, iterations: 10 } },
  { search: "icem", samples: 300, iterations: 5, options: { samples: 300, elites: 30, iterations: 5 } },
  { search: "mppi", samples: 300, iterations: 6, options: { samples: 300, elites: 60, iterations: 6 } },
  { search: "gradient", samples: 16, iterations: 30, options: { samples: 16, iterations: 30 } },
];
const STEPS = 5;

/** About 30 seconds on two cores, or 5 when quick. */
export async function benchPlan(
  options: { readonly isQuick?: boolean; readonly onProgress?: (text: string) => void } = {},
): Promise<PlanBench> {
  const { isQuick = false, onProgress = () => undefined } = options;
  const { world, embodiment } = await kitchen();
  const model = scope(() => smallModel(embodiment));
  const { usesBfloat16 } = choosePrecision("cpu");
  const imagine = (seed: number): Imagination => openImagination(model, seed, { usesBfloat16 });
  const observation = await world.reset(0);
  const { height, width } = imagine(0).size;
  const data = new Uint8Array(height * width * 3).fill(128);
  const goal: Goal = { kind: "image", image: { height, width, data } };
  const decide = async (workload: Workload, replanEvery: number, decisions: number): Promise<number[]> => {
    const search = makeSearch(workload.search, workload.options);
    const planner = new Planner(imagine, search, { horizon: STEPS, block: 5, hold: 5, replanEvery });
    await planner.reset(0, goal);
    const times: number[] = [];
    for (let i = 0; i < decisions; i++) {
      const beganMs = performance.now();
      await planner.act(observation);
      times.push(performance.now() - beganMs);
    }
    await planner.close();
    return times.slice(2); // the first ones fill caches and make the stream
  };
  const timings: PlanTiming[] = [];
  for (const workload of WORKLOADS) {
    onProgress(workload.search);
    const times = await decide(workload, 1, isQuick ? 6 : 32);
    const { search, samples, iterations } = workload;
    timings.push({
      search,
      samples,
      steps: STEPS,
      iterations,
      medianMs: quantile(times, 0.5),
      p95Ms: quantile(times, 0.95),
      decisions: times.length,
    });
  }
  onProgress("taking in pictures");
  const [bar] = WORKLOADS as readonly [Workload];
  const observeMs = quantile(await decide(bar, 20, 20), 0.5);
  const parameters = model.nets.numParameters();
  model.free();
  await world.close();
  return {
    timings,
    observeMs,
    bfloat16: usesBfloat16,
    parameters,
    threads: getNumThreads(),
    machine: `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${availableParallelism()} threads, Node ${process.version}`,
  };
}

async function kitchen(): Promise<{
  world: Awaited<ReturnType<typeof makeKitchenWorld>>;
  embodiment: Embodiment;
}> {
  const { net } = loadConfig("jepa-tiny");
  const camera = bodyNamed(DEFAULT_BODY).spec.cameras[0]?.name ?? "head";
  const cameras = [{ name: camera, width: net.width, height: net.height }];
  const world = await makeKitchenWorld({ task: "reach", cameras });
  return { world, embodiment: world.embodiment };
}

function smallModel(embodiment: Embodiment): JepaModel {
  const width = (parts: Embodiment["state"]): number => parts.reduce((sum, part) => sum + part.width, 0);
  const facts = {
    cameras: embodiment.cameras.map(({ name }) => name),
    actionWidth: width(embodiment.action),
    stateWidth: width(embodiment.state),
    controlRateHz: embodiment.controlRateHz,
    embodiment,
  };
  const model = new JepaModel(loadConfig("jepa-tiny"), facts, new Generator(0));
  model.setTrainable(false);
  // Actions that were never recorded would not be searched, and the search would have nothing to do.
  model.actionScale.set({
    mean: new Float32Array(facts.actionWidth),
    std: new Float32Array(facts.actionWidth).fill(0.02),
  });
  return model;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** Long runs that must show nothing: random steps without a NaN, and episodes without a growing memory. */
import { availableParallelism } from "node:os";
import { type Observation, OrreryError, type Rng, makeRng, messageOf } from "@orrery/core";
import { spawnWorker } from "@orrery/core/node";
import { TASKS } from "../tasks/registry.ts";
import { type KitchenWorld, makeKitchenWorld } from "../world/kitchen-world.ts";

export interface StepSoak {
  readonly steps: number;
  readonly episodes: number;
  /** Action numbers that were out of limits or not numbers at all, and were clipped. */
  readonly clipped: number;
  /** Observations or rewards with a NaN or an infinity; anything but 0 is a defect. */
  readonly nonFinite: number;
  readonly seconds: number;
}

export interface SoakPlan {
  readonly steps: number;
  /** 100 where left out. */
  readonly stepsPerEpisode?: number;
  readonly seed: number;
}

const STEPS_PER_EPISODE = 100;
/** Share of actions with one number that no controller should send. */
const WILD_SHARE = 0.2;
const WILD = [Number.NaN, Infinity, -Infinity, 1e30, -1e9, 100];

/** Random steps over all tasks in turn, on this thread. @throws {OrreryError} if the physics of a world fails */
export async function soakSteps(
  plan: SoakPlan,
  onProgress: (steps: number) => void = () => {},
): Promise<StepSoak> {
  const startMs = performance.now();
  const rng = makeRng(plan.seed, "soak");
  let steps = 0;
  let episodes = 0;
  let clipped = 0;
  let nonFinite = 0;
  const { stepsPerEpisode = STEPS_PER_EPISODE } = plan;
  const worlds: KitchenWorld[] = [];
  for (const { name } of TASKS)
    worlds.push(await makeKitchenWorld({ task: name, cameras: [], endless: true }));
  try {
    while (steps < plan.steps) {
      const world = worlds[episodes % worlds.length]!;
      const wanted = Math.min(stepsPerEpisode, plan.steps - steps);
      nonFinite += isFiniteView(await world.reset(rng.uint32())) ? 0 : 1;
      for (let i = 0; i < wanted; i++) {
        const { observation, reward } = world.stepNow(randomAction(world, rng));
        if (!isFiniteView(observation) || !Number.isFinite(reward)) nonFinite++;
      }
      clipped += world.badNumbers;
      steps += wanted;
      episodes++;
      onProgress(steps);
    }
  } finally {
    for (const world of worlds) await world.close();
  }
  return { steps, episodes, clipped, nonFinite, seconds: (performance.now() - startMs) / 1000 };
}

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

/** From the thread: how far it is, or what it found. */
export type SoakMessage = { readonly steps: number } | { readonly result: StepSoak };

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

export interface MemoryMark {
  readonly episodes: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** MuJoCo's WebAssembly memory; it never shrinks. */
  readonly wasmMb: number;
}

const STEPS_PER_SHORT_EPISODE = 3;

/** Short episodes of all tasks in turn, with a picture each; memory is read after each count of `marks`. */
export async function soakEpisodes(
  marks: readonly number[],
  seed: number,
  onProgress: (episodes: number) => void = () => {},
): Promise<readonly MemoryMark[]> {
  const rng = makeRng(seed, "soak-episodes");
  const worlds: KitchenWorld[] = [];
  for (const { name } of TASKS) worlds.push(await makeKitchenWorld({ task: name, endless: true }));
  const found: MemoryMark[] = [];
  try {
    const last = Math.max(...marks);
    for (let episode = 1; episode <= last; episode++) {
      const world = worlds[episode % worlds.length]!;
      await world.reset(rng.uint32());
      for (let i = 0; i < STEPS_PER_SHORT_EPISODE; i++) world.stepNow(randomAction(world, rng));
      if (marks.includes(episode)) found.push(memoryAfter(episode, world));
      onProgress(episode);
    }
  } finally {
    for (const world of worlds) await world.close();
  }
  return found;
}

function memoryAfter(episodes: number, world: KitchenWorld): MemoryMark {
  // Where Node was started with --expose-gc, what is merely not collected yet is left out.
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const mb = (bytes: number): number => Math.round(bytes / 1e5) / 10;
  // Any view of the state lies in the WebAssembly memory.
  const wasm = world.physics.qpos.buffer.byteLength;
  return { episodes, rssMb: mb(rss), heapMb: mb(heapUsed), wasmMb: mb(wasm) };
}

function randomAction(world: KitchenWorld, rng: Rng): Float32Array {
  const limits = world.embodiment.action.flatMap((part) => [...(part.limits ?? [])]);
  const action = Float32Array.from(limits, ([low, high]) => rng.uniform(low, high));
  if (rng.chance(WILD_SHARE)) action[rng.int(action.length)] = rng.pick(WILD);
  return action;
}

function isFiniteView({ state, sensors = {} }: Observation): boolean {
  return (
    state.every(Number.isFinite) && Object.values(sensors).every((values) => values.every(Number.isFinite))
  );
}

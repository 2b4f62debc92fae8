/** Random steps over all tasks, wild numbers among them, that must never give a NaN. */
import { type Observation, type Rng, makeRng } from "@orrery/core";
import { TASKS } from "../tasks/registry.ts";
import { type KitchenWorld, makeKitchenWorld } from "../world/kitchen-world.ts";

/** From the thread: how far it is, or what it found. */
export type SoakMessage = { readonly steps: number } | { readonly result: StepSoak };

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
  readonly stepsPerEpisode?: number;
  readonly seed: number;
}

/** Where a plan does not say. */
export const STEPS_PER_EPISODE = 100;
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

/** Any action within limits, or now and then one that no controller should send. */
export function randomAction(world: KitchenWorld, rng: Rng): Float32Array {
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

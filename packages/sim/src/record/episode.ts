/** One recorded episode: a world, an operator, and a sink for the steps. The same (seed, index) gives the same steps. */
import { type Observation, type Step, makeRng } from "@orrery/core";
import { type OperatorName, OperatorRun } from "../operators/operator.ts";
import { Pilot } from "../operators/pilot.ts";
import type { KitchenWorld } from "../world/kitchen-world.ts";

/**
 * Recording goes on this long after the task is done, so that success is seen and not only reported: the first row of it
 * is just over the edge.
 */
export const HOLD_STEPS = 6;

export interface EpisodeOutcome {
  readonly steps: number;
  readonly success: boolean;
  /** Why it failed, where it did. */
  readonly failure?: string;
  readonly instruction: string;
  /** Seed of the world and the operator. */
  readonly seed: number;
  /** Action numbers that had to be clipped. */
  readonly clipped: number;
  /** Row from which on an expert acted in the place of a trainee. */
  readonly takeoverRow?: number;
}

/** The world seed of episode `index` in a recording with `seed`, whoever records it. */
export function episodeSeed(seed: number, index: number): number {
  return makeRng(seed, "episode", index).uint32();
}

/**
 * Runs one episode and hands every row to `sink`: what is seen, the action chosen on seeing it, and what came of it.
 * The world must be `endless`, since the rows after success are recorded too.
 */
export async function runEpisode(
  world: KitchenWorld,
  operator: OperatorName,
  seed: number,
  sink: (step: Step) => void,
): Promise<EpisodeOutcome> {
  let seen: Observation = await world.reset(seed);
  const run = new OperatorRun(operator, world.setting, world.view, makeRng(seed, "operator", operator));
  const pilot = new Pilot(world.actionSpace, { spec: world.spec, ik: world.ik }, world.command);
  let held = 0;
  let steps = 0;
  let succeeded = false;
  let takeoverRow: number | null = null;
  for (;;) {
    const action = world.safe(pilot.translate(run.next(), world.command));
    const { observation, reward, success, truncated, info } = world.stepNow(action);
    steps++;
    // Who takes over from somebody who is done has shown nothing.
    if (!succeeded) takeoverRow = run.takeover;
    succeeded ||= success;
    if (success) held++;
    const failure = typeof info["failure"] === "string" ? info["failure"] : undefined;
    // In play nothing is asked for, so nothing ends it but time.
    const done = truncated || (operator !== "play" && (held > HOLD_STEPS || failure !== undefined));
    sink({
      images: seen.images,
      state: seen.state,
      action,
      reward,
      success,
      done,
      ...(seen.sensors ? { extra: seen.sensors } : {}),
    });
    if (done) {
      return {
        steps,
        success: succeeded,
        ...(succeeded ? {} : { failure: failure ?? "time ran out" }),
        instruction: world.instruction,
        seed,
        clipped: world.badNumbers,
        ...(takeoverRow === null ? {} : { takeoverRow }),
      };
    }
    seen = observation;
  }
}

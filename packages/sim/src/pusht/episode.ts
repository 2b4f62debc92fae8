/** One episode of PushT: a world, an operator, and a sink for the rows. The same seed gives the same rows. */
import { type Policy, type Step, UsageError, didYouMean } from "@orrery/core";
import { PushTExpert } from "./operators/expert.ts";
import { PushTHuman } from "./operators/human-like.ts";
import { PushTPlay } from "./operators/play.ts";
import type { PushTWorld } from "./world.ts";

const OPERATORS = {
  expert: (world: PushTWorld): Policy => new PushTExpert(world),
  play: (world: PushTWorld): Policy => new PushTPlay(world),
  "human-like": (world: PushTWorld): Policy => new PushTHuman(world),
} as const;

export type PushTOperator = keyof typeof OPERATORS;
export const PUSHT_OPERATORS = Object.keys(OPERATORS) as readonly PushTOperator[];

/** @throws {UsageError} for a name that is not in PUSHT_OPERATORS */
export function checkPushTOperator(name: string): PushTOperator {
  const found = PUSHT_OPERATORS.find((known) => known === name);
  if (!found) {
    throw new UsageError(
      `checkPushTOperator: PushT's operator must be one of ${PUSHT_OPERATORS.join(", ")}, got "${name}".` +
        didYouMean(name, PUSHT_OPERATORS),
    );
  }
  return found;
}

export interface PushTOutcome {
  readonly steps: number;
  readonly success: boolean;
  /** Share of the goal that the T covered at the end. */
  readonly coverage: number;
  /** Targets that had to be moved onto the board. */
  readonly clipped: number;
}

/**
 * Runs one episode and hands every row to `sink`: what is seen, the action chosen on seeing it, what came of it.
 * Success ends an episode, except in play, where nothing is asked for and only time ends it.
 */
export async function runPushTEpisode(
  world: PushTWorld,
  operator: PushTOperator,
  seed: number,
  sink: (step: Step) => void,
): Promise<PushTOutcome> {
  let seen = await world.reset(seed);
  const policy = OPERATORS[operator](world);
  await policy.reset(seed, { kind: "text", text: world.instruction });
  for (let steps = 1; ; steps++) {
    const { actions } = await policy.act(seen);
    const action = world.safe(world.actionFor(actions[0]!)); // operators speak targets
    const { observation, reward, success, terminated, truncated, info } = await world.step(action);
    const done = truncated || (terminated && operator !== "play");
    sink({ images: seen.images, state: seen.state, action, reward, success, done });
    if (done) {
      await policy.close();
      return { steps, success, coverage: Number(info["coverage"]), clipped: world.clipped };
    }
    seen = observation;
  }
}

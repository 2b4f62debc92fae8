/** One episode of a robot: a policy acts in an arena until the world or the clock ends it, and every row is handed on. */
import { setImmediate } from "node:timers/promises";
import { OrreryError, type Policy, type Step } from "@orrery/core";
import { decide, NO_DECISION, type Arena } from "@orrery/eval/control";
import type { FleetOutcome } from "./messages.ts";

/**
 * Lives on to `minRows` after success or failure, where the world allows it: what came quickly is worth most, and a
 * recording shorter than a training clip would be lost.
 *
 * A policy that finds no action (`NoDecisionError`) ends its episode, which is kept up to there.
 *
 * Row t holds what was seen and what was then done, as in every recording; `sink` takes it.
 *
 * @returns what came of it, and the words of the goal ("" where it was no text)
 * @throws {OrreryError} if the policy returns no action
 */
export async function liveThrough(
  arena: Arena,
  policy: Policy,
  seed: number,
  minRows: number,
  sink: (step: Step) => void,
): Promise<{ readonly outcome: FleetOutcome; readonly task: string }> {
  const { world, maxSteps } = arena;
  const { observation, goal } = await arena.begin(seed);
  await policy.reset(seed, goal);
  const infos: Parameters<Arena["failureOf"]>[0][number][] = [];
  const surprises: number[] = [];
  let seen = observation;
  let total = 0;
  let succeeded = false;
  let done = false;
  let noDecision: string | null = null;
  while (!done) {
    // Lets the news through that the main process is gone: nobody would take the episode.
    await setImmediate();
    const decision = await decide(policy, seen);
    if (typeof decision === "string") {
      noDecision = decision;
      break;
    }
    const { actions, belief } = decision;
    const surprise = belief["surprise"];
    // Before the first step nothing was expected, so nothing can surprise.
    if (typeof surprise === "number" && Number.isFinite(surprise) && infos.length > 0)
      surprises.push(surprise);
    if (actions.length === 0) {
      throw new OrreryError(
        `fleet: ${policy.name} must decide on at least one action, got none (seed ${seed}).`,
      );
    }
    for (const action of actions) {
      const { observation: next, reward, success, terminated, truncated, info } = await world.step(action);
      infos.push(info);
      total += reward;
      succeeded ||= success;
      const isDecided = succeeded || info["failure"] !== undefined;
      done = terminated || truncated || infos.length >= maxSteps || (isDecided && infos.length >= minRows);
      sink({
        images: seen.images,
        state: seen.state,
        action,
        reward,
        success,
        done,
        ...(seen.sensors === undefined ? {} : { extra: seen.sensors }),
      });
      seen = next;
      if (done) break;
    }
  }
  return {
    task: goal.kind === "text" ? goal.text : "",
    outcome: {
      steps: infos.length,
      success: succeeded,
      return: total,
      failure: succeeded ? null : noDecision === null ? arena.failureOf(infos) : NO_DECISION,
      ...(noDecision === null ? {} : { noDecision }),
      surprise: surprises.length === 0 ? null : surprises.reduce((sum, s) => sum + s, 0) / surprises.length,
    },
  };
}

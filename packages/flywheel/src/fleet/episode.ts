/** One episode of a robot: a policy acts in an arena until the world or the clock ends it, and every row is handed on. */
import { setImmediate } from "node:timers/promises";
import { OrreryError, type Observation, type Policy, type Step } from "@orrery/core";
import { decide, NO_DECISION, type Arena, type Info } from "@orrery/eval/control";
import { HOLD_STEPS } from "@orrery/sim";
import type { FleetOutcome } from "./messages.ts";

export interface Life {
  readonly arena: Arena;
  readonly policy: Policy;
  /** Takes over for the arena's last `steps` where the policy has not succeeded by then; null where nobody does. */
  readonly helper: { readonly policy: Policy; readonly steps: number } | null;
  readonly seed: number;
  /** Rows that an episode has at least. */
  readonly minRows: number;
  readonly sink: (step: Step) => void;
}

/**
 * Lives on where the world allows it: after success for as long as a demonstration does, for where it begins is only the
 * edge of what was asked for; and to `minRows`, for what came quickly is worth most, and a recording shorter than a
 * training clip would be lost.
 *
 * A policy that finds no action (`NoDecisionError`) is taken over from at once; with nobody there its episode ends, and is
 * kept up to there. What failed for good (`info.failure`) nobody takes over.
 *
 * Row t holds what was seen and what was then done, as in every recording; `sink` takes it.
 *
 * @returns what came of it, and the words of the goal ("" where it was no text)
 * @throws {OrreryError} if a policy returns no action
 */
export async function liveThrough(
  life: Life,
): Promise<{ readonly outcome: FleetOutcome; readonly task: string }> {
  const { arena, helper, seed, minRows, sink } = life;
  const { world, maxSteps } = arena;
  const ownSteps = maxSteps - (helper?.steps ?? 0);
  const { observation, goal } = await arena.begin(seed);
  await life.policy.reset(seed, goal);
  const infos: Info[] = [];
  const surprises: number[] = [];
  let acting = life.policy;
  let takeoverRow: number | null = null;
  let seen: Observation = observation;
  let total = 0;
  let successRow: number | null = null;
  let done = false;
  let noDecision: string | null = null;
  const isTimeUp = (): boolean =>
    helper !== null && takeoverRow === null && successRow === null && infos.length >= ownSteps;
  while (!done) {
    // Lets the news through that the main process is gone: nobody would take the episode.
    await setImmediate();
    const decision = isTimeUp() ? null : await decide(acting, seen);
    if (decision === null || typeof decision === "string") {
      noDecision ??= decision;
      if (helper === null || takeoverRow !== null) break;
      takeoverRow = infos.length;
      acting = helper.policy;
      await acting.reset(seed, goal);
      continue;
    }
    const { actions, belief } = decision;
    const surprise = belief["surprise"];
    // Before the first step nothing was expected, so nothing can surprise.
    if (typeof surprise === "number" && Number.isFinite(surprise) && infos.length > 0)
      surprises.push(surprise);
    if (actions.length === 0) {
      throw new OrreryError(
        `fleet: ${acting.name} must decide on at least one action, got none (seed ${seed}).`,
      );
    }
    for (const action of actions) {
      const { observation: next, reward, success, terminated, truncated, info } = await world.step(action);
      infos.push(info);
      total += reward;
      if (success) successRow ??= infos.length - 1;
      const hasHeld = successRow !== null && infos.length - 1 - successRow >= HOLD_STEPS;
      const isDecided = hasHeld || info["failure"] !== undefined;
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
      if (done || isTimeUp()) break;
    }
  }
  const isOwn = takeoverRow === null;
  const succeeded = successRow !== null;
  const own = infos.slice(0, takeoverRow ?? infos.length);
  const failure = noDecision === null ? arena.failureOf(own) : NO_DECISION;
  return {
    task: goal.kind === "text" ? goal.text : "",
    outcome: {
      steps: infos.length,
      success: isOwn && succeeded,
      return: total,
      failure: isOwn && succeeded ? null : failure,
      ...(takeoverRow === null ? {} : { takeover: { row: takeoverRow, success: succeeded } }),
      ...(noDecision === null ? {} : { noDecision }),
      surprise: surprises.length === 0 ? null : surprises.reduce((sum, s) => sum + s, 0) / surprises.length,
    },
  };
}

/** One trial: a policy acts in an arena until the world or the clock ends it, and what came of it is written down. */
import {
  NoDecisionError,
  OrreryError,
  type Decision,
  type Image,
  type Observation,
  type Policy,
} from "@orrery/core";
import type { Arena, Info } from "./arena.ts";

/** What a trial is, in one line of a results file. */
export interface TrialKey {
  readonly policy: string;
  readonly task: string;
  readonly split: string;
  /** Counted from 0; equal numbers have equal seeds, whatever the policy. */
  readonly trial: number;
}

export interface TrialOutcome {
  readonly seed: number;
  readonly success: boolean;
  /** Sum of rewards. */
  readonly return: number;
  /** Control steps until the end. */
  readonly steps: number;
  /** In the world's time; null where there was no success. */
  readonly secondsToSuccess: number | null;
  /** null where there was success. */
  readonly failure: string | null;
  /** What the policy said when it found no action, which ended the trial. */
  readonly noDecision?: string;
  /** Wall-clock milliseconds of each decision; handing out more of an earlier one is none. */
  readonly decisionMs: readonly number[];
  /** All the policy's time over the control steps taken, ms. */
  readonly msPerStep: number;
  /** Decisions in which the policy held still of its own accord. */
  readonly stops: number;
}

export interface TrialRun {
  readonly outcome: TrialOutcome;
  /** One picture per control step and the first; empty unless asked for. */
  readonly film: readonly Image[];
}

/** How a trial failed whose policy found no action. */
export const NO_DECISION = "the policy found no action";

/** What a policy decides, or why it could not: an action with a number that is none is no decision. */
export async function decide(policy: Policy, seen: Observation): Promise<Decision | string> {
  try {
    const decision = await policy.act(seen);
    const bad = decision.actions.findIndex((action) => !action.every(Number.isFinite));
    if (bad < 0) return decision;
    return `${policy.name}: every action must be of finite numbers, action ${bad} is [${decision.actions[bad]?.join(", ")}].`;
  } catch (error) {
    if (error instanceof NoDecisionError) return error.message;
    throw error;
  }
}

/**
 * Every action that a decision holds is carried out before the policy is asked again. A policy that hands out more of
 * an earlier decision says so with `belief.continues`; one that holds still on purpose says why in `belief.stop`; one
 * that finds no action (`NoDecisionError`) has failed the trial.
 *
 * @throws {OrreryError} if the policy returns no action
 */
export async function runTrial(
  arena: Arena,
  policy: Policy,
  seed: number,
  isFilmed: boolean,
): Promise<TrialRun> {
  const { world, maxSteps } = arena;
  let { observation: seen, goal } = await arena.begin(seed);
  await policy.reset(seed, goal);
  const film: Image[] = isFilmed ? [arena.picture()] : [];
  const infos: Info[] = [];
  const decisionMs: number[] = [];
  let totalMs = 0;
  let stops = 0;
  let total = 0;
  let success = false;
  let done = false;
  let noDecision: string | null = null;
  while (!done) {
    const beganMs = performance.now();
    const decision = await decide(policy, seen);
    if (typeof decision === "string") {
      noDecision = decision;
      break;
    }
    const { actions, belief } = decision;
    const ms = performance.now() - beganMs;
    totalMs += ms;
    if (belief["continues"] === undefined) decisionMs.push(Math.round(100 * ms) / 100);
    if (belief["stop"] !== undefined) stops++;
    if (actions.length === 0) {
      throw new OrreryError(
        `runTrial: ${policy.name} must decide on at least one action, got none (seed ${seed}).`,
      );
    }
    for (const action of actions) {
      const transition = await world.step(action);
      if (isFilmed) film.push(arena.picture());
      infos.push(transition.info);
      total += transition.reward;
      seen = transition.observation;
      success = transition.success;
      done = transition.terminated || transition.truncated || infos.length >= maxSteps;
      if (done) break;
    }
  }
  const steps = infos.length;
  const lastStopped = stops > 0 && stops >= decisionMs.length / 2;
  const reason =
    noDecision !== null
      ? NO_DECISION
      : lastStopped
        ? "held still by its own stop sign"
        : arena.failureOf(infos);
  return {
    film,
    outcome: {
      seed,
      success,
      return: total,
      steps,
      secondsToSuccess: success ? steps / world.embodiment.controlRateHz : null,
      failure: success ? null : reason,
      ...(noDecision === null ? {} : { noDecision }),
      decisionMs,
      msPerStep: totalMs / Math.max(1, steps),
      stops,
    },
  };
}

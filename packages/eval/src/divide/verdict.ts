/** Who wins where: paired differences over training seeds and scenes, and what they allow to be said. */
import type { Rng } from "@orrery/core";
import { bootstrap, mean, wilson, type Interval } from "../statistics.ts";
import { countPairs, newcombePaired } from "../control/paired.ts";
import { quantile } from "../control/summary.ts";
import type { TrialRecord } from "../control/trial-log.ts";

/** The two sides; the first is the world model. */
export type SideName = "world model" | "VLA-style policy";
export const SIDES: readonly [SideName, SideName] = ["world model", "VLA-style policy"];

export interface SideScore {
  /** Share of successes over all training seeds, with Wilson's interval. */
  readonly success: number;
  readonly ci95: Interval;
  readonly trials: number;
  /** Share per training seed. */
  readonly bySeed: readonly number[];
}

export interface Verdict {
  readonly task: string;
  readonly split: string;
  readonly scores: readonly [SideScore, SideScore];
  /** World model minus VLA-style policy. */
  readonly difference: { readonly value: number; readonly ci95: Interval };
  /** Named only where the interval leaves out 0 and no training seed says the opposite. */
  readonly winner: SideName | "undecided";
}

export interface Latency {
  readonly side: SideName;
  /** Wall-clock milliseconds per decision. */
  readonly medianMs: number;
  readonly p95Ms: number;
  /** All of a policy's time over all control steps: a decision may serve several of them. */
  readonly msPerControlStep: number;
}

/** The trials of one side, by training seed. */
export type SideTrials = readonly (readonly TrialRecord[])[];

/**
 * One verdict per task and split.
 *
 * @param rng for the resampling
 */
export function judge(first: SideTrials, second: SideTrials, rng: Rng): Verdict[] {
  const cells = new Map<string, { task: string; split: string }>();
  for (const { task, split } of [...first, ...second].flat()) cells.set(`${task}\n${split}`, { task, split });
  return [...cells.values()].map(({ task, split }) => {
    const of = (side: SideTrials): SideTrials =>
      side.map((trials) => trials.filter((t) => t.task === task && t.split === split));
    return verdictOf({ task, split }, of(first), of(second), rng);
  });
}

function verdictOf(
  cell: { readonly task: string; readonly split: string },
  first: SideTrials,
  second: SideTrials,
  rng: Rng,
): Verdict {
  const scores = [scoreOf(first), scoreOf(second)] as const;
  const pairs = pairUp(first, second);
  const value = mean(pairs.map(({ difference }) => difference));
  const ci95 = differenceInterval(pairs, rng);
  const bySeed = scores[0].bySeed.map((share, seed) => share - (scores[1].bySeed[seed] ?? 0));
  const isAbove = ci95[0] > 0 && bySeed.every((d) => d >= 0);
  const isBelow = ci95[1] < 0 && bySeed.every((d) => d <= 0);
  const winner = isAbove ? SIDES[0] : isBelow ? SIDES[1] : "undecided";
  return { ...cell, scores, difference: { value, ci95 }, winner };
}

function scoreOf(side: SideTrials): SideScore {
  const rate = (trials: readonly TrialRecord[]): number =>
    trials.filter(({ success }) => success).length / Math.max(1, trials.length);
  const all = side.flat();
  const won = all.filter(({ success }) => success).length;
  return { success: rate(all), ci95: wilson(won, all.length), trials: all.length, bySeed: side.map(rate) };
}

interface Pair {
  readonly trial: number;
  readonly first: boolean;
  readonly second: boolean;
  readonly difference: number;
}

/** Equal training seeds on equal scenes. */
function pairUp(first: SideTrials, second: SideTrials): Pair[] {
  return first.flatMap((trials, seed) => {
    const others = new Map((second[seed] ?? []).map((record) => [record.trial, record]));
    return trials.flatMap(({ trial, success }) => {
      const other = others.get(trial);
      if (other === undefined) return [];
      return [
        { trial, first: success, second: other.success, difference: Number(success) - Number(other.success) },
      ];
    });
  });
}

/**
 * The wider end of two intervals: resampling whole scenes, since one scene met by several training seeds is not several
 * scenes, and Newcombe's for paired rates, which does not shrink to nothing where all pairs agree.
 */
function differenceInterval(pairs: readonly Pair[], rng: Rng): Interval {
  const scenes = new Map<number, number[]>();
  for (const { trial, difference } of pairs) scenes.set(trial, [...(scenes.get(trial) ?? []), difference]);
  const counts = countPairs(
    pairs.map(({ first }) => first),
    pairs.map(({ second }) => second),
  );
  const paired = newcombePaired(counts);
  const resampled = bootstrap([...scenes.values()], mean, rng);
  if (!resampled.every(Number.isFinite)) return paired;
  return [Math.min(paired[0], resampled[0]), Math.max(paired[1], resampled[1])];
}

/** How long each side takes, over all its trials. */
export function latencyOf(side: SideName, trials: SideTrials): Latency {
  const all = trials.flat();
  const decisions = all.flatMap(({ decisionMs }) => [...decisionMs]);
  const steps = all.reduce((sum, record) => sum + record.steps, 0);
  return {
    side,
    medianMs: quantile(decisions, 0.5),
    p95Ms: quantile(decisions, 0.95),
    msPerControlStep:
      all.reduce((sum, record) => sum + record.msPerStep * record.steps, 0) / Math.max(1, steps),
  };
}

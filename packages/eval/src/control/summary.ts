/** From trials to a table: one row per policy, task and split, and the differences between policies on equal seeds. */
import type { Rng } from "@orrery/core";
import { bootstrap, mean, wilson, type Interval } from "../statistics.ts";
import { pairedSuccess, pairTrials, type PairedSuccess } from "./paired-trials.ts";
import type { TrialRecord } from "./trial-log.ts";

export interface Estimate {
  readonly value: number;
  readonly ci95: Interval;
}

export interface CellSummary {
  readonly policy: string;
  readonly task: string;
  readonly split: string;
  readonly trials: number;
  readonly successes: number;
  /** Share of successes with Wilson's interval. */
  readonly success: Estimate;
  /** Mean sum of rewards, interval by resampling trials; NaN ends where there is but one. */
  readonly return: Estimate;
  /** Median over successes, in the world's time; null where there were none. */
  readonly secondsToSuccess: number | null;
  /** Wall-clock milliseconds per decision, over all decisions of all trials. */
  readonly decisionMsMedian: number;
  readonly decisionMsP95: number;
  /** All the policy's time over all control steps, ms. */
  readonly msPerStep: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** First minus second, on the seeds that both were tried on. */
export interface Difference extends PairedSuccess {
  readonly first: string;
  readonly second: string;
  readonly task: string;
  readonly split: string;
  /** Interval by resampling pairs. */
  readonly return: Estimate;
}

export interface ControlSummary {
  readonly cells: readonly CellSummary[];
  readonly differences: readonly Difference[];
}

/** @param rng for the resampling */
export function summarize(records: readonly TrialRecord[], rng: Rng): ControlSummary {
  const groups = groupBy(records, ({ task, split }) => `${task}\n${split}`);
  const cells: CellSummary[] = [];
  const differences: Difference[] = [];
  for (const group of groups) {
    const byPolicy = groupBy(group, ({ policy }) => policy);
    for (const own of byPolicy) cells.push(summarizeCell(own, rng));
    for (const [i, first] of byPolicy.entries()) {
      for (const second of byPolicy.slice(i + 1)) differences.push(difference(first, second, rng));
    }
  }
  return { cells, differences };
}

function summarizeCell(records: readonly TrialRecord[], rng: Rng): CellSummary {
  const [{ policy, task, split }] = records as readonly [TrialRecord];
  const successes = records.filter(({ success }) => success).length;
  const times = records.flatMap(({ secondsToSuccess }) => secondsToSuccess ?? []);
  const decisions = records.flatMap(({ decisionMs }) => [...decisionMs]);
  const steps = records.reduce((sum, record) => sum + record.steps, 0);
  const failures: Record<string, number> = {};
  for (const { failure } of records) if (failure !== null) failures[failure] = (failures[failure] ?? 0) + 1;
  return {
    policy,
    task,
    split,
    trials: records.length,
    successes,
    success: { value: successes / records.length, ci95: wilson(successes, records.length) },
    return: meanOf(
      records.map((record) => record.return),
      rng,
    ),
    secondsToSuccess: times.length === 0 ? null : quantile(times, 0.5),
    decisionMsMedian: quantile(decisions, 0.5),
    decisionMsP95: quantile(decisions, 0.95),
    msPerStep: records.reduce((sum, record) => sum + record.msPerStep * record.steps, 0) / steps,
    failures: Object.fromEntries(Object.entries(failures).toSorted(([, a], [, b]) => b - a)),
  };
}

function difference(a: readonly TrialRecord[], b: readonly TrialRecord[], rng: Rng): Difference {
  const pairs = pairTrials(a, b);
  const [one] = a as readonly [TrialRecord];
  const [two] = b as readonly [TrialRecord];
  return {
    first: one.policy,
    second: two.policy,
    task: one.task,
    split: one.split,
    ...pairedSuccess(pairs),
    return: meanOf(
      pairs.map(([first, second]) => first.return - second.return),
      rng,
    ),
  };
}

function meanOf(values: readonly number[], rng: Rng): Estimate {
  const clusters = values.map((value) => [value]);
  return { value: mean(values), ci95: bootstrap(clusters, mean, rng) };
}

/** The value below which a share `q` of the values lies; NaN for none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** In order of first appearance. */
function groupBy<T>(items: readonly T[], nameOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return [...groups.values()];
}

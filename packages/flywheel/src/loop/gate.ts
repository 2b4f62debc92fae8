/** The gate: whether a candidate takes the champion's place, by trials on equal seeds. */
import {
  pairedSuccess,
  pairTrials,
  wilson,
  type Interval,
  type PairedSuccess,
  type TrialRecord,
} from "@orrery/eval/control";

/** Successes of so many trials. */
export interface Rate {
  readonly trials: number;
  readonly success: number;
  /** Wilson's. */
  readonly ci95: Interval;
}

/** How a release did, over all tasks and on each. */
export interface Standing extends Rate {
  readonly release: string;
  readonly tasks: Readonly<Record<string, Rate>>;
}

export interface Verdict {
  readonly isPromoted: boolean;
  /** In a sentence. */
  readonly reason: string;
  readonly margin: number;
  readonly difference: PairedSuccess;
}

export function standingOf(release: string, records: readonly TrialRecord[]): Standing {
  const tasks = [...new Set(records.map(({ task }) => task))];
  const own = tasks.map((task) => [task, rateOf(records.filter((record) => record.task === task))] as const);
  return { release, ...rateOf(records), tasks: Object.fromEntries(own) };
}

function rateOf(records: readonly TrialRecord[]): Rate {
  const successes = records.filter(({ success }) => success).length;
  return {
    trials: records.length,
    success: successes / Math.max(1, records.length),
    ci95: wilson(successes, records.length),
  };
}

/** @param margin the candidate must be better by more than this, in shares */
export function judge(
  candidate: readonly TrialRecord[],
  champion: readonly TrialRecord[],
  margin: number,
): Verdict {
  const difference = pairedSuccess(pairTrials(candidate, champion));
  const gain = difference.success.value;
  // A hair's breadth for shares that have no exact binary form: 3 of 60 is 5 points, not more.
  const isPromoted = gain > margin + 1e-9;
  const points = (share: number): string => (100 * share).toFixed(1);
  const found = `${gain < 0 ? "worse" : "better"} by ${points(Math.abs(gain))} points on ${difference.pairs} equal trials`;
  return {
    isPromoted,
    margin,
    difference,
    reason: isPromoted
      ? `promoted: ${found}, more than the ${points(margin)} that were asked for`
      : `refused: ${found}; to be promoted it must be better by more than ${points(margin)}`,
  };
}

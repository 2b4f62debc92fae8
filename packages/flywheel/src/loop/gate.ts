/** The gate: whether a candidate takes the champion's place, by trials on equal seeds. */
import {
  countPairs,
  mcnemarExact,
  newcombePaired,
  wilson,
  type Interval,
  type TrialRecord,
} from "@orrery/eval/control";

export interface Standing {
  readonly release: string;
  readonly trials: number;
  readonly success: number;
  /** Wilson's. */
  readonly ci95: Interval;
}

export interface PairedDifference {
  readonly pairs: number;
  /** First minus second, in shares. */
  readonly value: number;
  /** Newcombe's. */
  readonly ci95: Interval;
  /** McNemar's exact test. */
  readonly p: number;
}

export interface Verdict {
  readonly isPromoted: boolean;
  /** In a sentence. */
  readonly reason: string;
  readonly margin: number;
  readonly difference: PairedDifference;
}

/** How a release did over all tasks. */
export function standingOf(release: string, records: readonly TrialRecord[]): Standing {
  const successes = records.filter(({ success }) => success).length;
  return {
    release,
    trials: records.length,
    success: successes / Math.max(1, records.length),
    ci95: wilson(successes, records.length),
  };
}

/** Over the trials of equal task, split and number. */
export function pairedDifference(
  first: readonly TrialRecord[],
  second: readonly TrialRecord[],
): PairedDifference {
  const keyOf = ({ task, split, trial }: TrialRecord): string => `${task}\n${split}\n${trial}`;
  const others = new Map(second.map((record) => [keyOf(record), record]));
  const pairs = first.flatMap((record) => {
    const other = others.get(keyOf(record));
    return other === undefined ? [] : [[record.success, other.success] as const];
  });
  const counts = countPairs(
    pairs.map(([a]) => a),
    pairs.map(([, b]) => b),
  );
  return {
    pairs: pairs.length,
    value: (counts.onlyFirst - counts.onlySecond) / Math.max(1, pairs.length),
    ci95: newcombePaired(counts),
    p: mcnemarExact(counts),
  };
}

/** @param margin the candidate must be better by more than this, in shares */
export function judge(
  candidate: readonly TrialRecord[],
  champion: readonly TrialRecord[],
  margin: number,
): Verdict {
  const difference = pairedDifference(candidate, champion);
  // A hair's breadth for shares that have no exact binary form: 3 of 60 is 5 points, not more.
  const isPromoted = difference.value > margin + 1e-9;
  const points = (share: number): string => (100 * share).toFixed(1);
  return {
    isPromoted,
    margin,
    difference,
    reason:
      `${isPromoted ? "promoted" : "refused"}: better by ${points(difference.value)} points on ${difference.pairs} equal trials, ` +
      `more than ${points(margin)} were asked for`,
  };
}

/** Two policies, or two releases of one, compared trial by trial: equal task, split and number mean equal seeds. */
import { countPairs, mcnemarExact, newcombePaired } from "./paired.ts";
import type { Estimate } from "./summary.ts";
import type { TrialRecord } from "./trial-log.ts";

/** First minus second. */
export interface PairedSuccess {
  readonly pairs: number;
  /** In shares, with Newcombe's interval for paired rates. */
  readonly success: Estimate;
  /** McNemar's exact test. */
  readonly p: number;
}

/** In the order of the first; what only one side has does not count. */
export function pairTrials(
  first: readonly TrialRecord[],
  second: readonly TrialRecord[],
): (readonly [TrialRecord, TrialRecord])[] {
  const keyOf = ({ task, split, trial }: TrialRecord): string => `${task}\n${split}\n${trial}`;
  const others = new Map(second.map((record) => [keyOf(record), record]));
  return first.flatMap((record) => {
    const other = others.get(keyOf(record));
    return other === undefined ? [] : [[record, other] as const];
  });
}

export function pairedSuccess(pairs: readonly (readonly [TrialRecord, TrialRecord])[]): PairedSuccess {
  const counts = countPairs(
    pairs.map(([{ success }]) => success),
    pairs.map(([, { success }]) => success),
  );
  return {
    pairs: pairs.length,
    success: {
      value: (counts.onlyFirst - counts.onlySecond) / Math.max(1, pairs.length),
      ci95: newcombePaired(counts),
    },
    p: mcnemarExact(counts),
  };
}

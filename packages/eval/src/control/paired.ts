/** Differences between two policies that were tried on the same seeds. */
import { wilson, type Interval } from "../statistics.ts";

/** How often each of the four outcomes of a pair came up. */
export interface PairCounts {
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly neither: number;
}

/** Counts pairs of successes; the lists belong together element by element. */
export function countPairs(first: readonly boolean[], second: readonly boolean[]): PairCounts {
  const counts = { both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 };
  for (const [i, a] of first.entries()) {
    const b = second[i] ?? false;
    counts[a ? (b ? "both" : "onlyFirst") : b ? "onlySecond" : "neither"]++;
  }
  return counts;
}

/**
 * 95 % interval of the difference of two success rates on the same seeds, first minus second. Source: Newcombe 1998,
 * "Improved confidence intervals for the difference between binomial proportions based on paired data", method 10:
 * Wilson's intervals of both rates, joined with the correlation of the pairs. Never outside [-1, 1], and not of width 0
 * when all pairs agree.
 */
export function newcombePaired({ both: r, onlyFirst: s, onlySecond: t, neither: u }: PairCounts): Interval {
  const n = r + s + t + u;
  if (n === 0) return [-1, 1];
  const p1 = (r + s) / n;
  const p2 = (r + t) / n;
  const [l1, u1] = wilson(r + s, n);
  const [l2, u2] = wilson(r + t, n);
  const phi = correlation(r, s, t, u);
  const d = p1 - p2;
  const root = (a: number, b: number): number => Math.sqrt(Math.max(0, a * a - 2 * phi * a * b + b * b));
  return [d - root(p1 - l1, u2 - p2), d + root(u1 - p1, p2 - l2)];
}

/** Newcombe's phi, with his correction for continuity where the correlation is positive. */
function correlation(r: number, s: number, t: number, u: number): number {
  const margins = (r + s) * (t + u) * (r + t) * (s + u);
  if (margins === 0) return 0;
  const cross = r * u - s * t;
  const half = (r + s + t + u) / 2;
  const corrected = cross > 0 ? Math.max(0, cross - half) : cross;
  return corrected / Math.sqrt(margins);
}

/**
 * Two-sided p value of McNemar's exact test: how likely so uneven a split of the pairs that differ would be, were the
 * two policies equally good. Source: McNemar 1947; the exact binomial form.
 */
export function mcnemarExact({ onlyFirst, onlySecond }: PairCounts): number {
  const n = onlyFirst + onlySecond;
  if (n === 0) return 1;
  const least = Math.min(onlyFirst, onlySecond);
  let term = 0.5 ** n; // of n choose 0
  let tail = term;
  for (let k = 1; k <= least; k++) {
    term *= (n - k + 1) / k;
    tail += term;
  }
  return Math.min(1, 2 * tail);
}

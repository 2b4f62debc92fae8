/**
 * Where the windows of a batch come from: uniformly within a source; between sources by weight, or else so that what has
 * recorded actions is not drowned in video.
 */
import { DataError, type Rng } from "@orrery/core";

/** An episode, or a kept span of one, in the rows of the whole store. */
export interface Span {
  readonly first: number;
  readonly length: number;
  /** Whether any action of it was recorded. */
  readonly isRecorded: boolean;
}

/** The spans of one source. */
export interface SpanGroup {
  readonly spans: readonly Span[];
  /** Share of the windows; in proportion to their number where left out. */
  readonly weight: number | undefined;
}

/** Windows of T frames that fit. */
export function windowsOf(spans: readonly Span[], T: number): number {
  return spans.reduce((sum, { length }) => sum + Math.max(0, length - T + 1), 0);
}

/**
 * A function that draws the first row of a window of T frames. Weights count where all groups have one.
 * @param recordedShare where weights do not: share of the windows at the least that come from spans with recorded
 *   actions, if there are such spans and others
 * @throws {DataError} if no window fits
 */
export function windowDraw(
  groups: readonly SpanGroup[],
  T: number,
  recordedShare: number,
): (rng: Rng) => number {
  const pools = groups.every(({ weight }) => weight !== undefined)
    ? groups.map(({ spans, weight = 0 }) => ({ spans, weight }))
    : byRecording(groups, T, recordedShare);
  const usable = pools
    .map(({ spans, weight }) => ({ spans, weight, numWindows: windowsOf(spans, T) }))
    .filter(({ numWindows }) => numWindows > 0);
  if (usable.length === 0) {
    const longest = Math.max(0, ...groups.flatMap(({ spans }) => spans.map(({ length }) => length)));
    throw new DataError(
      `LatentStore: clips of ${T} frames were asked for, the longest episode has ${longest}. Set training.dynamics.clipFrames lower.`,
    );
  }
  return (rng) => {
    const { spans, numWindows } = drawPool(usable, rng);
    let rest = rng.int(numWindows);
    for (const { first, length } of spans) {
      const here = Math.max(0, length - T + 1);
      if (rest < here) return first + rest;
      rest -= here;
    }
    throw new RangeError("windowDraw: window out of range"); // not reached: `rest` is below the windows there are
  };
}

interface Pool {
  readonly spans: readonly Span[];
  readonly weight: number;
}

/** What has recorded actions and what has none, weighted by their windows or by the share that the former is to have. */
function byRecording(groups: readonly SpanGroup[], T: number, recordedShare: number): Pool[] {
  const spans = groups.flatMap((group) => group.spans);
  const recorded = spans.filter(({ isRecorded }) => isRecorded);
  const share = Math.max(recordedShare, windowsOf(recorded, T) / Math.max(1, windowsOf(spans, T)));
  const rest = spans.filter(({ isRecorded }) => !isRecorded);
  if (windowsOf(rest, T) === 0 || windowsOf(recorded, T) === 0) return [{ spans, weight: 1 }];
  return [
    { spans: recorded, weight: share },
    { spans: rest, weight: 1 - share },
  ];
}

function drawPool<P extends Pool>(pools: readonly P[], rng: Rng): P {
  const [only] = pools;
  if (only !== undefined && pools.length === 1) return only;
  let rest = rng.uniform() * pools.reduce((sum, { weight }) => sum + weight, 0);
  for (const pool of pools) {
    rest -= pool.weight;
    if (rest < 0) return pool;
  }
  return pools.at(-1) as P; // the sum's rounding
}

/** Half-open spans of frames, and the little algebra on them that curation needs. */

/** Frames from `from` up to, not including, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Share of a bridged span that must be hits. */
const MIN_HITS = 0.9;

/**
 * Spans in which `isHit` holds for at least `minLength` frames. Up to `bridge` misses between two hits do not end a span,
 * because encoders refresh a still picture now and then; in all, nine frames in ten must be hits.
 */
export function runsOf(length: number, isHit: (t: number) => boolean, minLength: number, bridge = 1): Span[] {
  const spans: Span[] = [];
  let from = -1;
  let last = -1;
  let hits = 0;
  const end = (): void => {
    const held = last + 1 - from;
    if (from >= 0 && held >= minLength && hits >= MIN_HITS * held) spans.push({ from, to: last + 1 });
    [from, hits] = [-1, 0];
  };
  for (let t = 0; t < length; t++) {
    if (!isHit(t)) continue;
    if (from >= 0 && t - last > bridge + 1) end();
    if (from < 0) from = t;
    last = t;
    hits++;
  }
  end();
  return spans;
}

/** 1 in every frame that a span covers. */
export function maskOf(length: number, spans: readonly Span[]): Uint8Array {
  const mask = new Uint8Array(length);
  for (const { from, to } of spans) mask.fill(1, Math.max(0, from), Math.min(length, to));
  return mask;
}

/** Cuts [0, length) at the frames in `starts`, each of which begins a new part. */
export function divide(length: number, starts: readonly number[]): Span[] {
  const edges = [...new Set([0, ...starts.filter((at) => at > 0 && at < length), length])];
  edges.sort((a, b) => a - b);
  return edges.slice(1).map((to, i) => ({ from: edges[i] as number, to }));
}

export function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}

/**
 * Which of the fleet's episodes are learnt from: a verdict with its reason and its numbers for every one. Nothing is
 * deleted; what is rejected stays in the dataset and can be chosen again under other settings.
 *
 * In order: episodes too short for a clip or with numbers that are not finite; failures that the model foresaw best,
 * for it has learnt what happened there; those that repeat one that is kept; failures beyond what successes there are
 * can balance. A success is never foreseen: it alone says what the words meant in its home.
 */
import type { SelectionSettings } from "../loop/settings.ts";

/** An episode as selection sees it. */
export interface Candidate {
  readonly episode: number;
  readonly task: string;
  readonly frames: number;
  readonly success: boolean;
  /** Mean surprise of the model that acted; null where it told none. */
  readonly surprise: number | null;
  /** What happened, as numbers of comparable size; equally many for all episodes of a task. */
  readonly path: readonly number[];
  readonly nonFiniteRows: number;
}

export const REASONS = [
  "kept",
  "too short",
  "not finite",
  "foreseen",
  "repetition",
  "one failure too many",
] as const;
export type Reason = (typeof REASONS)[number];

export interface SelectionVerdict {
  readonly episode: number;
  readonly keep: boolean;
  readonly reason: Reason;
  readonly task: string;
  readonly success: boolean;
  readonly surprise: number | null;
  /** Distance to the nearest episode that was kept before this one, over the median distance; null for the first. */
  readonly novelty: number | null;
  /** The kept episode that a repetition repeats. */
  readonly repeats?: number;
}

/** @param minFrames rows that a training clip needs */
export function selectEpisodes(
  candidates: readonly Candidate[],
  settings: SelectionSettings,
  minFrames: number,
): SelectionVerdict[] {
  const tasks = [...new Set(candidates.map(({ task }) => task))];
  return tasks
    .flatMap((task) =>
      selectTask(
        candidates.filter((candidate) => candidate.task === task),
        settings,
        minFrames,
      ),
    )
    .toSorted((a, b) => a.episode - b.episode);
}

/** How many episodes each reason was given to, all reasons included. */
export function countReasons(verdicts: readonly SelectionVerdict[]): Readonly<Record<Reason, number>> {
  const counts = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<Reason, number>;
  for (const { reason } of verdicts) counts[reason]++;
  return counts;
}

function selectTask(
  candidates: readonly Candidate[],
  settings: SelectionSettings,
  minFrames: number,
): SelectionVerdict[] {
  const usable = candidates.filter(({ frames, nonFiniteRows }) => frames >= minFrames && nonFiniteRows === 0);
  const foreseen = leastSurprising(usable, settings.knownShare);
  const typical = medianDistance(usable);
  const successes = usable.filter(({ success }) => success).length;
  const mostFailures = Math.max(settings.leastFailures, settings.failuresPerSuccess * successes);
  const kept: Candidate[] = [];
  let failures = 0;

  const judge = (candidate: Candidate): SelectionVerdict => {
    const { episode, task, success, surprise, frames, nonFiniteRows } = candidate;
    const nearest = nearestOf(candidate, kept);
    const novelty = nearest === null ? null : typical === 0 ? 0 : nearest.distance / typical;
    const verdict = (reason: Reason): SelectionVerdict => ({
      episode,
      keep: reason === "kept",
      reason,
      task,
      success,
      surprise,
      novelty,
      ...(reason === "repetition" && nearest !== null ? { repeats: nearest.episode } : {}),
    });
    if (nonFiniteRows > 0) return verdict("not finite");
    if (frames < minFrames) return verdict("too short");
    if (foreseen.has(candidate)) return verdict("foreseen");
    if (novelty !== null && novelty < settings.repetitionShare) return verdict("repetition");
    if (!success && failures >= mostFailures) return verdict("one failure too many");
    if (!success) failures++;
    kept.push(candidate);
    return verdict("kept");
  };
  // Successes first, then whatever surprised most: of two that repeat each other, the better one stays.
  return candidates.toSorted(byWorth).map(judge);
}

function byWorth(a: Candidate, b: Candidate): number {
  if (a.success !== b.success) return a.success ? -1 : 1;
  return (b.surprise ?? 0) - (a.surprise ?? 0) || a.episode - b.episode;
}

/** The share of the failures that surprised least; none where nothing tells. */
function leastSurprising(candidates: readonly Candidate[], share: number): ReadonlySet<Candidate> {
  const told = candidates.filter(({ success, surprise }) => !success && surprise !== null);
  const rising = told.toSorted((a, b) => (a.surprise ?? 0) - (b.surprise ?? 0) || a.episode - b.episode);
  return new Set(rising.slice(0, Math.floor(share * rising.length)));
}

function nearestOf(
  { path }: Candidate,
  others: readonly Candidate[],
): { readonly episode: number; readonly distance: number } | null {
  let best: { episode: number; distance: number } | null = null;
  for (const other of others) {
    const distance = distanceOf(path, other.path);
    if (best === null || distance < best.distance) best = { episode: other.episode, distance };
  }
  return best;
}

/** Over all pairs; 0 where there is none. */
function medianDistance(candidates: readonly Candidate[]): number {
  const all: number[] = [];
  for (const [i, a] of candidates.entries()) {
    for (const b of candidates.slice(i + 1)) all.push(distanceOf(a.path, b.path));
  }
  all.sort((a, b) => a - b);
  return all[Math.floor(all.length / 2)] ?? 0;
}

function distanceOf(a: readonly number[], b: readonly number[]): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0));
}

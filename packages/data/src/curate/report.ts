/** Curation of a dataset in numbers: where the frames went, and how the operators compare. */
import type { CameraMotion } from "./camera-motion.ts";
import type { Combined } from "./combine.ts";
import { VERDICTS, type Finding, type Verdict } from "./finding.ts";
import { groupBy } from "./group-by.ts";
import type { CameraFacts } from "./measures.ts";

/** All that was decided about one episode. */
export interface EpisodeVerdict extends Combined {
  readonly episode: number;
  readonly length: number;
  readonly operator: string;
  readonly success: boolean | undefined;
  readonly findings: readonly Finding[];
  /** See `RowJudgement`. */
  readonly jerk: number | null;
  readonly cameras: readonly { readonly facts: CameraFacts; readonly motion: CameraMotion }[];
}

/** One line of the summary. */
export interface VerdictTotal {
  readonly verdict: Verdict;
  /** Findings of this kind, and episodes that have one. */
  readonly findings: number;
  readonly episodes: number;
  /** Frames dropped under this verdict; each frame counts once over all verdicts. */
  readonly droppedFrames: number;
  readonly droppedSeconds: number;
  /** Frames only noted (of any camera); these may overlap with anything. */
  readonly notedFrames: number;
}

export interface OperatorTotal {
  readonly operator: string;
  readonly episodes: number;
  readonly seconds: number;
  readonly keptSeconds: number;
  /** Among the episodes where somebody said; null where nobody did. */
  readonly successRate: number | null;
  /** Share of the frames dropped or noted as idle, and noted as clipped. */
  readonly idleShare: number;
  readonly clippedShare: number;
  /** Mean over the episodes; null without a state. */
  readonly jerk: number | null;
}

export interface CurationReport {
  readonly dataset: string;
  /** Where the verdicts lie. */
  readonly sidecar: string;
  readonly episodes: number;
  readonly keptEpisodes: number;
  readonly frames: number;
  readonly keptFrames: number;
  readonly seconds: number;
  readonly keptSeconds: number;
  readonly keptSpans: number;
  /** Those that were found at all, in order of precedence. */
  readonly verdicts: readonly VerdictTotal[];
  readonly operators: readonly OperatorTotal[];
  /** Episodes per camera motion, by camera. */
  readonly cameraMotion: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What a person should know before believing the numbers. */
  readonly notes: readonly string[];
}

/** A verdict that takes more than this share of a dataset is more likely a threshold that does not fit it. */
const SUSPICIOUS_SHARE = 0.5;

export function sumUp(
  dataset: string,
  sidecar: string,
  fps: number,
  verdicts: readonly EpisodeVerdict[],
  moreNotes: readonly string[],
): CurationReport {
  const frames = sum(verdicts, ({ length }) => length);
  const keptFrames = sum(verdicts, (verdict) => verdict.keptFrames);
  const totals = VERDICTS.map((verdict) => totalOf(verdict, verdicts, fps)).filter(
    ({ findings, droppedFrames }) => findings > 0 || droppedFrames > 0,
  );
  const notes = [...moreNotes];
  for (const { verdict, droppedFrames } of totals) {
    if (droppedFrames <= SUSPICIOUS_SHARE * frames) continue;
    const share = ((100 * droppedFrames) / frames).toFixed(0);
    notes.push(
      `"${verdict}" takes ${share} % of the frames: look at some before believing it, or set it to "note".`,
    );
  }
  return {
    dataset,
    sidecar,
    episodes: verdicts.length,
    keptEpisodes: verdicts.filter(({ kept }) => kept.length > 0).length,
    frames,
    keptFrames,
    seconds: frames / fps,
    keptSeconds: keptFrames / fps,
    keptSpans: sum(verdicts, ({ kept }) => kept.length),
    verdicts: totals,
    operators: operatorTotals(verdicts, fps),
    cameraMotion: motionTotals(verdicts),
    notes,
  };
}

function totalOf(verdict: Verdict, episodes: readonly EpisodeVerdict[], fps: number): VerdictTotal {
  const found = episodes.map((episode) => episode.findings.filter((finding) => finding.verdict === verdict));
  const droppedFrames = sum(episodes, (episode) => episode.droppedFrames[verdict] ?? 0);
  return {
    verdict,
    findings: sum(found, ({ length }) => length),
    episodes: episodes.filter(
      (episode, i) => (found[i]?.length ?? 0) > 0 || (episode.droppedFrames[verdict] ?? 0) > 0,
    ).length,
    droppedFrames,
    droppedSeconds: droppedFrames / fps,
    notedFrames: sum(found.flat(), ({ action, from, to }) => (action === "note" ? to - from : 0)),
  };
}

function operatorTotals(verdicts: readonly EpisodeVerdict[], fps: number): OperatorTotal[] {
  return [...groupBy(verdicts, ({ operator }) => operator)].map(([operator, episodes]) => {
    const frames = sum(episodes, ({ length }) => length);
    const shareOf = (verdict: Verdict): number =>
      sum(episodes, ({ findings }) =>
        sum(findings, (finding) => (finding.verdict === verdict ? finding.to - finding.from : 0)),
      ) / Math.max(1, frames);
    const judged = episodes.filter(({ success }) => success !== undefined);
    const jerks = episodes.flatMap(({ jerk }) => jerk ?? []);
    return {
      operator,
      episodes: episodes.length,
      seconds: frames / fps,
      keptSeconds: sum(episodes, ({ keptFrames }) => keptFrames) / fps,
      successRate: judged.length > 0 ? judged.filter(({ success }) => success).length / judged.length : null,
      idleShare: shareOf("idle"),
      clippedShare: shareOf("clipped"),
      jerk: jerks.length > 0 ? sum(jerks, (jerk) => jerk) / jerks.length : null,
    };
  });
}

function motionTotals(verdicts: readonly EpisodeVerdict[]): Record<string, Record<string, number>> {
  const totals: Record<string, Record<string, number>> = {};
  for (const { facts, motion } of verdicts.flatMap(({ cameras }) => cameras)) {
    const ofCamera = (totals[facts.camera] ??= {});
    ofCamera[motion.label] = (ofCamera[motion.label] ?? 0) + 1;
  }
  return totals;
}

function sum<T>(list: readonly T[], of: (item: T) => number): number {
  return list.reduce((total, item) => total + of(item), 0);
}

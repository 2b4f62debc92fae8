/** What curation finds: a kind, a span of frames, and the reason in words and numbers. */
import type { FindingAction } from "./config.ts";
import type { Span } from "./spans.ts";

/** In order of precedence: a frame that several findings drop is counted under the first. */
export const VERDICTS = [
  "unreadable",
  "nonfinite",
  "duplicate",
  "black",
  "text",
  "overexposed",
  "glitch",
  "frozen",
  "static",
  "dissolve",
  "idle",
  "outlier",
  "jerk",
  "clipped",
  "cut",
  "gap",
  "damaged",
  "aspect",
  "rate",
  "short",
] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Finding extends Span {
  readonly verdict: Verdict;
  readonly action: FindingAction;
  /** Camera whose pictures show it; empty where it is in the rows or concerns them all. */
  readonly camera: string;
  /** For a person: what was found, against what. */
  readonly reason: string;
  /** The measured number behind it, and the threshold it was held against. */
  readonly value: number;
  readonly threshold: number;
}

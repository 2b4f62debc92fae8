/** The conditions of a label-efficiency study: who trains on which labels, and what each run is made from. */
import { makeRng, UsageError } from "@orrery/core";

/**
 * - all: every training episode with its actions; the reference.
 * - inferred: a share of the episodes with actions, and video of the rest with actions inferred by an inverse dynamics
 *   model that was trained on that share only.
 * - none: the same share and the same video, without inferring anything.
 * - part: the share alone; the rest does not exist for it (except where all conditions are given one tokenizer).
 */
export const CONDITION_KINDS = ["all", "inferred", "part", "none"] as const;
export type ConditionKind = (typeof CONDITION_KINDS)[number];

export interface Condition {
  readonly kind: ConditionKind;
  /** Of the training episodes, whose actions are known. */
  readonly share: number;
  /** Folder name, unique in a study: "inferred-30". */
  readonly name: string;
}

/** The reference first, since the others take its tokenizer; then the largest share, which the bar is set for. */
export function conditionsOf(
  shares: readonly number[],
  kinds: readonly ConditionKind[] = CONDITION_KINDS,
): Condition[] {
  const bad = shares.find((share) => !(share > 0 && share < 1));
  if (bad !== undefined || shares.length === 0)
    throw new UsageError(`eval labels: shares must lie between 0 and 1, got ${bad ?? "none"}.`);
  const compared = CONDITION_KINDS.filter((kind) => kind !== "all" && kinds.includes(kind));
  const falling = [...new Set(shares)].toSorted((a, b) => b - a);
  return [
    { kind: "all", share: 1, name: "all" },
    ...falling.flatMap((share) =>
      compared.map((kind) => ({ kind, share, name: `${kind}-${percentOf(share)}` })),
    ),
  ];
}

/** "30" for 0.3. */
export function percentOf(share: number): string {
  return String(Math.round(share * 1000) / 10);
}

/** The episodes whose actions are known, in rising order; a smaller share is part of a larger one. */
export function labelledEpisodes(episodes: readonly number[], share: number, seed: number): number[] {
  const count = Math.max(1, Math.round(episodes.length * share));
  return makeRng(seed, "labelled")
    .shuffle(episodes)
    .slice(0, count)
    .toSorted((a, b) => a - b);
}

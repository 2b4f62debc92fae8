/**
 * Whether two trainings were equal enough to be compared: the same recordings given, as many parameters, optimiser steps
 * and seconds. A comparison of unequal budgets says nothing about methods, so it is refused rather than footnoted.
 */
import { UsageError } from "@orrery/core";

/** What one side was trained with. */
export interface TrainingFacts {
  /** Run folder. */
  readonly run: string;
  readonly seed: number;
  /** Hash of each dataset given, whatever was then made of it, in order. */
  readonly given: readonly string[];
  readonly givenFrames: number;
  /** Rows trained on: imitation leaves out play and failures, a world model does not. */
  readonly usedEpisodes: number;
  readonly usedFrames: number;
  /** Trained numbers that take part in acting. */
  readonly parameters: number;
  /** Optimiser steps of all that takes part in acting. */
  readonly steps: number;
  /** Of the whole training. */
  readonly seconds: number;
  /** Where both trained; seconds elsewhere are other seconds. */
  readonly machine: string;
}

/** Largest relative difference from the larger of the two. */
export interface Tolerance {
  readonly parameters: number;
  readonly steps: number;
  readonly seconds: number;
}

export const TOLERANCE: Tolerance = { parameters: 0.03, steps: 0.02, seconds: 0.15 };

export interface MatchLine {
  readonly what: "recordings given" | "parameters" | "optimiser steps" | "training seconds" | "machine";
  readonly first: string | number;
  readonly second: string | number;
  /** Relative difference, null for what is not a number. */
  readonly gap: number | null;
  readonly allowed: number;
  readonly isMatched: boolean;
}

/** Everything that must agree, whether it does or not. */
export function compareTraining(
  first: TrainingFacts,
  second: TrainingFacts,
  tolerance = TOLERANCE,
): MatchLine[] {
  const amount = (what: MatchLine["what"], a: number, b: number, allowed: number): MatchLine => {
    const gap = Math.abs(a - b) / Math.max(a, b, 1e-9);
    return { what, first: a, second: b, gap, allowed, isMatched: gap <= allowed };
  };
  const same = (
    what: MatchLine["what"],
    a: string,
    b: string,
    shown: readonly [string | number, string | number],
  ): MatchLine => ({
    what,
    first: shown[0],
    second: shown[1],
    gap: null,
    allowed: 0,
    isMatched: a === b,
  });
  return [
    same("recordings given", first.given.join(), second.given.join(), [
      `${first.givenFrames} frames`,
      `${second.givenFrames} frames`,
    ]),
    amount("parameters", first.parameters, second.parameters, tolerance.parameters),
    amount("optimiser steps", first.steps, second.steps, tolerance.steps),
    amount("training seconds", first.seconds, second.seconds, tolerance.seconds),
    same("machine", first.machine, second.machine, [first.machine, second.machine]),
  ];
}

/**
 * @param hint what to do about it, for the message
 * @throws {UsageError} naming everything that does not match
 */
export function assertMatched(
  first: TrainingFacts,
  second: TrainingFacts,
  hint: string,
  tolerance = TOLERANCE,
): void {
  const wrong = compareTraining(first, second, tolerance).filter(({ isMatched }) => !isMatched);
  if (wrong.length === 0) return;
  const list = wrong.map(({ what, first: a, second: b, gap, allowed }) =>
    gap === null
      ? `${what} differ (${a}; ${b})`
      : `${what} ${a} and ${b} differ by ${percent(gap)}, allowed ${percent(allowed)}`,
  );
  throw new UsageError(
    `eval divide: ${first.run} and ${second.run} must have been trained on equal terms: ${list.join("; ")}. ` +
      hint,
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

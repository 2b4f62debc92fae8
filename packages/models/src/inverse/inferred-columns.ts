/**
 * How inferred actions are kept in a dataset: beside the recorded ones and under names of their own, so that nobody
 * takes them for what a body was told to do. A row of `action_source` says which of the two a row has.
 */
import type { EpisodeColumns, Feature } from "@orrery/data";
import { namesOf, type Embodiment } from "@orrery/core";

export const INFERRED_ACTION = "inferred.action";
/** Standard deviation, in the action's own units. */
export const INFERRED_STD = "inferred.action_std";
/** 0 (no better than the mean of the model's training set) to 1 (certain). */
export const INFERRED_CONFIDENCE = "inferred.confidence";
export const ACTION_SOURCE = "inferred.source";

/** Values of the column `inferred.source`. */
export const actionSources = { none: 0, recorded: 1, inferred: 2 } as const;

/** Declarations of the columns for actions of a body. */
export function inferredFeatures({ action }: Embodiment): Feature[] {
  const names = namesOf(action);
  const vector = (name: string, of: readonly string[]): Feature => ({
    name,
    dtype: "float32",
    shape: [of.length],
    width: of.length,
    names: of,
  });
  return [
    vector(INFERRED_ACTION, names),
    vector(INFERRED_STD, names),
    { ...vector(INFERRED_CONFIDENCE, ["confidence"]), names: null },
    { name: ACTION_SOURCE, dtype: "int32", shape: [1], width: 1, names: null },
  ];
}

/** Actions of an episode's rows, whoever says so. */
export interface ActionLabels {
  readonly values: Float32Array; // [T, A]
  readonly mask: Uint8Array; // [T]
  /** [T]: how often the action is to be shown: 1 for recorded ones, 0 where there is none. */
  readonly trust: Float32Array;
  /** [T, A]: inferred actions that are kept apart from recorded ones. */
  readonly hint: Float32Array;
  readonly hintMask: Uint8Array; // [T]
  /** Rows with an inferred action, apart or not. */
  readonly numInferred: number;
}

/**
 * Recorded actions where there are any, inferred ones elsewhere; null where the episode has neither.
 * @param use what becomes of inferred ones; by confidence, that is how far they are trusted
 */
export function actionLabels(
  columns: EpisodeColumns,
  use: "apart" | "use" | "by-confidence" | "ignore",
): ActionLabels | null {
  const { length, action, actionMask, extra } = columns;
  const inferred = use === "ignore" ? undefined : extra[INFERRED_ACTION];
  const guess = inferred?.data instanceof Float32Array ? inferred.data : null;
  const values = action ?? guess;
  if (values === null) return null;
  const A = values.length / length;
  const labels = {
    values: action === null ? new Float32Array(length * A) : Float32Array.from(action),
    mask: new Uint8Array(length),
    trust: new Float32Array(length),
    hint: new Float32Array(length * A),
    hintMask: new Uint8Array(length),
    numInferred: 0,
  };
  const isApart = use === "apart";
  const confidence = extra[INFERRED_CONFIDENCE]?.data;
  for (let t = 0; t < length; t++) {
    if (action !== null && actionMask[t] === 1) {
      labels.mask[t] = 1;
      labels.trust[t] = 1;
    } else if (guess !== null && guess.length === length * A && inferred?.mask[t] === 1) {
      (isApart ? labels.hint : labels.values).set(guess.subarray(t * A, (t + 1) * A), t * A);
      (isApart ? labels.hintMask : labels.mask)[t] = 1;
      if (!isApart) labels.trust[t] = use === "use" || confidence === undefined ? 1 : Number(confidence[t]);
      labels.numInferred++;
    }
  }
  return labels;
}

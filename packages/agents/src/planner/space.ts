/** The space a planner searches, from what the body can do, what was recorded, and where the body stands. */
import { isInParts, widthOf, type Embodiment } from "@orrery/core";
import type { Stats } from "@orrery/models";
import { fromTyped, type Tensor } from "@orrery/torch";
import type { SearchSpace } from "../search/index.ts";

/** Lowest and highest value of each number of an action, [A] each; infinite where a part names no limits. */
export function actionLimits({ action }: Embodiment): { low: Float32Array; high: Float32Array } {
  const pairs = action.flatMap((part) =>
    Array.from({ length: part.width }, (_, i) => part.limits?.[i] ?? ([-Infinity, Infinity] as const)),
  );
  return {
    low: Float32Array.from(pairs, ([low]) => low),
    high: Float32Array.from(pairs, ([, high]) => high),
  };
}

/** Moves each number of the named parts of an action [A] to the nearer of its limits, where it has two. */
export function toLimits(values: Float32Array, embodiment: Embodiment, names: readonly string[]): void {
  if (names.length === 0) return;
  const { low, high } = actionLimits(embodiment);
  for (const [i, isNamed] of isInParts(embodiment.action, names).entries()) {
    const [least, most] = [low[i] as number, high[i] as number];
    if (isNamed && most - least < Infinity)
      values[i] = (values[i] as number) < (least + most) / 2 ? least : most;
  }
}

/**
 * The action that changes nothing, [A]: 0 where a number is a change or a speed. An absolute number keeps the state
 * number of the same name, or what was last commanded, or else the mean of the recordings.
 *
 * @param last the action carried out last, [A]; null before the first
 */
export function restingAction(
  embodiment: Embodiment,
  state: Float32Array,
  last: Float32Array | null,
  mean: Float32Array,
): Float32Array {
  const stateAt = new Map<string, number>();
  let at = 0;
  for (const part of embodiment.state) {
    part.names?.forEach((name, i) => stateAt.set(name, at + i));
    at += part.width;
  }
  const rest = new Float32Array(widthOf(embodiment.action));
  let i = 0;
  for (const part of embodiment.action) {
    for (let k = 0; k < part.width; k++, i++) {
      if (part.mode !== "absolute") continue;
      const same = stateAt.get(part.names?.[k] ?? "");
      rest[i] = (same === undefined ? last?.[i] : state[same]) ?? mean[i] ?? 0;
    }
  }
  return rest;
}

/**
 * The space of sequences of `horizon` actions around `rest`. The first samples spread like recorded actions, times
 * `spread`; a number that never changed in the recordings is left at rest, since the model cannot know what it does, and
 * so are the parts of an action named in `still`; so of `candidates` [C, H, A] too.
 *
 * @returns tensors that belong to the caller
 */
export function searchSpaceOf(
  embodiment: Embodiment,
  stats: Stats,
  rest: Float32Array,
  options: {
    readonly horizon: number;
    readonly spread: number;
    readonly still?: readonly string[];
    readonly candidates?: Tensor | null;
  },
): SearchSpace {
  const { low, high } = actionLimits(embodiment);
  const A = rest.length;
  const isStill = isInParts(embodiment.action, options.still ?? []);
  const vector = (values: Float32Array) => fromTyped(values, [A]);
  const free = vector(stats.std.map((std, i) => (isStill[i] ? 0 : std * options.spread)));
  const { candidates = null } = options;
  return {
    horizon: options.horizon,
    low: vector(low),
    high: vector(high),
    rest: vector(rest),
    spread: free,
    candidates: candidates === null ? null : candidates.where(free.gt(0), vector(rest)),
  };
}

/** The numbers that stand beside the latents of every frame: actions, hints, states, rewards, as tensors over all episodes. */
import type { EpisodeColumns } from "@orrery/data";
import { fromTyped, keep, noGrad, scope, type Tensor } from "@orrery/torch";
import { actionLabels } from "../inverse/inferred-columns.ts";
import type { WorldModel } from "../world-model.ts";

/**
 * What becomes of actions that were inferred from pictures. "apart": they are told through an input of their own, as what
 * pictures say; "use": like recorded ones; "by-confidence": like recorded ones in a share of the draws; "ignore": not at
 * all. Where no action at all was recorded, "apart" means "use", since nothing else would say what actions do.
 */
export type InferredUse = "apart" | "use" | "by-confidence" | "ignore";

/** Numbers of an episode, and what is to become of its inferred actions. */
export interface EpisodeNumbers {
  readonly columns: EpisodeColumns;
  readonly inferredActions: InferredUse;
}

export interface Rows {
  readonly action: Tensor; // [F, A], normalised
  readonly hasAction: Tensor; // float [F, 1]
  readonly trust: Tensor; // float [F, 1]: 1 for recorded actions, the confidence for inferred ones
  readonly hint: Tensor; // [F, H], normalised like actions
  readonly hasHint: Tensor; // float [F, 1]
  readonly state: Tensor; // [F, P], normalised
  readonly hasState: Tensor; // float [F, 1]
  readonly reward: Tensor; // [F], normalised
  readonly hasReward: Tensor; // float [F]
  readonly success: Tensor; // float [F]
}

export interface GatheredRows {
  readonly rows: Rows;
  readonly numInferred: number;
  /** Whether some actions are to be shown in part of the draws only. */
  readonly hasDoubt: boolean;
}

/** Whether any action of an episode was recorded. */
export function isRecorded({ action, actionMask }: EpisodeColumns): boolean {
  return action !== null && actionMask.includes(1);
}

/** The rows of all episodes in their order, F in all. Uses the model's scales, which must be set. */
export function gatherRows(model: WorldModel, numbers: readonly EpisodeNumbers[], F: number): GatheredRows {
  const { actionWidth: A, stateWidth: P, hintWidth: H = 0 } = model.facts;
  const hasRecorded = numbers.some(({ columns }) => isRecorded(columns));
  const action = new Float32Array(F * A);
  const hasAction = new Float32Array(F);
  const trust = new Float32Array(F);
  const hint = new Float32Array(F * A);
  const hasHint = new Float32Array(F);
  const state = new Float32Array(F * P);
  const hasState = new Float32Array(F);
  const reward = new Float32Array(F);
  const hasReward = new Float32Array(F);
  const success = new Float32Array(F);
  let [first, numInferred, hasDoubt] = [0, 0, false];
  for (const { columns: episode, inferredActions } of numbers) {
    const use = inferredActions === "apart" && !hasRecorded ? "use" : inferredActions;
    const labels = actionLabels(episode, use);
    copyRows(labels?.values ?? null, action, first, episode.length, A);
    hasAction.set(labels?.mask ?? [], first);
    trust.set(labels?.trust ?? [], first);
    if (H > 0) {
      copyRows(labels?.hint ?? null, hint, first, episode.length, A);
      hasHint.set(labels?.hintMask ?? [], first);
    }
    numInferred += labels?.numInferred ?? 0;
    hasDoubt ||= use === "by-confidence" && (labels?.numInferred ?? 0) > 0;
    copyRows(episode.state, state, first, episode.length, P);
    hasState.set(episode.state === null ? [] : episode.stateMask, first);
    if (episode.reward !== null) {
      reward.set(episode.reward, first);
      hasReward.set(episode.rewardMask, first);
    }
    if (episode.success !== null) success.set(episode.success, first);
    first += episode.length;
  }
  const { device } = model;
  return noGrad(() => {
    const of = (values: Float32Array, shape: readonly number[]): Tensor =>
      fromTyped(values, shape, { device });
    const rows = scope((): Rows => ({
      action: model.actionScale.normalize(of(action, [F, A])).nanToNum(),
      hasAction: of(hasAction, [F, 1]),
      trust: of(trust, [F, 1]),
      hint: model.actionScale.normalize(of(hint, [F, A])).nanToNum(),
      hasHint: of(hasHint, [F, 1]),
      state: model.stateScale.normalize(of(state, [F, P])).nanToNum(),
      hasState: of(hasState, [F, 1]),
      reward: model.rewardScale
        .normalize(of(reward, [F, 1]))
        .squeeze(-1)
        .nanToNum(),
      hasReward: of(hasReward, [F]),
      success: of(success, [F]),
    }));
    for (const tensor of Object.values(rows) as Tensor[]) keep(tensor);
    return { rows, numInferred, hasDoubt };
  });
}

/** Rows of a narrower source are padded with zeros on the right. */
function copyRows(
  from: Float32Array | null,
  to: Float32Array,
  first: number,
  length: number,
  width: number,
): void {
  if (from === null || length === 0) return;
  const own = from.length / length;
  for (let row = 0; row < length; row++) {
    to.set(from.subarray(row * own, row * own + Math.min(own, width)), (first + row) * width);
  }
}

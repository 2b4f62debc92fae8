/** The losses of the dynamics: flow, and the heads for proprioception, reward and success. */
import { fromTyped, ops, type Generator, type Tensor } from "@orrery/torch";
import type { Rng } from "@orrery/core";
import type { TrainingConfig } from "../config.ts";
import { drawHistory, drawLevels, shortcutLoss, type LatentBatch } from "../nets/shortcut.ts";
import type { WorldModel } from "../world-model.ts";
import type { OutcomeTargets } from "./latent-store.ts";
import type { WeightedLoss } from "./phase.ts";

export interface LossContext {
  readonly usesBfloat16: boolean;
  readonly rng: Rng;
  readonly generator: Generator;
}

/** Losses of one batch; to be called inside a scope. */
export function dynamicsLosses(
  model: WorldModel,
  batch: LatentBatch & { readonly targets: OutcomeTargets },
  config: TrainingConfig["dynamics"],
  { usesBfloat16, rng, generator }: LossContext,
): Record<string, WeightedLoss> {
  const [B = 0, T = 0] = batch.latents.shape;
  const numBootstrap = Math.floor(B * config.bootstrapShare);
  const { maxSteps } = model.config.dynamics;
  const isAfterHistory = T > 1 && rng.chance(config.givenHistoryShare);
  const cleanPrefixShare = isAfterHistory ? 0 : config.cleanPrefixShare;
  const levels = drawLevels(B, T, { maxSteps, numBootstrap, cleanPrefixShare }, rng);
  const condition = hideActions(batch.condition, B, config.actionDropShare, rng);
  const clips = { latents: batch.latents, condition };
  const { flow, output } = shortcutLoss(model.dynamics, clips, levels, {
    numBootstrap,
    usesBfloat16,
    generator,
    ...(isAfterHistory ? { history: drawHistory(B, T, maxSteps, config.historyNoise, rng) } : {}),
  });

  const { stateDelta, hasStateDelta, reward, hasReward, success } = batch.targets;
  const losses: Record<string, WeightedLoss> = { flow: { value: flow, weight: 1 } };
  const head = (name: string, error: Tensor, mask: Tensor): void => {
    losses[name] = { value: maskedMean(error, mask), weight: config.headWeight };
  };
  if (model.facts.stateWidth > 0) {
    head("state", output.stateDelta.sub(stateDelta).square().mean(-1), hasStateDelta);
  }
  if (hasReward.sum().item() > 0) {
    head("reward", output.reward.sub(reward).square(), hasReward);
    head("success", binaryCrossEntropy(output.successLogit, success), hasReward);
  }
  return losses;
}

/** The clips of a share of the batch lose their actions, so that the model can also go on without. */
function hideActions(
  condition: LatentBatch["condition"],
  B: number,
  share: number,
  rng: Rng,
): LatentBatch["condition"] {
  const isShown = Uint8Array.from({ length: B }, () => (rng.chance(share) ? 0 : 1));
  if (isShown.every((shown) => shown === 1)) return condition;
  const shown = fromTyped(isShown, [B, 1, 1], { device: condition.action.device }).bool();
  const { hasAction, hasHint } = condition;
  return {
    ...condition,
    hasAction: hasAction.logicalAnd(shown),
    ...(hasHint === undefined ? {} : { hasHint: hasHint.logicalAnd(shown) }),
  };
}

/** Mean over what the mask keeps; 0 where it keeps nothing. */
function maskedMean(error: Tensor, mask: Tensor): Tensor {
  return error.mul(mask).sum().div(mask.sum().clampMin(1));
}

function binaryCrossEntropy(logit: Tensor, target: Tensor): Tensor {
  return ops.binaryCrossEntropyWithLogits(logit, target, null, null, 0);
}

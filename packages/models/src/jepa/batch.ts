/**
 * Clips of consecutive rows as the joint-embedding model trains on them: a few moments some rows apart, and between
 * them blocks of actions.
 *
 * Shapes: B clips, S moments, V cameras, H W pixels, P state width, A action width, K longest block.
 */
import type { Clip, Rng } from "@orrery/core";
import { fromTyped, type Tensor } from "@orrery/torch";
import { clipMoments } from "./config.ts";
import type { Sight } from "./encoder.ts";
import type { JepaModel } from "./model.ts";
import type { Block } from "./predictor.ts";

/** Moments of B clips; all normalised. */
export interface Moments {
  /** frames [B, S, V, H, W, 3], state [B, S, P], hasState [B, S, 1]; some states are hidden. */
  readonly sight: Sight;
  /** What leads from each moment to the next: actions [B, S - 1, K A], length [B, S - 1, K], isKnown [B, S - 1, 1]. */
  readonly blocks: Block;
  readonly targets: {
    readonly state: Tensor; // [B, S, P]
    readonly hasState: Tensor; // float [B, S]
    /** Of the control step that led to each moment, [B, S]. */
    readonly reward: Tensor;
    readonly hasReward: Tensor; // float [B, S]
    readonly success: Tensor; // float [B, S]
  };
}

/** Rows of a clip that become its moments, and the control steps between two of them. */
interface Cut {
  readonly first: number;
  readonly step: number;
}

/** Cuts moments out of a clip, with the draws that make training robust; to be called inside a scope. */
export function cutMoments(model: JepaModel, clip: Clip, rng: Rng): Moments {
  const { net, training } = model.config;
  const { shortShare, actionDropShare, stateDropShare } = training.jepa;
  const S = clipMoments(model.config);
  const K = net.maxBlock;
  const { B, T, V, H, W, A, P } = clip;
  const cuts = Array.from({ length: B }, (): Cut => {
    const step = K > 1 && rng.chance(shortShare) ? 1 + rng.int(K - 1) : K;
    return { step, first: rng.int(T - (S - 1) * step) };
  });
  const rowOf = (b: number, s: number): number => {
    const { first, step } = cuts[b] as Cut;
    return b * T + first + s * step;
  };
  const { device } = model;
  const each = <X extends Uint8Array | Float32Array>(from: X, to: X, width: number, offset = 0): X => {
    for (let b = 0; b < B; b++) {
      for (let s = 0; s < S; s++) {
        const row = rowOf(b, s) + offset;
        if (row >= b * T) to.set(from.subarray(row * width, (row + 1) * width), (b * S + s) * width);
      }
    }
    return to;
  };
  const flags = (from: Uint8Array, offset = 0): Float32Array =>
    Float32Array.from(each(from, new Uint8Array(B * S), 1, offset));
  const pixels = V * H * W * 3;
  const hasState = flags(clip.stateMask);
  const isFelt = hasState.map((has) => (rng.chance(stateDropShare) ? 0 : has));
  const state = model.stateScale
    .normalize(fromTyped(each(clip.state, new Float32Array(B * S * P), P), [B, S, P], { device }))
    .mul(fromTyped(hasState, [B, S, 1], { device }));
  // The reward of row t belongs to the step that leads to row t + 1.
  const reward = each(clip.reward, new Float32Array(B * S), 1, -1);
  const { actions, length, isKnown } = joinActions(clip, cuts, S, K, () => rng.chance(actionDropShare));
  const raw = fromTyped(actions, [B, S - 1, K, A], { device });
  const taken = fromTyped(length, [B, S - 1, K], { device }); // 1 for each step of the block
  return {
    sight: {
      frames: fromTyped(each(clip.frames, new Uint8Array(B * S * pixels), pixels), [B, S, V, H, W, 3], {
        device,
      }),
      state,
      hasState: fromTyped(isFelt, [B, S, 1], { device }).bool(),
    },
    blocks: {
      actions: model.actionScale.normalize(raw).mul(taken.unsqueeze(-1)).flatten(2),
      length: oneHotLength(cuts, S, K, device),
      isKnown: fromTyped(isKnown, [B, S - 1, 1], { device }).bool(),
    },
    targets: {
      state,
      hasState: fromTyped(hasState, [B, S], { device }),
      reward: model.rewardScale.normalize(fromTyped(reward, [B, S, 1], { device })).squeeze(-1),
      hasReward: fromTyped(flags(clip.rewardMask, -1), [B, S], { device }),
      success: fromTyped(flags(clip.success, -1), [B, S], { device }),
    },
  };
}

/** Actions of the control steps from moment to moment, side by side: [B, S - 1, K, A]; a block is known if all of it is. */
function joinActions(
  { B, T, A, action, actionMask }: Clip,
  cuts: readonly Cut[],
  S: number,
  K: number,
  isHidden: () => boolean,
): { actions: Float32Array; length: Float32Array; isKnown: Uint8Array } {
  const actions = new Float32Array(B * (S - 1) * K * A);
  const length = new Float32Array(B * (S - 1) * K);
  const isKnown = new Uint8Array(B * (S - 1));
  for (const [b, { first, step }] of cuts.entries()) {
    const hidden = isHidden();
    for (let s = 0; s < S - 1; s++) {
      const row = b * T + first + s * step;
      const block = b * (S - 1) + s;
      actions.set(action.subarray(row * A, (row + step) * A), block * K * A);
      length.fill(1, block * K, block * K + step);
      isKnown[block] = !hidden && actionMask.subarray(row, row + step).every((mask) => mask === 1) ? 1 : 0;
    }
  }
  return { actions, length, isKnown };
}

function oneHotLength(cuts: readonly Cut[], S: number, K: number, device: string): Tensor {
  const hot = new Float32Array(cuts.length * K);
  for (const [b, { step }] of cuts.entries()) hot[b * K + step - 1] = 1;
  return fromTyped(hot, [cuts.length, 1, K], { device }).expand([cuts.length, S - 1, K]);
}

/**
 * From the embeddings of the last few moments and a block of actions to the embedding after the block, and how far off
 * that is likely to be. It predicts the change, so that doing nothing is right at first.
 *
 * Sources: LeWorldModel, 2026, arXiv:2603.19312, and JEPA-WMs, 2025, arXiv:2512.24497: a causal predictor with a short
 * history whose layers the action scales and shifts (adaptive layer norm, Peebles and Xie 2022, arXiv:2212.09748).
 * Departures, for planning on a CPU: one moment is one vector and the history two or three of them, so they enter side
 * by side and no layer attends; a block may cover one control step or several, and says how many.
 *
 * Shapes: B streams, D numbers of an embedding, A action width, K longest block, W width, h earlier moments.
 */
import {
  cat,
  LayerNorm,
  Linear,
  Module,
  parameter,
  truncatedNormal,
  where,
  zeros,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import type { JepaNetConfig } from "./config.ts";

/** Actions of B streams over one block, normalised. */
export interface Block {
  /** [B, K A]: the block's actions side by side, zeros behind them. */
  readonly actions: Tensor;
  /** One-hot length, [B, K]. */
  readonly length: Tensor;
  /** Whether the actions are known, bool [B, 1]. */
  readonly isKnown: Tensor;
}

/** What a block of actions does, computed before it is known where. */
export interface BlockCode {
  /** For the moments to come, which see it as their past: [.., W]. */
  readonly code: Tensor;
  /** Scale, shift and gate of each layer, [.., depth * 3 * W]. */
  readonly modulation: Tensor;
}

/** Moments before the present one, newest first, each with what was then done; h of them. */
export interface Past {
  readonly embedding: Tensor; // [B, h, D]
  /** Of `BlockCode`, [B, h, W]. */
  readonly code: Tensor;
  /** float [B, h, 1]: 0 where the stream had not begun. */
  readonly isThere: Tensor;
}

export interface Prediction {
  readonly embedding: Tensor; // [B, D]
  /** Natural logarithm of the squared error per number that is to be expected, [B]. */
  readonly logError: Tensor;
}

export class Predictor extends Module {
  readonly actionIn: Linear | null;
  readonly noAction: Tensor; // [W]
  readonly lengthIn: Linear;
  readonly codeOut: Linear;
  readonly modulation: Linear;
  readonly presentIn: Linear;
  readonly pastIn: readonly Linear[];
  readonly blocks: readonly AdaptiveBlock[];
  readonly outNorm: LayerNorm;
  readonly out: Linear;

  constructor(config: JepaNetConfig, actionWidth: number, generator: Generator) {
    super();
    const { embedding: D, maxBlock, historyFrames, predictor } = config;
    const { width, depth, mlpRatio } = predictor;
    this.actionIn =
      actionWidth === 0 ? null : new Linear(maxBlock * actionWidth, width, generator, { bias: false });
    this.noAction = parameter(truncatedNormal([width], 0.02, generator));
    this.lengthIn = new Linear(maxBlock, width, generator);
    this.codeOut = new Linear(width, width, generator);
    this.modulation = new Linear(width, depth * 3 * width, generator, { std: 0.1 * width ** -0.5 });
    this.presentIn = new Linear(D, width, generator);
    this.pastIn = Array.from(
      { length: historyFrames - 1 },
      () => new Linear(D + width, width, generator, { std: 0.1 * (D + width) ** -0.5 }),
    );
    const hidden = 16 * Math.round((width * mlpRatio) / 16);
    this.blocks = Array.from({ length: depth }, () => new AdaptiveBlock(width, hidden, generator));
    this.outNorm = new LayerNorm(width, { hasBias: false });
    this.out = new Linear(width, D + 1, generator, { std: 0 });
  }

  /** All that depends on the actions alone: one product for any number of blocks. */
  blockCode({ actions, length, isKnown }: Block): BlockCode {
    const acted =
      this.actionIn === null
        ? this.noAction
        : where(isKnown, this.actionIn.forward(actions).float(), this.noAction);
    const code = this.codeOut.forward(acted.add(this.lengthIn.forward(length).float()).gelu()).float();
    return { code, modulation: this.modulation.forward(code.silu()).float() };
  }

  /** @param modulation of the block to come, [B, depth * 3 * W] */
  forward(present: Tensor, past: Past, modulation: Tensor): Prediction {
    let h = this.presentIn.forward(present).float();
    for (const [i, layer] of this.pastIn.entries()) {
      const moment = cat([past.embedding.select(-2, i), past.code.select(-2, i)], -1);
      h = h.add(layer.forward(moment).float().mul(past.isThere.select(-2, i)));
    }
    const parts = modulation.chunk(3 * this.blocks.length, -1);
    for (const [i, block] of this.blocks.entries()) {
      const [scale, shift, gate] = parts.slice(3 * i, 3 * i + 3) as [Tensor, Tensor, Tensor];
      h = block.forward(h, scale, shift, gate);
    }
    const out = this.out.forward(this.outNorm.forward(h)).float();
    const D = present.size(-1);
    return { embedding: present.add(out.narrow(-1, 0, D)), logError: out.select(-1, D) };
  }

  /** Multiply-adds times two of one prediction for one stream. */
  flops(): number {
    return 2 * this.parameters().reduce((sum, p) => sum + (p.rank === 2 ? p.numel : 0), 0);
  }

  /** No past at all, for streams that begin. */
  noPast(B: number): Past {
    const h = this.pastIn.length;
    const { device } = this.noAction;
    const [W, D] = [this.noAction.size(0), this.presentIn.weight.size(1)];
    return {
      embedding: zeros([B, h, D], { device }),
      code: zeros([B, h, W], { device }),
      isThere: zeros([B, h, 1], { device }),
    };
  }
}

/** Two-layer network on a normalised input that the action scales and shifts, behind a gate that begins nearly closed. */
class AdaptiveBlock extends Module {
  readonly norm: LayerNorm;
  readonly into: Linear;
  readonly out: Linear;

  constructor(width: number, hidden: number, generator: Generator) {
    super();
    this.norm = new LayerNorm(width, { hasGain: false, hasBias: false });
    this.into = new Linear(width, hidden, generator);
    this.out = new Linear(hidden, width, generator);
  }

  forward(x: Tensor, scale: Tensor, shift: Tensor, gate: Tensor): Tensor {
    const h = this.norm.forward(x).mul(scale.add(1)).add(shift);
    return x.add(this.out.forward(this.into.forward(h).gelu()).float().mul(gate));
  }
}

/**
 * Two transformers that share their attention: the trunk reads what is perceived, the action expert reads the trunk and
 * its own tokens. The trunk never sees the expert, so it runs once per observation however many Euler steps follow.
 *
 * Source: pi0, Black et al. 2024, arXiv:2410.24164, section IV and appendix B ("action expert": own weights of another
 * width for the action tokens, one attention over all). Departures: LayerNorm and GELU as in the world models here;
 * no rotary positions, since trunk tokens carry learned ones; the trunk's last layer only makes keys and values, as
 * nothing reads more of it.
 *
 * Shapes: B batch, S trunk tokens, T expert tokens, W trunk width, E expert width, H heads, D head width.
 */
import {
  cat,
  LayerNorm,
  Linear,
  MLP,
  Module,
  scaledDotProductAttention,
  scope,
  zeros,
  type Generator,
  type Tensor,
} from "@orrery/torch";

export interface HalfConfig {
  readonly width: number;
  /** Width of the hidden layer of its MLPs. */
  readonly mlpHidden: number;
}

export interface JointStackConfig {
  readonly trunk: HalfConfig;
  readonly expert: HalfConfig;
  readonly depth: number;
  readonly numHeads: number; // H
  readonly headWidth: number; // D
}

/** What the trunk leaves for the expert: per layer, keys and values [B, H, S, D]. */
export interface TrunkMemory {
  readonly layers: readonly { readonly key: Tensor; readonly value: Tensor }[];
  /** Float [B, 1, 1, S]: 0 where a token is there, -Infinity where it is padding; null where all are there. */
  readonly mask: Tensor | null;
}

/** One layer's weights of one of the two. */
class Half extends Module {
  readonly norm: LayerNorm;
  readonly qkv: Linear;
  readonly out: Linear;
  readonly mlpNorm: LayerNorm;
  readonly mlp: MLP;
  readonly #numHeads: number;
  readonly #headWidth: number;

  constructor({ width, mlpHidden }: HalfConfig, numHeads: number, headWidth: number, generator: Generator) {
    super();
    const inner = numHeads * headWidth;
    this.norm = new LayerNorm(width, { hasBias: false });
    this.qkv = new Linear(width, 3 * inner, generator, { bias: false });
    this.out = new Linear(inner, width, generator, { bias: false, std: 0 }); // every block starts as the identity
    this.mlpNorm = new LayerNorm(width, { hasBias: false });
    this.mlp = new MLP([width, mlpHidden, width], generator, { outStd: 0 });
    this.#numHeads = numHeads;
    this.#headWidth = headWidth;
  }

  project(x: Tensor): [query: Tensor, key: Tensor, value: Tensor] {
    const [B = 0, T = 0] = x.shape;
    const heads = this.qkv.forward(this.norm.forward(x)).view([B, T, 3, this.#numHeads, this.#headWidth]);
    return heads.permute([2, 0, 3, 1, 4]).unbind(0) as [Tensor, Tensor, Tensor]; // each [B, H, T, D]
  }

  finish(x: Tensor, attended: Tensor): Tensor {
    const [B = 0, T = 0] = x.shape;
    const joined = attended.transpose(1, 2).reshape([B, T, this.#numHeads * this.#headWidth]);
    const mixed = x.add(this.out.forward(joined));
    return mixed.add(this.mlp.forward(this.mlpNorm.forward(mixed)));
  }
}

/** The trunk's last layer: keys and values, and nothing after them. */
class KeyValue extends Module {
  readonly norm: LayerNorm;
  readonly kv: Linear;
  readonly #numHeads: number;
  readonly #headWidth: number;

  constructor(width: number, numHeads: number, headWidth: number, generator: Generator) {
    super();
    this.norm = new LayerNorm(width, { hasBias: false });
    this.kv = new Linear(width, 2 * numHeads * headWidth, generator, { bias: false });
    this.#numHeads = numHeads;
    this.#headWidth = headWidth;
  }

  project(x: Tensor): [key: Tensor, value: Tensor] {
    const [B = 0, S = 0] = x.shape;
    const heads = this.kv.forward(this.norm.forward(x)).view([B, S, 2, this.#numHeads, this.#headWidth]);
    return heads.permute([2, 0, 3, 1, 4]).unbind(0) as [Tensor, Tensor];
  }
}

export class JointStack extends Module {
  readonly trunk: readonly Half[];
  readonly trunkLast: KeyValue;
  readonly expert: readonly Half[];
  readonly outNorm: LayerNorm;

  constructor(config: JointStackConfig, generator: Generator) {
    super();
    const { trunk, expert, depth, numHeads, headWidth } = config;
    const halves = (half: HalfConfig, count: number): Half[] =>
      Array.from({ length: count }, () => new Half(half, numHeads, headWidth, generator));
    this.trunk = halves(trunk, depth - 1);
    this.trunkLast = new KeyValue(trunk.width, numHeads, headWidth, generator);
    this.expert = halves(expert, depth);
    this.outNorm = new LayerNorm(expert.width, { hasBias: false });
  }

  /**
   * Reads what is perceived.
   * @param x [B, S, W]
   * @param mask as in `TrunkMemory`
   */
  perceive(x: Tensor, mask: Tensor | null): TrunkMemory {
    const layers: { key: Tensor; value: Tensor }[] = [];
    let h = x;
    for (const half of this.trunk) {
      const input = h;
      const { out, key, value } = scope(() => {
        const [query, k, v] = half.project(input);
        return {
          out: half.finish(input, scaledDotProductAttention(query, k, v, { mask })),
          key: k,
          value: v,
        };
      });
      layers.push({ key, value });
      h = out;
    }
    const [key, value] = this.trunkLast.project(h);
    layers.push({ key, value });
    return { layers, mask };
  }

  /**
   * @param y [B, T, E]
   * @param ownMask float, broadcasts to [B, 1, T, T]: 0 where an expert token may see another; null where all may see all
   * @returns [B, T, E], normalised
   */
  forward(y: Tensor, memory: TrunkMemory, ownMask: Tensor | null): Tensor {
    const mask = joinMasks(y, memory, ownMask);
    let h = y;
    for (const [i, half] of this.expert.entries()) {
      const input = h;
      const past = memory.layers[i] as TrunkMemory["layers"][number];
      h = scope(() => {
        const [query, key, value] = half.project(input);
        const keys = cat([past.key, key], 2);
        const values = cat([past.value, value], 2);
        return half.finish(input, scaledDotProductAttention(query, keys, values, { mask }));
      });
    }
    return this.outNorm.forward(h);
  }
}

/** [B, 1, T, S + T], or null where nothing is hidden. */
function joinMasks(y: Tensor, { layers, mask }: TrunkMemory, ownMask: Tensor | null): Tensor | null {
  if (mask === null && ownMask === null) return null;
  const [B = 0, T = 0] = y.shape;
  const S = layers[0]?.key.size(2) ?? 0;
  const open = (width: number): Tensor => zeros([B, 1, T, width], { device: y.device });
  return cat([mask?.expand([B, 1, T, S]) ?? open(S), ownMask?.expand([B, 1, T, T]) ?? open(T)], 3);
}

/**
 * The transformer that tokenizer and dynamics share: tokens of frames, attention inside a frame in most layers and
 * causally over time in the others. Source: Dreamer 4, Hafner et al. 2025, section 3.3 (space and time factored,
 * time in every n-th layer). Departures for small machines: LayerNorm and GELU by choice of the configuration.
 *
 * Shapes: B batch, T time, N tokens per frame, W width.
 */
import type { Generator, Tensor } from "@orrery/torch";
import {
  arange,
  Attention,
  cat,
  KvCache,
  LayerNorm,
  linePositions,
  MLP,
  Module,
  ones,
  RMSNorm,
  Rotary,
  scope,
  SwiGLU,
  type AttendOptions,
  type Layer,
} from "@orrery/torch";
import type { StackConfig } from "../config.ts";

/** Keys and values of the time layers of one stream; `rewind` forgets the newest frames of all of them. */
export class StackCache {
  readonly layers: readonly KvCache[];

  constructor(layers: readonly KvCache[]) {
    this.layers = layers;
  }

  static empty(numTimeLayers: number, contextFrames: number): StackCache {
    return new StackCache(Array.from({ length: numTimeLayers }, () => new KvCache(contextFrames)));
  }

  /**
   * A cache of its own for the given streams, int64 [N]; one may come several times.
   * @param tokens per frame of one stream, each with a past of its own
   */
  select(streams: Tensor, tokens: number): StackCache {
    const own = arange(tokens, { dtype: "int64", device: streams.device });
    const rows = streams.mul(tokens).unsqueeze(1).add(own).flatten();
    return new StackCache(this.layers.map((layer) => layer.select(rows)));
  }

  rewind(frames: number): void {
    for (const layer of this.layers) layer.rewind(frames);
  }

  free(): void {
    for (const layer of this.layers) layer.free();
  }
}

class Block extends Module {
  readonly isTime: boolean;
  readonly attentionNorm: Layer;
  readonly attention: Attention;
  readonly mlpNorm: Layer;
  readonly mlp: Layer;

  constructor(config: StackConfig, isTime: boolean, generator: Generator) {
    super();
    const { width, headWidth, mlpRatio } = config;
    const makeNorm = (): Layer =>
      config.norm === "rms" ? new RMSNorm(width) : new LayerNorm(width, { hasBias: false });
    const numHeads = width / headWidth;
    this.isTime = isTime;
    this.attentionNorm = makeNorm();
    this.attention = new Attention(
      {
        width,
        numHeads,
        numKvHeads: config.numKvHeads === 0 ? numHeads : Math.min(config.numKvHeads, numHeads),
        normalizesQueryKey: config.normalizesQueryKey,
        outStd: 0, // every block starts as the identity
      },
      generator,
    );
    this.mlpNorm = makeNorm();
    const hidden = 16 * Math.round((width * mlpRatio) / 16);
    this.mlp =
      config.mlp === "swiglu"
        ? new SwiGLU(width, hidden, generator, { outStd: 0 })
        : new MLP([width, hidden, width], generator, { outStd: 0 });
  }

  /** x [B, T, N, W] gives the same shape; `overTime` says which frames see which in a layer over time. */
  forward(x: Tensor, overTime: AttendOptions): Tensor {
    const [B = 0, T = 0, N = 0, W = 0] = x.shape;
    const normed = this.attentionNorm.forward(x);
    let attended: Tensor;
    if (this.isTime) {
      const byToken = normed.transpose(1, 2).reshape([B * N, T, W]);
      attended = this.attention.forward(byToken, overTime).view([B, N, T, W]).transpose(1, 2);
    } else {
      attended = this.attention.forward(normed.reshape([B * T, N, W])).view([B, T, N, W]);
    }
    const mixed = x.add(attended);
    return mixed.add(this.mlp.forward(this.mlpNorm.forward(mixed)));
  }
}

/** Blocks in a row and a last normalisation. */
export class SpaceTimeStack extends Module {
  readonly blocks: readonly Block[];
  readonly outNorm: Layer;
  readonly rotary: Rotary;
  readonly #config: StackConfig;

  /** @param maxFrames longest clip or cache that the time layers will see */
  constructor(config: StackConfig, maxFrames: number, generator: Generator) {
    super();
    this.#config = config;
    const { depth, timeEvery, width } = config;
    this.blocks = Array.from(
      { length: depth },
      (_, i) => new Block(config, timeEvery > 0 && i % timeEvery === timeEvery - 1, generator),
    );
    this.outNorm = config.norm === "rms" ? new RMSNorm(width) : new LayerNorm(width, { hasBias: false });
    this.rotary = new Rotary(config.headWidth, linePositions(Math.max(2 * maxFrames, 2)));
  }

  get numTimeLayers(): number {
    return this.blocks.filter((block) => block.isTime).length;
  }

  /** A fresh cache that reaches `contextFrames` back. */
  makeCache(contextFrames: number): StackCache {
    return StackCache.empty(this.numTimeLayers, contextFrames);
  }

  /**
   * @param x [B, T, N, W]
   * @param cache of this stream, to which the T frames are added; without it the T frames are all there is
   * @returns [B, T, N, W], normalised
   */
  forward(x: Tensor, cache?: StackCache): Tensor {
    const { rotary } = this;
    return this.#run(x, (layer) => {
      const own = cache?.layers[layer];
      return own === undefined ? { isCausal: true, rotary } : { cache: own, rotary };
    });
  }

  /**
   * Two streams side by side: the history, and for each of its moments another frame that might follow what came before.
   * Frame t of the second stream sees itself and the history before t, as it would through a cache.
   * @param x [B, 2 T, N, W], the history first
   * @returns [B, 2 T, N, W], normalised
   */
  forwardBeside(x: Tensor): Tensor {
    const T = x.size(1) / 2;
    const square = ones([T, T], { dtype: "bool", device: x.device });
    const nothing = square.logicalNot();
    const history = cat([square.tril(), nothing], 1);
    const beside = cat([square.tril(-1), square.tril().triu()], 1);
    const moments = linePositions(T)[0] as readonly number[];
    const rotary = new Rotary(this.#config.headWidth, [[...moments, ...moments]]).to({ device: x.device });
    const overTime = { mask: cat([history, beside], 0), rotary };
    return this.#run(x, () => overTime);
  }

  #run(x: Tensor, optionsOf: (timeLayer: number) => AttendOptions): Tensor {
    let h = x;
    let timeLayer = 0;
    for (const block of this.blocks) {
      const input = h;
      const overTime = optionsOf(block.isTime ? timeLayer++ : 0);
      // What the backward pass does not need is freed after each block, not at the end of the step: 2 % faster.
      h = scope(() => block.forward(input, overTime));
      if (input !== x) input.free();
    }
    const normed = this.outNorm.forward(h);
    if (h !== x) h.free();
    return normed;
  }

  /** Multiply-adds of one forward pass over T frames of N tokens, for progress and for the distance to the chip's peak. */
  flops(T: number, N: number): number {
    const { width, mlpRatio, mlp, depth } = this.#config;
    const perToken = width * width * (4 + (mlp === "swiglu" ? 3 : 2) * mlpRatio);
    const attention = this.blocks.reduce((sum, block) => sum + 2 * width * (block.isTime ? T / 2 : N), 0);
    return 2 * T * N * (depth * perToken + attention);
  }
}

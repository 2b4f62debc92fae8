/** The per-token half of a transformer block, and layers in a row. */
import type { Generator } from "../generator.ts";
import type { Tensor } from "../tensor.ts";
import { Linear } from "./linear.ts";
import { Module, type Layer } from "./module.ts";

export interface MlpOptions {
  /** Defaults to the input width. */
  readonly numOutputs?: number;
  readonly bias?: boolean;
  /** Of the last layer's initial weights; see `LinearOptions`. */
  readonly outStd?: number;
}

/** Gated feed-forward layer: (silu(x A) * x B) C. Source: Shazeer 2020, arXiv:2002.05202, without biases. */
export class SwiGLU extends Module implements Layer {
  readonly into: Linear; // A and B in one product
  readonly out: Linear;

  constructor(width: number, hidden: number, generator: Generator, options: MlpOptions = {}) {
    super();
    const { numOutputs = width, bias = false, outStd } = options;
    this.into = new Linear(width, 2 * hidden, generator, { bias });
    this.out = new Linear(hidden, numOutputs, generator, {
      bias,
      ...(outStd === undefined ? {} : { std: outStd }),
    });
  }

  forward(x: Tensor): Tensor {
    const [gate, value] = this.into.forward(x).chunk(2, -1) as [Tensor, Tensor];
    return this.out.forward(gate.silu().mul(value));
  }
}

/** Linear layers of the given widths with GELU between them: for heads and small networks. */
export class MLP extends Module implements Layer {
  readonly layers: readonly Linear[];

  /** @param widths inputs, hidden layers, outputs: [64, 256, 256, 7] has two hidden layers */
  constructor(widths: readonly number[], generator: Generator, options: Pick<MlpOptions, "outStd"> = {}) {
    super();
    const last = widths.length - 2;
    this.layers = widths.slice(1).map((numOutputs, i) => {
      const std = i === last ? options.outStd : undefined;
      return new Linear(widths[i] as number, numOutputs, generator, std === undefined ? {} : { std });
    });
  }

  forward(x: Tensor): Tensor {
    return this.layers.reduce((h, layer, i) => layer.forward(i === 0 ? h : h.gelu()), x);
  }
}

/** Layers one after the other; plain functions may stand between modules. */
export class Sequential extends Module implements Layer {
  readonly layers: readonly (Layer | ((x: Tensor) => Tensor))[];

  constructor(...layers: readonly (Layer | ((x: Tensor) => Tensor))[]) {
    super();
    this.layers = layers;
  }

  forward(x: Tensor): Tensor {
    return this.layers.reduce<Tensor>(
      (h, layer) => (typeof layer === "function" ? layer(h) : layer.forward(h)),
      x,
    );
  }
}

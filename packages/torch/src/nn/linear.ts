/** Layers that multiply by a matrix or pick its rows. */
import { zeros } from "../create.ts";
import { embedding, linear } from "../functional.ts";
import type { Generator } from "../generator.ts";
import type { Tensor } from "../tensor.ts";
import { truncatedNormal } from "./init.ts";
import { Module, parameter, type Layer } from "./module.ts";

export interface LinearOptions {
  readonly bias?: boolean;
  /** Of the initial weights; 0 makes a layer that starts as zero, for the end of a residual branch. */
  readonly std?: number;
}

/** y = x W^T + b over the last dimension. The initial std is 1 / sqrt(inputs), which keeps the scale of unit inputs. */
export class Linear extends Module implements Layer {
  readonly weight: Tensor; // [out, in], as PyTorch stores it
  readonly bias: Tensor | null; // [out]

  constructor(numInputs: number, numOutputs: number, generator: Generator, options: LinearOptions = {}) {
    super();
    const { bias = true, std = numInputs ** -0.5 } = options;
    this.weight = parameter(truncatedNormal([numOutputs, numInputs], std, generator));
    this.bias = bias ? parameter(zeros([numOutputs])) : null;
  }

  /** x [..., in] gives [..., out]. */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}

/** One learned row per identity. */
export class Embedding extends Module {
  readonly weight: Tensor; // [numRows, width]

  constructor(numRows: number, width: number, generator: Generator, options: { readonly std?: number } = {}) {
    super();
    this.weight = parameter(truncatedNormal([numRows, width], options.std ?? 0.02, generator));
  }

  /** ids, int64 [...], give rows [..., width]. */
  forward(ids: Tensor): Tensor {
    return embedding(this.weight, ids);
  }
}

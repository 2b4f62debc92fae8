/** Convolutions over pictures. Shapes: B batch, C channels in, E channels out, H W height and width, k kernel size. */
import { zeros } from "../create.ts";
import { conv2d, convTranspose2d } from "../functional.ts";
import type { Generator } from "../generator.ts";
import type { Tensor } from "../tensor.ts";
import { truncatedNormal } from "./init.ts";
import { Module, parameter, type Layer } from "./module.ts";

export interface Conv2dConfig {
  readonly numInputs: number; // C
  readonly numOutputs: number; // E
  readonly kernel: number; // k, square
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  /** Of the initial weights; 1 / sqrt(inputs of one output value) by default. */
  readonly std?: number;
}

/** x [B, C, H, W] gives [B, E, H', W'] with H' = floor((H + 2 padding - k) / stride) + 1. */
export class Conv2d extends Module implements Layer {
  readonly weight: Tensor; // [E, C / groups, k, k]
  readonly bias: Tensor | null; // [E]
  readonly #config: Conv2dConfig;

  constructor(config: Conv2dConfig, generator: Generator) {
    super();
    const { numInputs, numOutputs, kernel, groups = 1, bias = true } = config;
    const fanIn = (numInputs / groups) * kernel * kernel;
    const shape = [numOutputs, numInputs / groups, kernel, kernel];
    this.weight = parameter(truncatedNormal(shape, config.std ?? fanIn ** -0.5, generator));
    this.bias = bias ? parameter(zeros([numOutputs])) : null;
    this.#config = config;
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.#config);
  }
}

/** x [B, C, H, W] gives [B, E, H', W'] with H' = (H - 1) stride - 2 padding + k: undoes the shape of a `Conv2d`. */
export class ConvTranspose2d extends Module implements Layer {
  readonly weight: Tensor; // [C, E / groups, k, k]
  readonly bias: Tensor | null; // [E]
  readonly #config: Conv2dConfig;

  constructor(config: Conv2dConfig, generator: Generator) {
    super();
    const { numInputs, numOutputs, kernel, stride = 1, groups = 1, bias = true } = config;
    // Each output value gets a contribution from about (k / stride)^2 places per input channel.
    const fanIn = (numInputs / groups) * Math.max(1, kernel / stride) ** 2;
    const shape = [numInputs, numOutputs / groups, kernel, kernel];
    this.weight = parameter(truncatedNormal(shape, config.std ?? fanIn ** -0.5, generator));
    this.bias = bias ? parameter(zeros([numOutputs])) : null;
    this.#config = config;
  }

  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.#config);
  }
}

/**
 * Vision tokens: patches of all cameras, or the features of a frozen backbone.
 *
 * Shapes: B batch, V cameras, H W pixels, p side of a patch, M tokens per camera, N = V M, F feature width, E token width.
 */
import { toPatches } from "@orrery/models/training";
import {
  LayerNorm,
  Linear,
  MLP,
  Module,
  parameter,
  truncatedNormal,
  type Generator,
  type Tensor,
} from "@orrery/torch";

/** What the trunk sees with. */
export interface Sight extends Module {
  /** Tokens [B, N, E] of what one instant shows. */
  forward(seen: Tensor): Tensor;
}

export interface PatchConfig {
  readonly height: number;
  readonly width: number;
  readonly patch: number;
}

/** Pixels through one hidden layer per patch, with learned places and cameras. Learns from scratch. */
export class PatchTokens extends Module implements Sight {
  readonly patchIn: MLP;
  readonly place: Tensor; // [M, E]
  readonly camera: Tensor; // [V, 1, E]
  readonly #config: PatchConfig;

  constructor(config: PatchConfig, numCameras: number, width: number, generator: Generator) {
    super();
    const { height, width: pixels, patch } = config;
    this.#config = config;
    this.patchIn = new MLP([3 * patch * patch, width, width], generator);
    this.place = parameter(truncatedNormal([(height / patch) * (pixels / patch), width], 0.02, generator));
    this.camera = parameter(truncatedNormal([numCameras, 1, width], 0.02, generator));
  }

  /** @param seen uint8 [B, V, H, W, 3] */
  forward(seen: Tensor): Tensor {
    const [B = 0, V = 0, H = 0, W = 0] = seen.shape;
    const patches = toPatches(seen.reshape([B * V, H, W, 3]), this.#config.patch); // [B V, M, 3 p p]
    const [, M = 0] = patches.shape;
    const tokens = this.patchIn.forward(patches).float().view([B, V, M, -1]);
    return tokens.add(this.place).add(this.camera).flatten(1, 2);
  }
}

/** Features that something else has made, brought to the trunk's width; only this layer is trained. */
export class FeatureTokens extends Module implements Sight {
  readonly norm: LayerNorm;
  readonly into: Linear;

  constructor(featureWidth: number, width: number, generator: Generator) {
    super();
    this.norm = new LayerNorm(featureWidth); // backbones differ in scale by orders of magnitude
    this.into = new Linear(featureWidth, width, generator);
  }

  /** @param seen float [B, N, F] */
  forward(seen: Tensor): Tensor {
    return this.into.forward(this.norm.forward(seen)).float();
  }
}

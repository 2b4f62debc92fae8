/**
 * Pictures from an embedding, only to look at what the model imagines: trained when all else is done, and its gradient
 * does not reach the encoder. What is blurred here may still be known.
 *
 * Shapes: B moments, V cameras, H W pixels, N patches of all cameras, W width, D numbers of the embedding.
 */
import { Linear, Module, parameter, truncatedNormal, type Generator, type Tensor } from "@orrery/torch";
import { fromPatches } from "../nets/patches.ts";
import { SpaceTimeStack } from "../nets/stack.ts";
import type { JepaNetConfig } from "./config.ts";
import { patchesPerImage } from "./encoder.ts";

export class Decoder extends Module {
  readonly into: Linear;
  readonly position: Tensor; // [N, W]
  readonly gain: Tensor; // [N, W]: what each patch takes of the embedding
  readonly stack: SpaceTimeStack;
  readonly out: Linear;
  readonly #config: JepaNetConfig;

  constructor(config: JepaNetConfig, numCameras: number, generator: Generator) {
    super();
    const { decoder, embedding, patch, encoder } = config;
    const N = numCameras * patchesPerImage(config);
    this.#config = config;
    this.into = new Linear(embedding, decoder.width, generator);
    this.position = parameter(truncatedNormal([N, decoder.width], 0.5, generator));
    this.gain = parameter(truncatedNormal([N, decoder.width], 1, generator));
    this.stack = new SpaceTimeStack({ ...encoder, ...decoder }, 1, generator);
    this.out = new Linear(decoder.width, 3 * patch * patch, generator, { std: 0.01 });
  }

  /** Embeddings [B, D] to patches [B, N, 3 p^2], about in [-1, 1]. */
  forward(embedding: Tensor): Tensor {
    const tokens = this.into.forward(embedding).float().unsqueeze(1).mul(this.gain).add(this.position);
    return this.out.forward(this.stack.forward(tokens.unsqueeze(1)).squeeze(1)).float();
  }

  /** Embeddings [B, D] to pictures, uint8 [B, V, H, W, 3]. */
  draw(embedding: Tensor): Tensor {
    const { height, width, patch } = this.#config;
    const B = embedding.size(0);
    const V = this.position.size(0) / patchesPerImage(this.#config);
    const patches = this.forward(embedding).view([B * V, patchesPerImage(this.#config), 3 * patch * patch]);
    return fromPatches(patches, height, width, patch).view([B, V, height, width, 3]);
  }
}

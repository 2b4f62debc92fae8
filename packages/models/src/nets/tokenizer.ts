/**
 * Frame tokenizer: images to a few continuous latent tokens and back, causal in time.
 *
 * Source: Dreamer 4, Hafner et al. 2025, section 3.1: masked autoencoding, a narrow tanh bottleneck, a block-causal
 * transformer, no KL term and no adversary. Departures, each measured in docs/experiments.md:
 * - A latent token stands for one square region of the image instead of reading all of it through learned queries.
 * - Encoder and decoder each have a linear path beside the transformer that starts as the principal components of
 *   the training patches, so the first step already reconstructs as well as the best linear code.
 * - The loss is the mean squared error alone; LPIPS needs a pretrained network.
 *
 * Shapes: B batch, T time, H W pixels, N latent tokens (one per patch), D = 3 p^2 numbers per patch, C channels.
 */
import { ShapeError } from "@orrery/core";
import {
  cat,
  Linear,
  Module,
  noGrad,
  ones,
  parameter,
  rand,
  randn,
  truncatedNormal,
  where,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import { tokensPerImage, type TokenizerConfig } from "../config.ts";
import { fromPatches, toPatches, type PatchBasis } from "./patches.ts";
import { SpaceTimeStack, type StackCache } from "./stack.ts";

/** Latents reach about this far from 0 at first, well inside the straight part of tanh. */
const INITIAL_LATENT_STD = 0.5;

/** Keys and values of encoder or decoder for a stream of frames. */
export interface TokenizerCaches {
  readonly encoder: StackCache;
  readonly decoder: StackCache;
}

export class Tokenizer extends Module {
  readonly config: TokenizerConfig;
  readonly encoderIn: Linear;
  readonly encoder: SpaceTimeStack;
  readonly encoderOut: Linear;
  readonly encoderLinear: Linear;
  readonly encoderPosition: Tensor; // [N, W]
  readonly maskToken: Tensor; // [W]
  readonly decoderIn: Linear;
  readonly decoder: SpaceTimeStack;
  readonly decoderOut: Linear;
  readonly decoderLinear: Linear;
  readonly decoderPosition: Tensor; // [N, W]

  /** @param maxFrames longest clip that is encoded at once where layers attend over time */
  constructor(config: TokenizerConfig, maxFrames: number, generator: Generator) {
    super();
    this.config = config;
    const { patch, channels, encoder, decoder } = config;
    const D = 3 * patch * patch;
    const N = tokensPerImage(config);
    this.encoderIn = new Linear(D, encoder.width, generator);
    this.encoderPosition = parameter(truncatedNormal([N, encoder.width], 0.02, generator));
    this.maskToken = parameter(truncatedNormal([encoder.width], 0.02, generator));
    this.encoder = new SpaceTimeStack(encoder, maxFrames, generator);
    this.encoderOut = new Linear(encoder.width, channels, generator, { bias: false, std: 0 });
    this.encoderLinear = new Linear(D, channels, generator);
    this.decoderIn = new Linear(channels, decoder.width, generator);
    this.decoderPosition = parameter(truncatedNormal([N, decoder.width], 0.02, generator));
    this.decoder = new SpaceTimeStack(decoder, maxFrames, generator);
    this.decoderOut = new Linear(decoder.width, D, generator, { bias: false, std: 0 });
    this.decoderLinear = new Linear(channels, D, generator);
  }

  /**
   * Starts the linear paths as the principal components of the training patches. The variances of the channels are
   * drawn together (to their square roots), so that weak ones are not lost in the noise that the dynamics adds.
   */
  startFrom({ mean, axes, std }: PatchBasis): void {
    noGrad(() => {
      const first = std.narrow(0, 0, 1);
      const gain = std.div(first).sqrt().mul(INITIAL_LATENT_STD).div(std); // [C], latent per unit of coefficient
      this.encoderLinear.weight.copy_(axes.t().mul(gain.unsqueeze(1)));
      this.encoderLinear.bias?.copy_(mean.matmul(axes).mul(gain).neg());
      this.decoderLinear.weight.copy_(axes.div(gain));
      this.decoderLinear.bias?.copy_(mean);
    });
  }

  /**
   * Patches [B, T, N, D] in [-1, 1] to latents [B, T, N, C] in (-1, 1).
   * @param isKept [B, T, N, 1], true where the patch is seen; all where left out
   */
  encode(patches: Tensor, isKept?: Tensor, cache?: StackCache): Tensor {
    let linear = this.encoderLinear.forward(patches);
    let tokens = this.encoderIn.forward(patches);
    if (isKept !== undefined) {
      linear = linear.mul(isKept);
      tokens = where(isKept, tokens, this.maskToken.to(tokens.dtype));
    }
    const h = this.encoder.forward(tokens.add(this.encoderPosition), cache);
    return this.encoderOut.forward(h).float().add(linear).tanh();
  }

  /** Latents [B, T, N, C] to patches [B, T, N, D], about in [-1, 1]. */
  decode(latents: Tensor, cache?: StackCache): Tensor {
    const h = this.decoder.forward(this.decoderIn.forward(latents).add(this.decoderPosition), cache);
    return this.decoderOut.forward(h).float().add(this.decoderLinear.forward(latents));
  }

  /** Images uint8 [B, T, H, W, 3] to latents [B, T, N, C]. @throws {ShapeError} if the images have another size */
  encodeImages(images: Tensor, cache?: StackCache): Tensor {
    return this.encode(this.patchesOf(images), undefined, cache);
  }

  /** Latents [B, T, N, C] to images uint8 [B, T, H, W, 3]. */
  decodeImages(latents: Tensor, cache?: StackCache): Tensor {
    const { height, width, patch } = this.config;
    const [B = 0, T = 0] = latents.shape;
    const patches = this.decode(latents, cache).flatten(0, 1);
    return fromPatches(patches, height, width, patch).view([B, T, height, width, 3]);
  }

  /** Images uint8 [B, T, H, W, 3] as patches [B, T, N, D]. */
  patchesOf(images: Tensor): Tensor {
    const { height, width, patch } = this.config;
    const [B = 0, T = 0, H, W] = images.shape;
    if (H !== height || W !== width) {
      throw new ShapeError(
        "Tokenizer",
        "images",
        `[B, T, ${height}, ${width}, 3]`,
        images.shape,
        "Resize them when loading.",
      );
    }
    return toPatches(images.flatten(0, 1), patch).unflatten(0, [B, T]);
  }

  /**
   * Mean squared error of the reconstruction of patches [B, T, N, D] from masked ones and noisy latents, in pixels of
   * [-1, 1]. The noise is a departure: what the dynamics dreams is never exactly on the encoder's manifold, and a
   * decoder that has seen noise draws one picture from it instead of a mosaic.
   */
  loss(patches: Tensor, generator: Generator): Tensor {
    const [B = 0, T = 0, N = 0] = patches.shape;
    const isKept = this.#drawMask(B, T, N, patches.device, generator);
    const latents = this.encode(patches, isKept);
    const options = { generator, device: patches.device };
    const noiseStd = rand([B, T, 1, 1], options).mul(this.config.latentNoise);
    const noise = randn(latents.shape, options).mul(noiseStd);
    return this.decode(latents.add(noise)).sub(patches).square().mean();
  }

  makeCaches(contextFrames: number): TokenizerCaches {
    return { encoder: this.encoder.makeCache(contextFrames), decoder: this.decoder.makeCache(contextFrames) };
  }

  /** Each masked image hides its own share of patches, p ~ U(0, maskMax); the first images of the batch are the masked ones. */
  #drawMask(B: number, T: number, N: number, device: string, generator: Generator): Tensor | undefined {
    const { maskMax, maskShare } = this.config;
    const numMasked = Math.round(B * maskShare);
    if (numMasked === 0 || maskMax === 0) return undefined;
    const options = { generator, device };
    const hidden = rand([numMasked, T, 1, 1], options).mul(maskMax);
    const masked = rand([numMasked, T, N, 1], options).ge(hidden);
    if (numMasked === B) return masked;
    return cat([masked, ones([B - numMasked, T, N, 1], { dtype: "bool", device })], 0);
  }
}

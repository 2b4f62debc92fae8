/**
 * Frame tokenizer: images to a few continuous latent tokens and back, causal in time.
 *
 * Source: Dreamer 4, Hafner et al. 2025, section 3.1: masked autoencoding, a narrow tanh bottleneck, a block-causal
 * transformer, no KL term and no adversary. Departures, each measured in docs/experiments.md:
 * - A latent token stands for one square region of the image instead of reading all of it through learned queries.
 * - Encoder and decoder each have a linear path beside the transformer that starts as the principal components of
 *   the training patches, so the first step already reconstructs as well as the best linear code.
 * - The decoder also sees the frame before, as it was decoded, and says per pixel how much of it stays (the masks of
 *   Finn et al. 2016, arXiv:1605.07157). Latents need not carry what stands still, and still scenes are held still.
 * - The loss is the mean squared error alone; LPIPS needs a pretrained network.
 *
 * Shapes: B batch, T time, H W pixels, p side of a patch, N latent tokens (one per patch), D = 3 p^2 numbers per patch,
 * C channels.
 */
import { ShapeError } from "@orrery/core";
import {
  arange,
  cat,
  Linear,
  Module,
  noGrad,
  ones,
  parameter,
  rand,
  randn,
  scope,
  truncatedNormal,
  where,
  zerosLike,
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

/** What the decoder sees of the frame before each. */
export interface Past {
  /** Its patches, [B, T, N, D]. */
  readonly before: Tensor;
  /** Whether there was one, bool [B, T, 1, 1]. */
  readonly isKnown: Tensor;
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
  readonly beforeIn: Linear;
  readonly noBefore: Tensor; // [W]
  /** Logits of how much of each pixel of the frame before stays, [N, W] to [N, p^2]. */
  readonly stayOut: Linear;

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
    this.beforeIn = new Linear(D, decoder.width, generator);
    this.noBefore = parameter(truncatedNormal([decoder.width], 0.02, generator));
    this.stayOut = new Linear(decoder.width, patch * patch, generator, { std: 0 });
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

  /** Latents [B, T, N, C] to patches [B, T, N, D], about in [-1, 1]; all frames at once, each with its own past. */
  decode(latents: Tensor, past?: Past, cache?: StackCache): Tensor {
    const seen =
      past === undefined
        ? this.noBefore
        : where(past.isKnown, this.beforeIn.forward(past.before).float(), this.noBefore);
    const tokens = this.decoderIn.forward(latents).add(this.decoderPosition).add(seen);
    const h = this.decoder.forward(tokens, cache);
    const fresh = this.decoderOut.forward(h).float().add(this.decoderLinear.forward(latents));
    if (past === undefined) return fresh;
    const stays = this.stayOut.forward(h).float().sigmoid().mul(past.isKnown); // [B, T, N, p^2]
    const byPixel = (x: Tensor): Tensor => x.unflatten(-1, [-1, 3]);
    return byPixel(fresh).lerp(byPixel(past.before), stays.unsqueeze(-1)).flatten(-2);
  }

  /** Images uint8 [B, T, H, W, 3] to latents [B, T, N, C]. @throws {ShapeError} if the images have another size */
  encodeImages(images: Tensor, cache?: StackCache): Tensor {
    return this.encode(this.patchesOf(images), undefined, cache);
  }

  /**
   * Latents [B, T, N, C] to images uint8 [B, T, H, W, 3], one after the other, each on the one before.
   * @param before what was seen before the first, uint8 [B, H, W, 3]; nothing where left out
   */
  decodeImages(latents: Tensor, before?: Tensor, cache?: StackCache): Tensor {
    const { height, width, patch, decoder } = this.config;
    const [B = 0, T = 0] = latents.shape;
    const isKnown = ones([B, 1, 1, 1], { dtype: "bool", device: latents.device });
    // Frame by frame, layers that look back need a memory of this call's own where the caller keeps none.
    const memory = cache ?? (decoder.timeEvery > 0 ? this.decoder.makeCache(T) : undefined);
    let past = before === undefined ? undefined : { before: this.patchesOf(before.unsqueeze(1)), isKnown };
    const frames: Tensor[] = [];
    for (let t = 0; t < T; t++) {
      const frame = this.decode(latents.narrow(1, t, 1), past, memory).clamp(-1, 1);
      frames.push(frame);
      past = { before: frame, isKnown };
    }
    if (memory !== cache) memory?.free();
    return fromPatches(cat(frames, 1).flatten(0, 1), height, width, patch).view([B, T, height, width, 3]);
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
   * [-1, 1]. Each frame but a clip's first also has its predecessor, half of the time the true one and half of the time
   * as it was decoded. The noise is a departure: what the dynamics dreams is never exactly on the encoder's manifold,
   * and a decoder that has seen noise draws one picture from it instead of a mosaic.
   */
  loss(patches: Tensor, generator: Generator): Tensor {
    const [B = 0, T = 0, N = 0] = patches.shape;
    const isKept = this.#drawMask(B, T, N, patches.device, generator);
    const latents = this.encode(patches, isKept);
    const options = { generator, device: patches.device };
    const noiseStd = rand([B, T, 1, 1], options).mul(this.config.latentNoise);
    const noisy = latents.add(randn(latents.shape, options).mul(noiseStd));
    const isKnown = arange(T, { device: patches.device }).gt(0).view([1, T, 1, 1]);
    const truth = delayed(patches);
    const own = noGrad(() =>
      scope(() => delayed(this.decode(noisy, { before: truth, isKnown }).clamp(-1, 1))),
    );
    const before = where(rand([B, T, 1, 1], options).lt(0.5), truth, own);
    return this.decode(noisy, { before, isKnown }).sub(patches).square().mean();
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

/** [B, T, N, D] one frame later; zeros come first. */
function delayed(x: Tensor): Tensor {
  const T = x.size(1);
  const first = zerosLike(x.narrow(1, 0, 1));
  return T === 1 ? first : cat([first, x.narrow(1, 0, T - 1)], 1);
}

/**
 * Latent actions: a few numbers that say what happened between two frames, learnt from pictures alone.
 *
 * An encoder sees the past and the next frame and tells a decoder, which sees the past frame only, a few noisy
 * numbers; the decoder rebuilds the next frame. What is cheapest to tell is what the past does not say: what was done.
 * Sources: Genie, Bruce et al. 2024 (the scheme; pixels as target), AdaWorld, Gao et al. 2025 (a continuous bottleneck
 * with a KL term), LAPA, Ye et al. 2025 (the gradient stops at the past frame's features, which encoder and decoder
 * share, so that the encoder is not shaped into a place to keep appearance).
 * Departures: displacements by global matching in the encoder (see inverse/motion-encoder.ts); the decoder moves the
 * pixels of the past frame along a flow and adds to them, so that a picture that stands still costs nothing and a
 * camera that turns does not have to be painted.
 *
 * Shapes: B batch, T frames (past, current, next), V cameras, H W pixels, Z latent width, E features.
 */
import {
  cat,
  Conv2d,
  fromTyped,
  GroupNorm,
  Linear,
  Module,
  ops,
  pixelShuffle,
  randn,
  resize2d,
  table,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import { jitterColours, toSigned } from "../inverse/inverse-dynamics.ts";
import { MotionEncoder } from "../inverse/motion-encoder.ts";
import type { StreamFacts } from "../world-model.ts";
import type { LatentActionConfig } from "./config.ts";

/** What an encoder believes a latent action to be: a Gaussian per number. */
export interface LatentBelief {
  readonly mean: Tensor; // [B, Z]
  readonly logStd: Tensor; // [B, Z]
}

export interface LatentActionLosses {
  /** Mean squared error of the next frame, on pixels of [-1, 1]; scalar. */
  readonly pixels: Tensor;
  /** Nats that a latent action tells beyond the prior, mean over the batch; scalar. */
  readonly told: Tensor;
  /** The two together, `beta` nats to one squared pixel. */
  readonly total: Tensor;
}

const LOG_STD_RANGE = [-5, 1] as const;
const GROUPS = 8;

export class LatentActionModel extends Module {
  readonly config: LatentActionConfig;
  readonly facts: StreamFacts;
  readonly encoder: MotionEncoder;
  readonly head: Linear;
  readonly decoder: FrameDecoder;

  constructor(config: LatentActionConfig, facts: StreamFacts, generator: Generator) {
    super();
    this.config = config;
    this.facts = facts;
    const { height, width, features, hidden, pastFrames: current, latentWidth } = config;
    const cameras = facts.cameras.length;
    const frames = current + 2;
    this.encoder = new MotionEncoder(
      { height, width, cameras, frames, current, features, numOutputs: hidden },
      generator,
    );
    this.head = new Linear(hidden, 2 * latentWidth, generator, { std: 0.02 });
    const size = { height, width };
    this.decoder = new FrameDecoder(size, features, config.decoderWidth, latentWidth, generator);
  }

  /** Frames uint8 [B, T, V, H, W, 3], the last one being where the action led. */
  encode(frames: Tensor): LatentBelief {
    return this.#believe(toSigned(frames));
  }

  /** The next frame [B, V, H, W, 3] in [-1, 1] from the current one, uint8 [B, V, H, W, 3], and a latent action [B, Z]. */
  decode(current: Tensor, latent: Tensor): Tensor {
    return this.#rebuild(toSigned(current), latent);
  }

  loss(frames: Tensor, generator: Generator): LatentActionLosses {
    const { pastFrames, colourJitter, beta } = this.config;
    const pixels = jitterColours(toSigned(frames), colourJitter, generator);
    const { mean, logStd } = this.#believe(pixels);
    const noise = randn(mean.shape, { generator, device: mean.device });
    const latent = mean.add(noise.mul(logStd.exp()));
    const next = pixels.select(1, pastFrames + 1);
    const error = this.#rebuild(pixels.select(1, pastFrames), latent).sub(next).square().mean();
    const told = informationOf({ mean, logStd }).mean();
    return { pixels: error, told, total: error.add(told.mul(beta)) };
  }

  #believe(pixels: Tensor): LatentBelief {
    const Z = this.config.latentWidth;
    const out = this.head.forward(this.encoder.forward(pixels).gelu());
    return { mean: out.narrow(1, 0, Z), logStd: out.narrow(1, Z, Z).clamp(...LOG_STD_RANGE) };
  }

  #rebuild(current: Tensor, latent: Tensor): Tensor {
    const [B = 0, V = 0, H = 0, W = 0] = current.shape;
    const images = current.permute([0, 1, 4, 2, 3]).reshape([B * V, 3, H, W]);
    const features = this.encoder.stem.forward(images).detach(); // stop-gradient on the past frame
    const next = this.decoder.forward(images, features, latent.repeatInterleave(V, 0));
    return next.view([B, V, 3, H, W]).permute([0, 1, 3, 4, 2]);
  }
}

/** Kullback-Leibler divergence from a standard normal, summed over the numbers: [B]. */
export function informationOf({ mean, logStd }: LatentBelief): Tensor {
  return mean.square().add(logStd.mul(2).exp()).sub(1).div(2).sub(logStd).sum(-1);
}

/** From the past frame, its features and a latent action to the next frame. */
class FrameDecoder extends Module {
  readonly local: Conv2d;
  readonly features: Conv2d;
  readonly mix: readonly Conv2d[];
  readonly norms: readonly GroupNorm[];
  readonly gains: readonly Linear[];
  readonly fine: Conv2d;
  readonly out: Conv2d;
  /** Where every pixel comes from when nothing moves, as x and y from -1 to 1: [1, H, W, 2]. */
  readonly still: Tensor;

  constructor(
    size: { readonly height: number; readonly width: number },
    features: number,
    width: number,
    latentWidth: number,
    generator: Generator,
  ) {
    super();
    this.still = table(stillGrid(size));
    const three = { kernel: 3, padding: 1 };
    this.local = new Conv2d({ numInputs: 3, numOutputs: width, kernel: 4, stride: 4 }, generator);
    this.features = new Conv2d({ numInputs: features, numOutputs: width, kernel: 1 }, generator);
    this.mix = [0, 1, 2].map(() => new Conv2d({ numInputs: width, numOutputs: width, ...three }, generator));
    this.norms = this.mix.map(() => new GroupNorm(GROUPS, width));
    this.gains = this.mix.map(() => new Linear(latentWidth, 2 * width, generator));
    this.fine = new Conv2d({ numInputs: 2 * width, numOutputs: width, ...three }, generator);
    this.out = new Conv2d({ numInputs: width, numOutputs: 5 * 16, kernel: 1, std: 0 }, generator);
  }

  /** images [N, 3, H, W], features [N, E, H / 8, W / 8], latent [N, Z]; the next frame is [N, 3, H, W]. */
  forward(images: Tensor, features: Tensor, latent: Tensor): Tensor {
    const local = this.local.forward(images).gelu(); // [N, D, H / 4, W / 4]
    const [, , h = 0, w = 0] = local.shape;
    let x = this.features.forward(features);
    for (const [i, layer] of this.mix.entries()) {
      const gains = (this.gains[i] as Linear).forward(latent).unsqueeze(-1).unsqueeze(-1); // [N, 2 D, 1, 1]
      const [gain, shift] = gains.chunk(2, 1) as [Tensor, Tensor];
      const steered = (this.norms[i] as GroupNorm).forward(x).mul(gain.add(1)).add(shift).gelu();
      x = x.add(layer.forward(steered));
      // Coarse places decide where things go, fine ones how they look there.
      if (i === 1) x = resize2d(x, [h, w], "nearest").add(local);
    }
    const drawn = this.fine.forward(cat([x, local], 1)).gelu();
    const [flow, change] = pixelShuffle(this.out.forward(drawn), 4).split([2, 3], 1) as [Tensor, Tensor];
    const from = this.still.add(flow.permute([0, 2, 3, 1]));
    return ops.gridSampler2d(images, from, BILINEAR, BORDER, false).add(change);
  }
}

/** libtorch's numbers for how a grid is sampled, and what lies outside the picture. */
const BILINEAR = 0;
const BORDER = 1;

function stillGrid({ height, width }: { readonly height: number; readonly width: number }): Tensor {
  const values = new Float32Array(height * width * 2);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      values.set([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], (y * width + x) * 2);
  return fromTyped(values, [1, height, width, 2]);
}

/**
 * What moved between frames: a small network that both the inverse dynamics and the latent actions begin with.
 *
 * Every frame passes the same stem; each place of a frame is then matched with all places of the next one, and the
 * softmax of the match gives a displacement (global matching: GMFlow, Xu et al. 2022, arXiv:2111.13680). Displacements
 * say little of what a scene looks like, so a few recorded episodes are enough to learn from. What matching cannot
 * see (a gripper that closes, a light) comes through the differences of the matched features.
 *
 * Shapes: B batch, T frames, V cameras, H W pixels, h w places (H / 8, W / 8), S places in all (h w), E features.
 */
import {
  cat,
  Conv2d,
  fromTyped,
  full,
  GroupNorm,
  Linear,
  Module,
  parameter,
  table,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import { cellMiddles } from "../nets/places.ts";

export interface MotionEncoderConfig {
  readonly height: number; // H, a multiple of 16
  readonly width: number; // W, a multiple of 16
  readonly cameras: number; // V
  readonly frames: number; // T, at least 2
  /** Frame whose surroundings are described; the pair that begins here is looked at most closely. */
  readonly current: number;
  readonly features: number; // E
  readonly numOutputs: number;
}

/** Stem and trunk halve the picture four times in all. */
const REDUCTION = 16;
const GROUPS = 8;

/** frames [B, T, V, H, W, 3] in [-1, 1] to [B, numOutputs]. */
export class MotionEncoder extends Module {
  readonly config: MotionEncoderConfig;
  readonly stem: Stem;
  readonly into: Conv2d;
  readonly intoNorm: GroupNorm;
  readonly out: Linear;
  /** Row and column of every place, from -1 to 1: [S, 2]. */
  readonly places: Tensor;
  /** Squared distance between places, [S, S]. */
  readonly distances: Tensor;
  /** How strongly near places are preferred, at first: log of what the squared distance is multiplied by. */
  readonly nearness: Tensor;

  constructor(config: MotionEncoderConfig, generator: Generator) {
    super();
    const { height, width, cameras: V, frames: T, features: E, numOutputs } = config;
    this.config = config;
    this.stem = new Stem(E, generator);
    const numChannels = (T - 1) * 2 + 2 * E;
    const wide = 2 * E;
    this.into = convolution(numChannels, wide, generator);
    this.intoNorm = new GroupNorm(GROUPS, wide);
    const cells = (height / REDUCTION) * (width / REDUCTION);
    this.out = new Linear(V * wide * cells, numOutputs, generator);
    this.places = table(placesOf(height / 8, width / 8));
    const [from, to] = [this.places.unsqueeze(1), this.places.unsqueeze(0)];
    this.distances = table(from.sub(to).square().sum(-1));
    this.nearness = parameter(full([], Math.log(8)));
  }

  forward(frames: Tensor): Tensor {
    const [B = 0, T = 0, V = 0, H = 0, W = 0] = frames.shape;
    const images = frames.permute([0, 2, 1, 5, 3, 4]).reshape([B * V * T, 3, H, W]);
    const features = this.stem.forward(images); // [B V T, E, h, w]
    return this.readOut(features, T).view([B, -1]);
  }

  /** Stem's features [B V T, E, h, w] to [B V, ..]; taken apart so that a decoder can share the stem. */
  readOut(features: Tensor, T: number): Tensor {
    const [, E = 0, h = 0, w = 0] = features.shape;
    const { current, cameras: V } = this.config;
    const streams = features.view([-1, T, E, h, w]);
    const parts: Tensor[] = [];
    for (let t = 0; t + 1 < T; t++) {
      const { flow, difference } = this.#match(streams.select(1, t), streams.select(1, t + 1));
      parts.push(flow);
      if (t === current) parts.push(difference);
    }
    const seen = cat([...parts, streams.select(1, current)], 1);
    const small = this.intoNorm.forward(this.into.forward(seen)).gelu();
    const rows = small.size(0) / V;
    return this.out.forward(small.reshape([rows, -1]));
  }

  /** Two frames' features [B V, E, h, w]: displacement [B V, 2, h, w], and matched minus own features [B V, E, h, w]. */
  #match(from: Tensor, to: Tensor): { flow: Tensor; difference: Tensor } {
    const [, E = 0, h = 0, w = 0] = from.shape;
    const own = from.flatten(2).transpose(1, 2); // [B V, S, E]
    const next = to.flatten(2); // [B V, E, S]
    const far = this.distances.mul(this.nearness.exp());
    const match = own.matmul(next).div(Math.sqrt(E)).sub(far).softmax(-1); // [B V, S, S]
    const flow = match.matmul(this.places).sub(this.places); // [B V, S, 2]
    const difference = match.matmul(next.transpose(1, 2)).sub(own); // [B V, S, E]
    const asPicture = (x: Tensor): Tensor => x.transpose(1, 2).unflatten(2, [h, w]);
    // Displacements are small beside the picture's width of 2; brought to about 1.
    return { flow: asPicture(flow).mul(4), difference: asPicture(difference) };
  }
}

/** Images [N, 3, H, W] in [-1, 1] to features [N, E, H / 8, W / 8]. */
export class Stem extends Module {
  readonly convolutions: readonly Conv2d[];
  readonly norms: readonly GroupNorm[];

  constructor(features: number, generator: Generator) {
    super();
    const widths = [3, features / 4, features / 2, features];
    this.convolutions = widths.slice(1).map((w, i) => convolution(widths[i] as number, w, generator));
    this.norms = widths.slice(1).map((w) => new GroupNorm(GROUPS, w));
  }

  forward(images: Tensor): Tensor {
    const last = this.convolutions.length - 1;
    return this.convolutions.reduce((x, layer, i) => {
      const y = (this.norms[i] as GroupNorm).forward(layer.forward(x));
      return i === last ? y : y.gelu();
    }, images);
  }
}

/** Halves the picture. */
function convolution(numInputs: number, numOutputs: number, generator: Generator): Conv2d {
  return new Conv2d({ numInputs, numOutputs, kernel: 4, stride: 2, padding: 1 }, generator);
}

function placesOf(h: number, w: number): Tensor {
  const { x, y } = cellMiddles(h, w);
  const values = Float32Array.from(
    { length: 2 * x.length },
    (_, i) => (i % 2 === 0 ? y : x)[i >> 1] as number,
  );
  return fromTyped(values, [x.length, 2]);
}

/**
 * What a robot sees at one moment as places in its pictures: convolutions find things, and where each map of what was
 * found is centred is the embedding. Nothing else is in it, so that the distance of two embeddings is how far things have
 * to move, and a model of what follows is one of motion.
 *
 * What does not move is left out of the pictures first: their mean is what they stand on.
 *
 * Sources: feature points of deep spatial autoencoders, Finn et al. 2016, arXiv:1509.06113, learnt as there by drawing
 * the picture from them (painter.ts); spatial soft-argmax, Levine et al. 2016, arXiv:1504.00702.
 *
 * Shapes: B moments, V cameras, H W pixels, C channels, M points of a camera, N cells of a map, D = 2 M V.
 */
import { ShapeError, UsageError } from "@orrery/core";
import {
  buffer,
  cat,
  Conv2d,
  fromTyped,
  LayerNorm,
  Module,
  noGrad,
  ones,
  scope,
  zeros,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import { centresOf } from "../nets/places.ts";
import type { JepaNetConfig } from "./config.ts";
import type { Sight } from "./encoder.ts";
import { Painter } from "./painter.ts";

/** Side of a cell of the maps, in pixels. */
const CELL_PX = 4;
/** How sharp a map may be to begin with: factor on normalised scores before the softmax. */
const SHARPNESS = 4;
/** From -1 to 1 across a picture; this brings things that go anywhere in it to a deviation of about 1. */
const SCALE = 2;

export class PointsEncoder extends Module {
  readonly look: Conv2d;
  readonly around: Conv2d;
  readonly maps: Conv2d;
  readonly scoreNorm: LayerNorm;
  /** Mean of the recorded pictures, from -1 to 1: [V, 3, H, W]. */
  readonly ground: Tensor;
  /** How far each number goes beside how far off it is foreseen, squared and 1 on average: [D]; see reliability.ts. */
  readonly reliability: Tensor;
  readonly painter: Painter;
  readonly #config: JepaNetConfig;
  readonly #numCameras: number;

  /** @throws {UsageError} if the embedding has not as many columns as rows for every camera */
  constructor(config: JepaNetConfig, numCameras: number, generator: Generator) {
    super();
    const { height, width: W, encoder, embedding } = config;
    const points = embedding / (2 * numCameras);
    if (!Number.isInteger(points)) {
      throw new UsageError(
        `PointsEncoder: net.embedding must be a multiple of ${2 * numCameras}, a column and a row for each of ${numCameras} cameras, got ${embedding}.`,
      );
    }
    const C = encoder.width / 2;
    // A relu halves what comes through; a gain of 2 makes up for it.
    const conv = (numInputs: number, numOutputs: number, kernel: number, stride = 1, gain = 2): Conv2d =>
      new Conv2d(
        {
          numInputs,
          numOutputs,
          kernel,
          stride,
          padding: Math.floor((kernel - stride + 1) / 2),
          std: (gain / (numInputs * kernel ** 2)) ** 0.5,
        },
        generator,
      );
    this.#config = config;
    this.#numCameras = numCameras;
    this.look = conv(3, C, 2 * CELL_PX, CELL_PX);
    this.around = conv(C, C, 3);
    this.maps = conv(C, points, 1, 1, 1);
    this.scoreNorm = new LayerNorm((height / CELL_PX) * (W / CELL_PX), { hasBias: false });
    this.ground = buffer(zeros([numCameras, 3, height, W]));
    this.reliability = buffer(ones([embedding]));
    this.painter = new Painter(points, { height, width: W, cell: CELL_PX }, generator);
  }

  /**
   * The embedding of each moment, float32 [B, D]: of each camera the columns of its points, then their rows.
   * @throws {ShapeError} if the pictures have another size or number
   */
  forward({ frames }: Pick<Sight, "frames">): Tensor {
    const { height, width: W } = this.#config;
    const seen = this.#awayFromGround(frames);
    const found = this.around.forward(this.look.forward(seen).relu()).relu(); // [B V, C, H / 4, W / 4]
    const scores = this.scoreNorm.forward(this.maps.forward(found).flatten(2).float()); // [B V, M, N]
    const map = scores.mul(SHARPNESS).softmax(2);
    return cat([...centresOf(map, height / CELL_PX, W / CELL_PX)], 1)
      .mul(SCALE)
      .reshape([frames.size(0), -1]);
  }

  /** @param mean of the recorded pictures, brightness 0 to 255, [V, H, W, 3] */
  setGround(mean: Float32Array): void {
    const { height, width } = this.#config;
    const given = fromTyped(mean, [1, this.#numCameras, height, width, 3], { device: this.ground.device });
    noGrad(() => scope(() => this.ground.copy_(toSigned(given).squeeze(0))));
  }

  /** @param reliability of each number of the embedding, 1 on average */
  setReliability(reliability: Float64Array): void {
    const given = fromTyped(Float32Array.from(reliability), [reliability.length], {
      device: this.reliability.device,
    });
    noGrad(() => scope(() => this.reliability.copy_(given)));
  }

  /** What of pictures [B, V, H, W, 3] does not come back when they are drawn by their points, as a share; scalar. */
  lost(frames: Tensor): Tensor {
    const truth = this.#awayFromGround(frames);
    const error = this.#paint(this.forward({ frames })).sub(truth).square().mean();
    return error.div(truth.square().mean().clampMin(1e-6));
  }

  /** Embeddings [B, D] to pictures, uint8 [B, V, H, W, 3]. */
  draw(embedding: Tensor): Tensor {
    return this.#paint(embedding)
      .unflatten(0, [-1, this.#numCameras])
      .add(this.ground)
      .clamp(-1, 1)
      .add(1)
      .mul(127.5)
      .round()
      .to("uint8")
      .permute([0, 1, 3, 4, 2]);
  }

  /** Pictures uint8 [B, V, H, W, 3] less their mean, [B V, 3, H, W]. */
  #awayFromGround(frames: Tensor): Tensor {
    const { height, width: W } = this.#config;
    const [B = 0, V = 0] = frames.shape;
    if (V !== this.#numCameras || frames.size(2) !== height || frames.size(3) !== W) {
      const wanted = `[B, ${this.#numCameras}, ${height}, ${W}, 3]`;
      throw new ShapeError("PointsEncoder", "frames", wanted, frames.shape, "Resize them when loading.");
    }
    return toSigned(frames)
      .sub(this.ground)
      .reshape([B * V, 3, height, W]);
  }

  /** What stands out from the ground, [B V, 3, H, W]. */
  #paint(embedding: Tensor): Tensor {
    const places = embedding.float().div(SCALE);
    return this.painter.forward(places.reshape([places.size(0) * this.#numCameras, 2, -1]));
  }
}

/** Pictures [B, V, H, W, 3] of brightness 0 to 255 as numbers from -1 to 1, [B, V, 3, H, W]. */
function toSigned(frames: Tensor): Tensor {
  return frames
    .permute([0, 1, 4, 2, 3])
    .float()
    .mul(2 / 255)
    .sub(1);
}

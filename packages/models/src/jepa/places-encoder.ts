/**
 * What a robot sees and feels at one moment, as one embedding, for pictures of a few things of which above all the places
 * count: convolutions find things, each map of what was found is read out as its centre and how sharp it is, and what
 * lies where is kept beside it, coarsely.
 *
 * A thing of ten pixels weighs as much in this as one of a hundred, so that an embedding without reconstruction holds
 * both from the first steps on; the transformer beside it did not see PushT's agent after hundreds (docs/experiments.md).
 *
 * Source: spatial soft-argmax, Levine et al. 2016, arXiv:1504.00702.
 *
 * Shapes: B moments, V cameras, H W pixels, C channels, M maps, N cells of a map, P state width, D numbers of the embedding.
 */
import { ShapeError } from "@orrery/core";
import { Conv2d, LayerNorm, Linear, Module, type Generator, type Tensor } from "@orrery/torch";
import type { JepaNetConfig } from "./config.ts";
import type { Sight } from "./encoder.ts";
import { readPlaces } from "../nets/places.ts";

/** Side of a cell of the maps, in pixels, and of a cell of what is kept beside them. */
const CELL_PX = 4;
export const COARSE_CELL_PX = 8;
const MAPS = 32;
/** What is kept beside the places begins with this weight: it says little of small things. */
const COARSE_SHARE = 0.3;

export class PlacesEncoder extends Module {
  readonly look: Conv2d;
  readonly around: Conv2d;
  readonly maps: Conv2d;
  readonly scoreNorm: LayerNorm;
  readonly coarse: Conv2d;
  readonly placesIn: Linear;
  readonly coarseIn: Linear;
  readonly norm: LayerNorm;
  readonly out: Linear;
  readonly stateOut: Linear | null;
  readonly #config: JepaNetConfig;
  readonly #numCameras: number;

  constructor(config: JepaNetConfig, numCameras: number, stateWidth: number, generator: Generator) {
    super();
    const { height, width: W, embedding, encoder } = config;
    const C = encoder.width / 2;
    const conv = (numInputs: number, kernel: number, stride: number): Conv2d => {
      // A relu halves what comes through; this makes up for it.
      const std = (2 / (numInputs * kernel ** 2)) ** 0.5;
      const padding = Math.floor((kernel - stride + 1) / 2);
      return new Conv2d({ numInputs, numOutputs: C, kernel, stride, padding, std }, generator);
    };
    this.#config = config;
    this.#numCameras = numCameras;
    this.look = conv(3, 2 * CELL_PX, CELL_PX);
    this.around = conv(C, 3, 1);
    this.maps = new Conv2d({ numInputs: C, numOutputs: MAPS, kernel: 1 }, generator);
    this.scoreNorm = new LayerNorm((height / CELL_PX) * (W / CELL_PX), { hasBias: false });
    this.coarse = conv(C, 4, 2);
    const hidden = 2 * encoder.width;
    const numCoarse = (height / COARSE_CELL_PX) * (W / COARSE_CELL_PX);
    this.placesIn = new Linear(numCameras * 3 * MAPS, hidden, generator);
    this.coarseIn = new Linear(numCameras * C * numCoarse, hidden, generator, { bias: false });
    this.norm = new LayerNorm(hidden, { hasBias: false });
    this.out = new Linear(hidden, embedding, generator);
    this.stateOut = stateWidth === 0 ? null : new Linear(stateWidth, embedding, generator, { bias: false });
  }

  /**
   * The embedding of each moment, float32 [B, D].
   * @throws {ShapeError} if the pictures have another size or number
   */
  forward({ frames, state, hasState }: Sight): Tensor {
    const { height, width: W } = this.#config;
    const [B = 0, V = 0] = frames.shape;
    if (V !== this.#numCameras || frames.size(2) !== height || frames.size(3) !== W) {
      const wanted = `[B, ${this.#numCameras}, ${height}, ${W}, 3]`;
      throw new ShapeError("PlacesEncoder", "frames", wanted, frames.shape, "Resize them when loading.");
    }
    const pixels = frames
      .flatten(0, 1)
      .permute([0, 3, 1, 2])
      .float()
      .mul(2 / 255)
      .sub(1);
    const found = this.around.forward(this.look.forward(pixels).relu()).relu(); // [B V, C, H / 4, W / 4]
    const scores = this.scoreNorm.forward(this.maps.forward(found).flatten(2).float()); // [B V, M, N]
    const places = readPlaces(scores, height / CELL_PX, W / CELL_PX).reshape([B, -1]);
    const coarse = this.coarse.forward(found).relu().reshape([B, -1]);
    const read = this.placesIn
      .forward(places)
      .float()
      .add(this.coarseIn.forward(coarse).float().mul(COARSE_SHARE));
    const own = this.out.forward(this.norm.forward(read).gelu()).float();
    return this.stateOut === null ? own : own.add(this.stateOut.forward(state).float().mul(hasState.float()));
  }
}

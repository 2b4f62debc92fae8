/**
 * Pictures from places: every point is drawn as a soft spot, and convolutions make of the spots what stands out from the
 * ground. `PointsEncoder` learns its points by how well they can be drawn by; afterwards it shows what is imagined.
 *
 * Source: Jakab et al. 2018, arXiv:1806.07823 (spots for points, so that a thing is drawn alike wherever it is).
 *
 * Shapes: B pictures of H x W pixels, M points, h w cells of p x p pixels.
 */
import { Conv2d, fromTyped, Module, type Generator, type Tensor } from "@orrery/torch";
import { cellMiddles } from "../nets/places.ts";

/** Deviation of a spot, where a picture is 2 wide: about a cell of four in 64 pixels. */
const SPOT = 0.12;
const CHANNELS = 64;

export interface PainterSize {
  readonly height: number;
  readonly width: number;
  /** p */
  readonly cell: number;
}

export class Painter extends Module {
  readonly mix: Conv2d;
  readonly around: Conv2d;
  readonly out: Conv2d;
  readonly #size: PainterSize;

  constructor(points: number, size: PainterSize, generator: Generator) {
    super();
    const conv = (numInputs: number, numOutputs: number, kernel: number, gain: number): Conv2d => {
      const std = (gain / (numInputs * kernel ** 2)) ** 0.5;
      return new Conv2d({ numInputs, numOutputs, kernel, padding: Math.floor(kernel / 2), std }, generator);
    };
    this.#size = size;
    this.mix = conv(points, CHANNELS, 3, 2);
    this.around = conv(CHANNELS, CHANNELS, 3, 2);
    this.out = conv(CHANNELS, 3 * size.cell ** 2, 1, 0.1);
  }

  /** Columns and rows of points from -1 to 1, [B, 2, M], to pictures [B, 3, H, W]. */
  forward(places: Tensor): Tensor {
    const { height, width, cell: p } = this.#size;
    const [h, w] = [height / p, width / p];
    const mixed = this.mix.forward(this.#spots(places, h, w)).relu();
    const drawn = this.out.forward(this.around.forward(mixed).relu()).float();
    return drawn.reshape([-1, 3, p, p, h, w]).permute([0, 1, 4, 2, 5, 3]).reshape([-1, 3, height, width]);
  }

  /** How near each cell is to each point, 1 where it is on it: [B, M, h, w]. */
  #spots(places: Tensor, h: number, w: number): Tensor {
    const { x, y } = cellMiddles(h, w);
    const off = (axis: number, cells: Float32Array): Tensor =>
      places
        .select(1, axis)
        .unsqueeze(2)
        .sub(fromTyped(cells, [1, 1, cells.length], { device: places.device }))
        .square();
    return off(0, x)
      .add(off(1, y))
      .mul(-0.5 / SPOT ** 2)
      .exp()
      .unflatten(2, [h, w]);
  }
}

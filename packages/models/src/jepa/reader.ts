/**
 * Finds in a picture what a text speaks of, and says where it is.
 *
 * Every cell of the picture, 2 pixels wide, is told by its colours and those of the cells around it. The words weigh
 * these features into a few maps of what they look for; each map is read out as its centre and how sharp it is, so that
 * what is learnt for one place holds for all others. Words and colours meet in one product, which has a slope from the
 * first step on: attention of words to cells, and picking one cell as a mixture of experts does, were still at chance
 * when this had learnt; and cells of 4 pixels find things a third less exactly (docs/experiments.md).
 *
 * Sources: spatial soft-argmax, Levine et al. 2016, arXiv:1504.00702; features scaled by words, Perez et al. 2018,
 * arXiv:1709.07871.
 *
 * Shapes: B pictures, V cameras, H W pixels, h w cells, N = h w, F features, M maps, L words, G numbers of a task.
 */
import { avgPool2d, Conv2d, LayerNorm, MLP, Module, type Generator, type Tensor } from "@orrery/torch";
import { readPlaces } from "../nets/places.ts";
import type { TextReading } from "../nets/text.ts";
import { CELL, type JepaNetConfig } from "./config.ts";

export class TaskReader extends Module {
  readonly colourIn: Conv2d;
  readonly colour: Conv2d;
  readonly around: Conv2d;
  readonly further: readonly Conv2d[];
  readonly gate: MLP;
  readonly scoreNorm: LayerNorm;
  readonly out: MLP;
  readonly #maps: number;

  constructor({ height, width: W, text, task }: JepaNetConfig, numCameras: number, generator: Generator) {
    super();
    const { maps, features, width, looks } = task;
    this.#maps = maps;
    const conv = (numInputs: number, numOutputs: number, kernel: number, gain: number): Conv2d => {
      const std = gain * (numInputs * kernel * kernel) ** -0.5;
      return new Conv2d({ numInputs, numOutputs, kernel, padding: (kernel - 1) / 2, std }, generator);
    };
    this.colourIn = conv(3, features, 1, 2);
    this.colour = conv(features, features, 1, 1.5);
    this.around = conv(features, features, 3, 1);
    // Each sees one cell further than the one before, to which it adds nothing at first.
    this.further = Array.from({ length: looks - 1 }, () => conv(features, features, 3, 0));
    this.gate = new MLP([text.width, text.width, maps * features], generator);
    this.scoreNorm = new LayerNorm((height / CELL) * (W / CELL), { hasBias: false });
    this.out = new MLP([numCameras * maps * 3, 2 * width, width], generator);
  }

  /** @param frames uint8 [B, V, H, W, 3] of one moment; gives [B, G] */
  forward({ tokens, isToken }: TextReading, frames: Tensor): Tensor {
    const [B = 0, V = 0] = frames.shape;
    const asked = tokens.mul(isToken.float().unsqueeze(-1)).sum(1); // [B, W]
    const seen = this.#featuresOf(frames.flatten(0, 1)); // [B V, F, h, w]
    const gate = this.gate
      .forward(asked)
      .float()
      .view([B, 1, this.#maps, -1])
      .expand([B, V, this.#maps, seen.size(1)])
      .flatten(0, 1);
    const scores = this.scoreNorm.forward(gate.matmul(seen.flatten(2)).float()); // [B V, M, N]
    const read = readPlaces(scores, seen.size(2), seen.size(3)); // [B V, 3 M]
    return this.out.forward(read.view([B, -1])).float();
  }

  #featuresOf(pictures: Tensor): Tensor {
    const pixels = pictures.permute([0, 3, 1, 2]).float().div(255);
    // Against the mean colour of the picture: what is lit otherwise is not another thing.
    const shown = avgPool2d(pixels.sub(pixels.mean([2, 3], true)).mul(4), [CELL, CELL]);
    const colours = this.colour.forward(this.colourIn.forward(shown).gelu()).gelu();
    let seen = this.around.forward(colours).gelu();
    for (const look of this.further) seen = seen.add(look.forward(seen).gelu());
    return seen.float();
  }
}

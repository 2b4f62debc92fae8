/**
 * What a robot sees and feels at one moment, as one embedding: a small vision transformer over the patches of all
 * cameras and one token of proprioception, read out by a few learned tokens that together make the embedding.
 *
 * Source: LeWorldModel, 2026, arXiv:2603.19312 (a vision transformer trained from nothing, a linear projection behind
 * it). Departures: patches of several cameras, proprioception as a token, several read-out tokens side by side, and,
 * beside them, a few channels of every patch in its place, as convolutional encoders are read out: the read-out tokens
 * begin empty, since every layer begins as the identity, and without this path all embeddings begin nearly the same
 * (effective rank 1.2 of 128 at first and 4 after 80 steps).
 *
 * Shapes: B moments, V cameras, H W pixels, N patches of all cameras, P state width, W model width, M read-out tokens,
 * D numbers of the embedding.
 */
import { ShapeError } from "@orrery/core";
import {
  cat,
  Linear,
  Module,
  parameter,
  truncatedNormal,
  where,
  zeros,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import { toPatches } from "../nets/patches.ts";
import { SpaceTimeStack } from "../nets/stack.ts";
import type { JepaNetConfig } from "./config.ts";

/** One moment of B streams as the networks see it. */
export interface Sight {
  /** uint8 [B, V, H, W, 3] */
  readonly frames: Tensor;
  /** Normalised, [B, P]. */
  readonly state: Tensor;
  /** bool [B, 1] */
  readonly hasState: Tensor;
}

/** What each patch brings to the embedding by itself. */
const PATCH_CHANNELS = 16;

export class Encoder extends Module {
  readonly patchIn: Linear;
  readonly position: Tensor; // [N, W]: place and camera
  readonly stateIn: Linear | null;
  readonly stateOut: Linear | null;
  readonly noState: Tensor; // [W]
  readonly readOut: Tensor; // [M, W]
  readonly stack: SpaceTimeStack;
  readonly out: Linear;
  readonly patchOut: Linear;
  readonly placeOut: Linear;
  readonly #config: JepaNetConfig;

  constructor(config: JepaNetConfig, numCameras: number, stateWidth: number, generator: Generator) {
    super();
    const { patch, encoder, readOuts, embedding } = config;
    const { width } = encoder;
    const rows = (rowCount: number): Tensor => parameter(truncatedNormal([rowCount, width], 0.5, generator));
    this.#config = config;
    this.patchIn = new Linear(3 * patch * patch, width, generator);
    this.position = rows(numCameras * patchesPerImage(config));
    this.stateIn = stateWidth === 0 ? null : new Linear(stateWidth, width, generator);
    this.stateOut = stateWidth === 0 ? null : new Linear(stateWidth, embedding, generator, { bias: false });
    this.noState = parameter(zeros([width]));
    this.readOut = rows(readOuts);
    this.stack = new SpaceTimeStack(encoder, 1, generator);
    this.out = new Linear((readOuts + 1) * width, embedding, generator);
    this.patchOut = new Linear(width, PATCH_CHANNELS, generator, { bias: false });
    this.placeOut = new Linear(this.position.size(0) * PATCH_CHANNELS, embedding, generator, { bias: false });
  }

  /**
   * The embedding of each moment, float32 [B, D].
   * @throws {ShapeError} if the pictures have another size or number
   */
  forward({ frames, state, hasState }: Sight): Tensor {
    const { height, width: W, patch, readOuts } = this.#config;
    const [B = 0, V = 0] = frames.shape;
    const N = this.position.size(0);
    const numCameras = N / patchesPerImage(this.#config);
    if (V !== numCameras || frames.size(2) !== height || frames.size(3) !== W) {
      const wanted = `[B, ${numCameras}, ${height}, ${W}, 3]`;
      throw new ShapeError("Encoder", "frames", wanted, frames.shape, "Resize them when loading.");
    }
    const { width } = this.#config.encoder;
    const patches = toPatches(frames.flatten(0, 1), patch).view([B, N, -1]);
    const seen = this.patchIn.forward(patches).float().add(this.position);
    const felt = where(hasState, this.stateIn?.forward(state).float() ?? this.noState, this.noState);
    const ask = this.readOut.expand([B, readOuts, width]);
    const tokens = cat([seen, felt.unsqueeze(1).add(this.readOut.mean(0)), ask], 1).unsqueeze(1);
    const h = this.stack.forward(tokens).squeeze(1); // [B, N + 1 + M, W]
    const seenThere = h.narrow(1, 0, N);
    const read = this.out.forward(h.narrow(1, N, 1 + readOuts).flatten(1)).float();
    const placed = this.placeOut.forward(this.patchOut.forward(seenThere).gelu().flatten(1)).float();
    const own = read.add(placed);
    return this.stateOut === null ? own : own.add(this.stateOut.forward(state).float().mul(hasState.float()));
  }

  /** Multiply-adds times two for one moment. */
  flops(): number {
    const N = this.position.size(0);
    const { patch, encoder, readOuts, embedding } = this.#config;
    const into = N * 3 * patch * patch * encoder.width;
    const placed = N * PATCH_CHANNELS * (encoder.width + embedding);
    const ends = into + placed + (readOuts + 1) * encoder.width * embedding;
    return 2 * ends + this.stack.flops(1, N + 1 + readOuts);
  }
}

/** Patches of one camera's picture. */
export function patchesPerImage({ height, width, patch }: JepaNetConfig): number {
  return (height / patch) * (width / patch);
}

import { ShapeError, makeRng } from "@orrery/core";
import { AdamW, fromTyped, Generator, Linear, noGrad, scope, zeros, type Tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import type { Sight } from "./encoder.ts";
import { PlacesEncoder } from "./places-encoder.ts";

const SIDE = 32;
const { net: debug } = loadConfig("jepa-debug");
const net = { ...debug, height: SIDE, width: SIDE, encoder: { ...debug.encoder, width: 64 } };

function sightOf(frames: Uint8Array): Sight {
  const B = frames.length / (SIDE * SIDE * 3);
  return {
    frames: fromTyped(frames, [B, 1, SIDE, SIDE, 3]),
    state: zeros([B, 0]),
    hasState: zeros([B, 1]).bool(),
  };
}

/** A dot of 4 x 4 pixels and a block of 10 x 10 on white, and where the dot is, from -1 to 1. */
function drawScenes(count: number, seed: number): { sight: Sight; place: Tensor } {
  const rng = makeRng(seed, "scenes");
  const frames = new Uint8Array(count * SIDE * SIDE * 3).fill(255);
  const place = new Float32Array(count * 2);
  const fill = (b: number, x: number, y: number, side: number, colour: readonly number[]): void => {
    for (let row = y; row < y + side; row++) {
      for (let column = x; column < x + side; column++)
        frames.set(colour, ((b * SIDE + row) * SIDE + column) * 3);
    }
  };
  for (let b = 0; b < count; b++) {
    fill(b, rng.int(SIDE - 10), rng.int(SIDE - 10), 10, [120, 136, 153]);
    const [x, y] = [rng.int(SIDE - 4), rng.int(SIDE - 4)];
    fill(b, x, y, 4, [65, 105, 225]);
    place.set([(2 * (x + 2)) / SIDE - 1, (2 * (y + 2)) / SIDE - 1], 2 * b);
  }
  return { sight: sightOf(frames), place: fromTyped(place, [count, 2]) };
}

test("a dot of sixteen pixels beside a block of a hundred is found within two hundred steps", () => {
  const generator = new Generator(0);
  const encoder = new PlacesEncoder(net, 1, 0, generator);
  const head = new Linear(net.embedding, 2, generator);
  const parameters = [encoder, head].flatMap((part, i) =>
    [...part.namedParameters()].map(([name, each]) => [`${i}.${name}`, each] as const),
  );
  const optimizer = new AdamW(parameters, { lr: 1e-3 });
  const errorOf = ({ sight, place }: ReturnType<typeof drawScenes>): Tensor =>
    head.forward(encoder.forward(sight)).sub(place).square().mean();
  for (let step = 0; step < 200; step++) {
    scope(() => {
      optimizer.zeroGrad();
      errorOf(drawScenes(32, step)).backward();
      optimizer.step();
    });
  }
  const held = drawScenes(200, 1000);
  const [error, spread] = noGrad(() => [errorOf(held).item(), held.place.square().mean().item()]);
  // Found: a hundredth of the spread.
  expect(error).toBeLessThan(0.1 * spread);
});

test("pictures of another size are refused", () => {
  const encoder = new PlacesEncoder(net, 2, 0, new Generator(0));
  expect(() => encoder.forward(sightOf(new Uint8Array(SIDE * SIDE * 3)))).toThrow(ShapeError);
});

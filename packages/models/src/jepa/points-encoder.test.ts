import { ShapeError, UsageError, makeRng } from "@orrery/core";
import { AdamW, fromTyped, Generator, Linear, noGrad, scope, type Tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { PointsEncoder } from "./points-encoder.ts";

const SIDE = 32;
const { net: debug } = loadConfig("jepa-debug");
const net = { ...debug, height: SIDE, width: SIDE };
const GREY = 200;

/** A dot and a block anywhere on a ground with an edge in it, and where each is, from -1 to 1: [B, 4]. */
function drawScenes(count: number, seed: number): { frames: Tensor; places: Tensor } {
  const rng = makeRng(seed, "scenes");
  const frames = new Uint8Array(count * SIDE * SIDE * 3).fill(GREY);
  const places = new Float32Array(count * 4);
  const fill = (b: number, [x, y]: readonly [number, number], side: number, colour: number): void => {
    for (let row = y; row < y + side; row++) {
      const at = ((b * SIDE + row) * SIDE + x) * 3;
      frames.fill(colour, at, at + 3 * side);
    }
  };
  for (let b = 0; b < count; b++) {
    fill(b, [0, 0], 8, 90);
    for (const [i, side] of [8, 4].entries()) {
      const corner = [rng.int(SIDE - side), rng.int(SIDE - side)] as const;
      fill(b, corner, side, i === 0 ? 120 : 20);
      places.set(
        corner.map((c) => (2 * c + side) / SIDE - 1),
        4 * b + 2 * i,
      );
    }
  }
  return {
    frames: fromTyped(frames, [count, 1, SIDE, SIDE, 3]),
    places: fromTyped(places, [count, 4]),
  };
}

function makeEncoder(): PointsEncoder {
  return new PointsEncoder(net, 1, new Generator(0));
}

test("drawing teaches it where things are, without a label, to a tenth of what there is to know", () => {
  const encoder = makeEncoder();
  encoder.setGround(
    noGrad(() => {
      const mean = drawScenes(400, 5000).frames.float().mean(0);
      return Float32Array.from(mean.toFloat64());
    }),
  );
  const optimizer = new AdamW(encoder.namedParameters(), { lr: 5e-3 });
  const lost: number[] = [];
  for (let step = 0; step < 400; step++) {
    scope(() => {
      const loss = encoder.lost(drawScenes(32, step).frames);
      lost.push(loss.item());
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    });
  }
  expect(lost[0]).toBeGreaterThan(0.9);
  expect(lost.at(-1)).toBeLessThan(0.5);
  // Now, with points that stay, a line through them is asked where the things are.
  encoder.setTrainable(false);
  const head = new Linear(net.embedding, 4, new Generator(1));
  const reader = new AdamW(head.namedParameters(), { lr: 2e-2 });
  const errorOf = ({ frames, places }: ReturnType<typeof drawScenes>): Tensor =>
    head.forward(encoder.forward({ frames })).sub(places).square().mean();
  for (let step = 0; step < 200; step++) {
    scope(() => {
      reader.zeroGrad();
      errorOf(drawScenes(64, 1000 + step)).backward();
      reader.step();
    });
  }
  const held = drawScenes(200, 9000);
  const [error, spread] = noGrad(() => [errorOf(held).item(), held.places.square().mean().item()]);
  expect(error).toBeLessThan(0.1 * spread);
});

test("pictures are drawn in the size in which they are seen", () => {
  const { frames } = drawScenes(3, 0);
  const encoder = makeEncoder();
  const drawn = noGrad(() => encoder.draw(encoder.forward({ frames })));
  expect([drawn.shape, drawn.dtype]).toEqual([frames.shape, "uint8"]);
});

test("pictures of another size, and an embedding that does not divide into points, are refused", () => {
  expect(() => makeEncoder().forward({ frames: fromTyped(new Uint8Array(12), [1, 1, 2, 2, 3]) })).toThrow(
    ShapeError,
  );
  expect(() => new PointsEncoder(net, 3, new Generator(0))).toThrow(UsageError);
});

/** The measures one by one, against pictures whose answers are known. */
import { makeRng, type Image } from "@orrery/core";
import { expect, test } from "vitest";
import sharp from "sharp";
import { SquareFft } from "./fft.ts";
import { greyOf, lightOf, NUM_PIXELS, SIDE, textLookOf } from "./grey.ts";
import { HashIndex } from "./hash-index.ts";
import { MotionMeter } from "./motion.ts";
import { hammingDistance, perceptualHash } from "./perceptual-hash.ts";
import { divide, runsOf } from "./spans.ts";
import { crop, flat, makeScene, SIZE, slide } from "./testing.ts";

async function grey({ data }: Image): Promise<Uint8Array> {
  const raw = { width: SIZE.width, height: SIZE.height, channels: 3 as const };
  const rgb = await sharp(data, { raw })
    .resize(SIDE, SIDE, { fit: "fill", kernel: "linear" })
    .raw()
    .toBuffer();
  const out = new Uint8Array(NUM_PIXELS);
  greyOf(rgb, out);
  return out;
}

test("the transform finds a wave, and twice forward is the mirrored original", () => {
  const fft = new SquareFft(8);
  const wave = fft.make();
  for (let y = 0; y < 8; y++)
    for (let x = 0; x < 8; x++) wave.re[y * 8 + x] = Math.cos((2 * Math.PI * (2 * x + y)) / 8);
  const original = Float32Array.from(wave.re);
  fft.forward(wave);
  // A real cosine has two lines of half its energy: at (2, 1) and its mirror image (6, 7).
  const lines = [...wave.re.keys()].filter((i) => Math.hypot(wave.re[i] as number, wave.im[i] as number) > 1);
  expect(lines).toEqual([1 * 8 + 2, 7 * 8 + 6]);
  expect(wave.re[10]).toBeCloseTo(32, 4);
  fft.forward(wave);
  for (const [i, value] of original.entries()) {
    const [x, y] = [i % 8, Math.floor(i / 8)];
    expect((wave.re[((8 - y) % 8) * 8 + ((8 - x) % 8)] as number) / 64).toBeCloseTo(value, 4);
  }
});

test("camera motion: shifts to a quarter of a pixel of 64, zoom to within a fifth, objects ignored", async () => {
  const scene = makeScene(11);
  const shift = async (dx: number, dy: number, t: number) => {
    const meter = new MotionMeter();
    meter.push(await grey(scene.at(0, 0, 0)));
    return meter.push(await grey(scene.at(dx, dy, t)));
  };
  // The camera moves right, so the picture moves left; the ball moves on its own.
  for (const [dx, dy] of [
    [4, 0],
    [-3, 2],
    [1, -5],
  ] as const) {
    const motion = await shift(dx, dy, 2);
    expect(Math.abs(motion.dx + dx / SIZE.width) * SIDE).toBeLessThan(0.25);
    expect(Math.abs(motion.dy + dy / SIZE.height) * SIDE).toBeLessThan(0.25);
    expect(motion.trust).toBeGreaterThan(0.6);
  }
  const meter = new MotionMeter();
  meter.push(await grey(scene.at(0, 0)));
  const { zoom } = meter.push(await grey(crop(scene.at(0, 0), 1 / 1.04)));
  expect(Math.abs(zoom - 0.04)).toBeLessThan(0.008);
});

test("the hash survives noise and light, finds a crop by its own crop, and tells scenes apart", async () => {
  const rng = makeRng(3);
  const [a, b] = [makeScene(21).at(0, 0), makeScene(22).at(0, 0)];
  const noisy = {
    ...a,
    data: a.data.map((v) => Math.max(0, Math.min(255, Math.round(0.9 * v + 10 + rng.normal(0, 6))))),
  };
  const whole = perceptualHash(await grey(a));
  expect(hammingDistance(whole, perceptualHash(await grey(noisy)))).toBeLessThanOrEqual(4);
  expect(hammingDistance(whole, perceptualHash(await grey(b)))).toBeGreaterThan(18);
  const cropped = perceptualHash(await grey(crop(a, 0.9)));
  expect(hammingDistance(perceptualHash(await grey(a), 0.9), cropped)).toBeLessThanOrEqual(4);
});

test("every hash within seven bits is found, and none beyond the limit", () => {
  const rng = makeRng(5);
  const index = new HashIndex<number>();
  const hashes = Array.from({ length: 500 }, () => ({ high: rng.uint32(), low: rng.uint32() }));
  hashes.forEach((hash, i) => index.add(hash, i));
  for (const [i, { high, low }] of hashes.entries()) {
    const bits = rng.shuffle(Array.from({ length: 64 }, (_, bit) => bit)).slice(0, 7);
    const near = { high, low };
    for (const bit of bits) {
      if (bit < 32) near.high = (near.high ^ (1 << bit)) >>> 0;
      else near.low = (near.low ^ (1 << (bit - 32))) >>> 0;
    }
    const found: number[] = [];
    index.near(near, 7, (item) => void found.push(item));
    expect(found).toEqual([i]); // random hashes differ in 32 bits or so
  }
});

test("text is lines of ink; scenes and flat pictures are not", async () => {
  expect(textLookOf(await grey(slide([9, 14, 12, 6])))).toMatchObject({ lines: 4, inLines: 1 });
  expect(textLookOf(await grey(slide([9], 10, 230)))).toMatchObject({ lines: 1, inLines: 1 });
  expect(textLookOf(await grey(makeScene(31).at(0, 0))).inLines).toBeLessThan(0.3);
  expect(textLookOf(await grey(flat(128)))).toEqual({ ground: 1, lines: 0, inLines: 0 });
});

test("light", () => {
  const half = Uint8Array.from({ length: NUM_PIXELS }, (_, i) => (i < NUM_PIXELS / 2 ? 10 : 250));
  expect(lightOf(half)).toEqual({ mean: 130, spread: 120, dark: 0.5, bright: 0.5 });
});

test("runs bridge single misses, but not many", () => {
  const hits = (text: string) => (t: number) => text[t] === "#";
  expect(runsOf(12, hits("..####.#####"), 4)).toEqual([{ from: 2, to: 12 }]);
  expect(runsOf(12, hits("#.#.#.#.#.#."), 4)).toEqual([]);
  expect(runsOf(6, hits("###.##"), 2, 0)).toEqual([
    { from: 0, to: 3 },
    { from: 4, to: 6 },
  ]);
  expect(divide(10, [4, 0, 4, 12])).toEqual([
    { from: 0, to: 4 },
    { from: 4, to: 10 },
  ]);
});

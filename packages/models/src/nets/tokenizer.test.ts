import { ShapeError } from "@orrery/core";
import { cat, Generator, noGrad, rand, randn, tensor, zeros, type Tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { debugConfig, distance, scramble } from "../testing.ts";
import { fromPatches, principalPatches } from "./patches.ts";
import { Tokenizer } from "./tokenizer.ts";

const { tokenizer: still } = debugConfig();
/** One layer in two attends over time. */
const moving = {
  ...still,
  encoder: { ...still.encoder, depth: 2, timeEvery: 2 },
  decoder: { ...still.decoder, depth: 2, timeEvery: 2 },
};

function images(B: number, T: number, seed = 3): Tensor {
  return rand([B, T, 32, 32, 3], { generator: new Generator(seed) })
    .mul(256)
    .to("uint8");
}

/** Patches with few real degrees of freedom, as pictures have: smooth ramps of random slope and height. */
function ramps(count: number): Tensor {
  const generator = new Generator(5);
  const shapes = randn([4, still.patch * still.patch * 3], { generator });
  return randn([count, 1, 16, 4], { generator }).mul(0.15).matmul(shapes.div(4));
}

test("starts as good as the best linear code", () => {
  noGrad(() => {
    const patches = ramps(64);
    const channels = 3; // of four directions in the data, so that something is lost
    const tokenizer = new Tokenizer({ ...still, channels }, 1, new Generator(0));
    const flat = patches.flatten(0, 2);
    const { mean, axes, std } = principalPatches(flat, channels);
    tokenizer.startFrom({ mean, axes, std });

    const linear = flat.sub(mean).matmul(axes).matmul(axes.t()).add(mean).sub(flat).square().mean().item();
    const own = tokenizer.decode(tokenizer.encode(patches)).sub(patches).square().mean().item();
    const variance = flat.sub(mean).square().mean().item();
    expect(linear).toBeGreaterThan(0.01 * variance);
    // tanh bends the code a little: at a deviation of 0.5, by some percent of the variance at most.
    expect(own - linear).toBeLessThan(0.05 * variance);
  });
});

test("latents stay in (-1, 1) and a hidden patch is really hidden", () => {
  noGrad(() => {
    const tokenizer = scramble(new Tokenizer(still, 1, new Generator(0)), 1);
    const patches = tokenizer.patchesOf(images(1, 1));
    const isKept = rand([1, 1, 16, 1], { generator: new Generator(2) }).gt(0.5);
    const other = patches.add(randn(patches.shape).mul(isKept.logicalNot().float()));
    expect(distance(patches, other)).toBeGreaterThan(0.5);
    const latents = tokenizer.encode(patches, isKept);
    expect(distance(latents, tokenizer.encode(other, isKept))).toBe(0);
    expect(latents.abs().max().item()).toBeLessThanOrEqual(1);
    expect(distance(latents, tokenizer.encode(patches))).toBeGreaterThan(0.01);
  });
});

test("with layers over time no frame sees later ones, and all see earlier ones", () => {
  noGrad(() => {
    const tokenizer = scramble(new Tokenizer(moving, 6, new Generator(0)), 1);
    const clip = images(1, 6);
    const changed = cat([clip.narrow(1, 0, 3), images(1, 1, 9), clip.narrow(1, 4, 2)], 1); // frame 3 differs
    const [a, b] = [tokenizer.encodeImages(clip), tokenizer.encodeImages(changed)];
    const at = (t: number): number => distance(a.select(1, t), b.select(1, t));
    for (const t of [0, 1, 2]) expect(at(t)).toBe(0);
    for (const t of [3, 4, 5]) expect(at(t)).toBeGreaterThan(1e-3);

    const [x, y] = [tokenizer.decode(a), tokenizer.decode(cat([a.narrow(1, 0, 5), b.narrow(1, 5, 1)], 1))];
    expect(distance(x.narrow(1, 0, 5), y.narrow(1, 0, 5))).toBe(0);
  });
});

test("the decoder keeps of the frame before what it says stays, and the rest it draws anew", () => {
  noGrad(() => {
    const tokenizer = new Tokenizer(still, 1, new Generator(0)); // output layers start at zero
    const [now, before] = [images(2, 1), images(2, 1, 8)].map((x) => tokenizer.patchesOf(x)) as [
      Tensor,
      Tensor,
    ];
    const latents = tokenizer.encode(now);
    const alone = tokenizer.decode(latents);
    const isKnown = tensor([1, 0]).bool().view([2, 1, 1, 1]);
    const mixed = tokenizer.decode(latents, { before, isKnown });
    // Untrained, half of each pixel stays where there was a frame before, and nothing where there was none.
    const [first, second] = [mixed.narrow(0, 0, 1), mixed.narrow(0, 1, 1)];
    expect(distance(first, alone.add(before).div(2).narrow(0, 0, 1))).toBeLessThan(1e-6);
    expect(distance(second, alone.narrow(0, 1, 1))).toBe(0);

    tokenizer.stayOut.bias?.fill_(30);
    const frozen = tokenizer.decode(latents, { before, isKnown });
    expect(distance(frozen.narrow(0, 0, 1), before.narrow(0, 0, 1))).toBeLessThan(1e-6);
  });
});

test("frames are decoded one on the other, the first on what was seen", () => {
  noGrad(() => {
    const tokenizer = scramble(new Tokenizer(still, 1, new Generator(0)), 1);
    const latents = tokenizer.encodeImages(images(1, 3));
    const seen = images(1, 1, 8).squeeze(1);
    const isKnown = tensor([1]).bool().view([1, 1, 1, 1]);
    let before = tokenizer.patchesOf(seen.unsqueeze(1));
    for (let t = 0; t < 3; t++) {
      before = tokenizer.decode(latents.narrow(1, t, 1), { before, isKnown }).clamp(-1, 1);
      const whole = tokenizer.decodeImages(latents, seen).narrow(1, t, 1);
      const { height, width, patch } = still;
      const expected = fromPatches(before.flatten(0, 1), height, width, patch).unsqueeze(1);
      expect(distance(whole.float(), expected.float())).toBe(0);
    }
    expect(
      distance(tokenizer.decodeImages(latents).float(), tokenizer.decodeImages(latents, seen).float()),
    ).toBeGreaterThan(1);
  });
});

test("a stream through the caches gives what the whole clip gives", () => {
  noGrad(() => {
    const tokenizer = scramble(new Tokenizer(moving, 6, new Generator(0)), 1);
    const clip = images(2, 6);
    const latents = tokenizer.encodeImages(clip);
    const pixels = tokenizer.decode(latents);
    const { encoder, decoder } = tokenizer.makeCaches(6);
    for (let t = 0; t < 6; t++) {
      const frame = tokenizer.encodeImages(clip.narrow(1, t, 1), encoder);
      // Tolerance: other sizes of products add up in another order.
      expect(distance(frame, latents.narrow(1, t, 1))).toBeLessThan(1e-4);
      expect(distance(tokenizer.decode(frame, undefined, decoder), pixels.narrow(1, t, 1))).toBeLessThan(
        1e-3,
      );
    }
    encoder.free();
    decoder.free();
  });
});

test("the share of masked images and of hidden patches is as configured", () => {
  noGrad(() => {
    const config = { ...still, maskShare: 0.5, maskMax: 1 };
    const tokenizer = new Tokenizer(config, 1, new Generator(0));
    const seen: Tensor[] = [];
    tokenizer.encode = (_patches, isKept) => {
      if (isKept !== undefined) seen.push(isKept);
      return zeros([400, 1, 16, config.channels]);
    };
    tokenizer.loss(zeros([400, 1, 16, 192]), new Generator(7));
    const kept = seen[0]?.float().mean([1, 2, 3]).toFloat64() ?? new Float64Array();
    expect(kept.length).toBe(400);
    const mean = (x: Float64Array): number => x.reduce((a, b) => a + b, 0) / x.length;
    expect(mean(kept.subarray(200))).toBe(1);
    // p ~ U(0, 1) hides half on average; the mean of 200 such shares has a deviation of 0.02.
    expect(Math.abs(mean(kept.subarray(0, 200)) - 0.5)).toBeLessThan(0.08);
  });
});

test("images of another size are refused with both sizes", () => {
  const tokenizer = new Tokenizer(still, 1, new Generator(0));
  expect(() => tokenizer.encodeImages(zeros([1, 1, 16, 32, 3], { dtype: "uint8" }))).toThrow(ShapeError);
  expect(() => tokenizer.encodeImages(zeros([1, 1, 16, 32, 3], { dtype: "uint8" }))).toThrow(
    /\[B, T, 32, 32, 3\], got \[1, 1, 16, 32, 3\]/,
  );
});

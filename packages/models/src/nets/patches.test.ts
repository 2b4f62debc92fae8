import { fromTyped, Generator, ops, randn, scope, tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { distance } from "../testing.ts";
import { fromPatches, principalPatches, toPatches } from "./patches.ts";

test("patches hold their own region, row by row, in [-1, 1]", () => {
  // Every pixel's red tells its row, green its column; blue is full.
  const [H, W] = [4, 6];
  const pixels = Uint8Array.from({ length: H * W * 3 }, (_, i) => {
    const at = Math.floor(i / 3);
    return [Math.floor(at / W), at % W, 255][i % 3] as number;
  });
  const patches = toPatches(fromTyped(pixels, [1, H, W, 3]), 2);
  expect(patches.shape).toEqual([1, 6, 12]);
  const last = Array.from(patches.select(1, 5).add(1).mul(127.5).round().toFloat64());
  // Patch 5 is rows 2 and 3, columns 4 and 5.
  expect(last).toEqual([2, 4, 255, 2, 5, 255, 3, 4, 255, 3, 5, 255]);
});

test("every pixel value survives the way to patches and back", () => {
  const pixels = fromTyped(
    Uint8Array.from({ length: 2 * 16 * 32 * 3 }, (_, i) => (i * 7) % 256),
    [2, 16, 32, 3],
  );
  const back = fromPatches(toPatches(pixels, 8), 16, 32, 8);
  expect(back.dtype).toBe("uint8");
  expect(distance(back.float(), pixels.float())).toBe(0);
});

test("values outside the range of pixels are cut off", () => {
  const back = fromPatches(tensor([[[-3, 0, 3]]]), 1, 1, 1);
  expect(Array.from(back.toFloat64())).toEqual([0, 128, 255]);
});

test("principal components find known axes, by falling variance", () => {
  scope(() => {
    // Points along two known directions with deviations 3 and 1, about a known mean, in 6 dimensions.
    const generator = new Generator(0);
    const [first, second] = [
      tensor([1, 1, 0, 0, 0, 0]).div(Math.SQRT2),
      tensor([0, 0, 1, -1, 0, 0]).div(Math.SQRT2),
    ];
    const M = 20_000;
    const patches = randn([M, 1], { generator })
      .mul(3)
      .mul(first)
      .add(randn([M, 1], { generator }).mul(second))
      .add(tensor([1, 2, 3, 4, 5, 6]));
    const { mean, axes, std } = principalPatches(patches, 3);
    // Estimates from 20,000 draws: standard errors are below 3 / sqrt(20,000) = 0.021.
    expect(distance(mean, tensor([1, 2, 3, 4, 5, 6]))).toBeLessThan(0.1);
    expect(distance(std.narrow(0, 0, 2), tensor([3, 1]))).toBeLessThan(0.1);
    expect(std.select(0, 2).item()).toBeLessThan(1e-3); // there is no third direction
    expect(Math.abs(axes.select(1, 0).dot(first).item())).toBeGreaterThan(0.999);
    expect(Math.abs(axes.select(1, 1).dot(second).item())).toBeGreaterThan(0.999);
    expect(distance(axes.t().matmul(axes), ops.eye(3))).toBeLessThan(1e-5);
  });
});

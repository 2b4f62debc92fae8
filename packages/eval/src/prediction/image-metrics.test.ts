import { fromTyped, scope, type Tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { localMoments, squaredErrors, structuralSimilarities } from "./image-metrics.ts";

const [H, W] = [20, 24];

/** A pattern that a few lines of any language can remake; `isFlat` leaves structure only in the last columns. */
function picture(seed: number, isFlat = false): Uint8Array {
  return Uint8Array.from({ length: H * W * 3 }, (_, i) => {
    const [y, x, c] = [Math.floor(i / (3 * W)), Math.floor(i / 3) % W, i % 3];
    if (isFlat && x < 18) return 230;
    return (y * 37 + x * x * (5 + c) + seed * 71 + Math.floor((x * y * (c + 1)) / 3)) % 256;
  });
}

/** An eighth of another picture mixed in. */
function spoiled(a: Uint8Array): Uint8Array {
  const other = picture(2);
  return a.map((v, i) => Math.floor((v * 7 + (other[i] as number)) / 8));
}

const tensor = (...pictures: Uint8Array[]): Tensor =>
  fromTyped(Uint8Array.from(pictures.flatMap((p) => [...p])), [pictures.length, H, W, 3]);

const ssim = (a: Tensor, b: Tensor): number[] =>
  scope(() => structuralSimilarities(localMoments(a), localMoments(b))) as number[];

test("both metrics agree with a reference in float64", () => {
  // numpy: 11 x 11 window exp(-d^2 / (2 * 1.5^2)) scaled to sum 1, valid positions, C1 = 0.01^2, C2 = 0.03^2.
  const structured = picture(1);
  const flat = picture(1, true);
  const a = tensor(structured, flat);
  const b = tensor(spoiled(structured), spoiled(flat));
  const [s0, s1] = ssim(a, b);
  // Variances are differences of float32 numbers up to 0.25: good to some 1e-7, which stands beside C2 of 9e-4.
  expect(Math.abs((s0 as number) - 0.978441233341354)).toBeLessThan(1e-5);
  expect(Math.abs((s1 as number) - 0.5968166911267327)).toBeLessThan(1e-5);
  const [m0, m1] = squaredErrors(a, b);
  expect(m0).toBeCloseTo(0.0031331539151608356, 8);
  expect(m1).toBeCloseTo(0.0038327993506770902, 8);
});

test("identical pictures have similarity 1 and no error, and each picture is compared with its own", () => {
  const a = tensor(picture(1), picture(3));
  const swapped = tensor(picture(1), picture(4));
  expect(squaredErrors(a, a)).toEqual([0, 0]);
  for (const value of ssim(a, a)) expect(value).toBeCloseTo(1, 6);
  const [same, other] = ssim(a, swapped);
  expect(same).toBeCloseTo(1, 6);
  expect(other).toBeLessThan(0.9);
});

test("black against white is the largest error", () => {
  const black = tensor(new Uint8Array(H * W * 3));
  const white = tensor(new Uint8Array(H * W * 3).fill(255));
  expect(squaredErrors(black, white)).toEqual([1]);
  // No structure on either side: C1 / (1 + C1) is left of the luminance term.
  expect(ssim(black, white)[0]).toBeCloseTo(1e-4 / (1 + 1e-4), 6);
});

test("pictures smaller than the window are refused", () => {
  const small = fromTyped(new Uint8Array(8 * 8 * 3), [1, 8, 8, 3]);
  expect(() => localMoments(small)).toThrow(/at least 11 pixels wide and high, got 8/);
});

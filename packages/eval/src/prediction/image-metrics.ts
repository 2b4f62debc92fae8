/**
 * Distances between pictures, one number per picture.
 *
 * Shapes: M pictures, H W pixels; uint8 [M, H, W, 3] in 0..255.
 */
import { UsageError } from "@orrery/core";
import { fromTyped, noGrad, scope, type Tensor } from "@orrery/torch";

/** Mean squared error on pixels in [0, 1]. */
export function squaredErrors(a: Tensor, b: Tensor): number[] {
  return noGrad(() =>
    scope(() => [
      ...(a.float().sub(b.float()).div(255).square().flatten(1).mean(1).toTyped() as Float32Array),
    ]),
  );
}

const WINDOW = 11;
const SIGMA = 1.5;
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;
const GREY = 0.5;

/**
 * Pictures with their local means and variances, which several comparisons with the same pictures share. Values are
 * counted from middle grey: variances come out of differences, which lose fewer digits of small numbers.
 */
export interface LocalMoments {
  /** [3 M, H, W] in [-0.5, 0.5], one plane per colour. */
  readonly planes: Tensor;
  readonly mean: Tensor; // [3 M, W - 10, H - 10]
  readonly variance: Tensor;
}

/** Tensors of the result belong to the scope around the call. */
export function localMoments(pictures: Tensor): LocalMoments {
  return noGrad(() => {
    const [M = 0, H = 0, W = 0] = pictures.shape;
    const planes = pictures
      .permute([0, 3, 1, 2])
      .reshape([M * 3, H, W])
      .float()
      .div(255)
      .sub(GREY);
    const mean = blur(planes);
    return { planes, mean, variance: blur(planes.square()).sub(mean.square()) };
  });
}

/**
 * Structural similarity per picture, mean over pixels and the three colours, with the 11 x 11 Gaussian window of
 * Wang et al. 2004; borders where the window does not fit are left out, as there.
 */
export function structuralSimilarities(a: LocalMoments, b: LocalMoments): number[] {
  return noGrad(() =>
    scope(() => {
      const covariance = blur(a.planes.mul(b.planes)).sub(a.mean.mul(b.mean));
      const [meanA, meanB] = [a.mean.add(GREY), b.mean.add(GREY)];
      const above = meanA.mul(meanB).mul(2).add(C1).mul(covariance.mul(2).add(C2));
      const squares = meanA.square().add(meanB.square()).add(C1);
      const below = squares.mul(a.variance.add(b.variance).add(C2));
      const perPlane = above.div(below).flatten(1).mean(1); // [3 M]
      return [...(perPlane.view([-1, 3]).mean(1).toTyped() as Float32Array)];
    }),
  );
}

/**
 * Weighted local means, [K, H, W] to [K, W - 10, H - 10]. The window is a product of one line with itself, so each
 * axis is one matrix product: five times as fast as a convolution here. Both axes stand swapped in the result, which
 * no mean over pixels notices and which saves a copy.
 */
function blur(x: Tensor): Tensor {
  const [, H = 0, W = 0] = x.shape;
  return scope(() => x.matmul(slidingWindow(W)).transpose(1, 2).contiguous().matmul(slidingWindow(H)));
}

/** [size, size - 10]: column j holds the window at positions j to j + 10. */
function slidingWindow(size: number): Tensor {
  const line = Array.from({ length: WINDOW }, (_, i) =>
    Math.exp(-((i - (WINDOW - 1) / 2) ** 2) / (2 * SIGMA ** 2)),
  );
  const total = line.reduce((sum, v) => sum + v, 0);
  const places = size - WINDOW + 1;
  if (places < 1) {
    throw new UsageError(`SSIM: pictures must be at least ${WINDOW} pixels wide and high, got ${size}.`);
  }
  const band = new Float32Array(size * places);
  for (let j = 0; j < places; j++) {
    for (const [i, value] of line.entries()) band[(j + i) * places + j] = value / total;
  }
  return fromTyped(band, [size, places]);
}

/**
 * Distances between pictures, one number per picture.
 *
 * Shapes: M pictures, H W pixels; uint8 [M, H, W, 3] in 0..255.
 */
import { conv2d, fromTyped, noGrad, scope, type Tensor } from "@orrery/torch";

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

/**
 * Structural similarity per picture, mean over pixels and the three colours, with the 11 x 11 Gaussian window of
 * Wang et al. 2004; borders where the window does not fit are left out, as there.
 */
export function structuralSimilarities(a: Tensor, b: Tensor): number[] {
  return noGrad(() =>
    scope(() => {
      const kernel = gaussianWindow();
      const planes = (x: Tensor): Tensor => {
        const [M = 0, H = 0, W = 0] = x.shape;
        return x
          .permute([0, 3, 1, 2])
          .reshape([M * 3, 1, H, W])
          .float()
          .div(255);
      };
      const blur = (x: Tensor): Tensor => conv2d(x, kernel, null);
      const x = planes(a);
      const y = planes(b);
      const meanX = blur(x);
      const meanY = blur(y);
      const varX = blur(x.square()).sub(meanX.square());
      const varY = blur(y.square()).sub(meanY.square());
      const covariance = blur(x.mul(y)).sub(meanX.mul(meanY));
      const c1 = 0.01 ** 2;
      const c2 = 0.03 ** 2;
      const above = meanX.mul(meanY).mul(2).add(c1).mul(covariance.mul(2).add(c2));
      const below = meanX.square().add(meanY.square()).add(c1).mul(varX.add(varY).add(c2));
      const perPlane = above.div(below).flatten(1).mean(1); // [3 M]
      return [...(perPlane.view([-1, 3]).mean(1).toTyped() as Float32Array)];
    }),
  );
}

/** [1, 1, 11, 11], sums to 1. */
function gaussianWindow(): Tensor {
  const line = Array.from({ length: WINDOW }, (_, i) =>
    Math.exp(-((i - (WINDOW - 1) / 2) ** 2) / (2 * SIGMA ** 2)),
  );
  const total = line.reduce((sum, v) => sum + v, 0);
  const values = Float32Array.from(
    { length: WINDOW * WINDOW },
    (_, i) => ((line[Math.floor(i / WINDOW)] as number) * (line[i % WINDOW] as number)) / total ** 2,
  );
  return fromTyped(values, [1, 1, WINDOW, WINDOW]);
}

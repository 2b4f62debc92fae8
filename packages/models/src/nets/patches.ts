/**
 * Images as rows of patches, and the linear code that suits a set of images best.
 *
 * Shapes: B images, H W pixels, p side of a patch, N patches per image, D = 3 p^2 numbers per patch, C channels.
 */
import { noGrad, ops, scope, type Tensor } from "@orrery/torch";

/** Pixels 0..255 of [B, H, W, 3] as patches [B, N, D] in [-1, 1], float32. */
export function toPatches(pixels: Tensor, patch: number): Tensor {
  const [B = 0, H = 0, W = 0] = pixels.shape;
  const rows = H / patch;
  const columns = W / patch;
  return pixels
    .reshape([B, rows, patch, columns, patch, 3])
    .permute([0, 1, 3, 2, 4, 5])
    .reshape([B, rows * columns, patch * patch * 3])
    .float()
    .mul(2 / 255)
    .sub(1);
}

/** The inverse of `toPatches`: [B, N, D] to uint8 [B, H, W, 3], clamped and rounded. */
export function fromPatches(patches: Tensor, height: number, width: number, patch: number): Tensor {
  const B = patches.size(0);
  const rows = height / patch;
  const columns = width / patch;
  return patches
    .float()
    .clamp(-1, 1)
    .add(1)
    .mul(127.5)
    .round()
    .to("uint8")
    .reshape([B, rows, columns, patch, patch, 3])
    .permute([0, 1, 3, 2, 4, 5])
    .reshape([B, height, width, 3]);
}

/** The best linear code of C channels per patch. */
export interface PatchBasis {
  readonly mean: Tensor; // [D]
  /** Orthonormal columns by falling variance. */
  readonly axes: Tensor; // [D, C]
  /** Standard deviation of the patches along each axis. */
  readonly std: Tensor; // [C]
}

/** Principal components of patches [M, D]; M should be some thousands. Owned by the caller. */
export function principalPatches(patches: Tensor, channels: number): PatchBasis {
  return noGrad(() =>
    scope(() => {
      const flat = patches.double();
      const mean = flat.mean(0); // [D]
      const centred = flat.sub(mean);
      const covariance = centred.t().matmul(centred).div(flat.size(0)); // [D, D]
      const [values, vectors] = ops.linalgEigh(covariance); // rising
      const D = values.size(0);
      const std = values
        .narrow(0, D - channels, channels)
        .flip([0])
        .clampMin(1e-8)
        .sqrt();
      const axes = vectors.narrow(1, D - channels, channels).flip([1]);
      return { mean: mean.float(), axes: axes.float(), std: std.float() };
    }),
  );
}

/** Puts states, actions and rewards of a data set on the scale that networks like. Part of a model's saved state. */
import { fromTyped, buffer, Module, ones, scope, zeros, type Tensor } from "@orrery/torch";

/** Means and deviations over the training episodes, one per number. */
export interface Moments {
  readonly mean: ArrayLike<number>;
  readonly std: ArrayLike<number>;
}

/** Deviations below this share of 1 count as constant and are left alone. */
const MIN_STD = 1e-4;

export class Normalizer extends Module {
  readonly mean: Tensor; // [width]
  readonly std: Tensor; // [width]

  constructor(width: number) {
    super();
    this.mean = buffer(zeros([width]));
    this.std = buffer(ones([width]));
  }

  set({ mean, std }: Moments): void {
    this.mean.copy_(fromTyped(Float32Array.from(mean), this.mean.shape));
    const usable = Float32Array.from(std, (s) => (Number.isFinite(s) && s > MIN_STD ? s : 1));
    this.std.copy_(fromTyped(usable, this.std.shape));
  }

  /** What was set; the deviation of numbers that were left alone as constant reads 0. */
  get moments(): { readonly mean: Float32Array; readonly std: Float32Array } {
    const read = (tensor: Tensor): Float32Array =>
      Float32Array.from(
        scope(() => tensor.cpu().toTyped()),
        Number,
      );
    // No measured deviation is 1 to the last bit.
    return { mean: read(this.mean), std: read(this.std).map((std) => (std === 1 ? 0 : std)) };
  }

  /** x [.., width] to mean 0 and deviation 1. */
  normalize(x: Tensor): Tensor {
    return x.sub(this.mean).div(this.std);
  }

  /** The inverse. */
  denormalize(x: Tensor): Tensor {
    return x.mul(this.std).add(this.mean);
  }
}

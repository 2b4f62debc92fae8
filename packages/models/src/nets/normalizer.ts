/** Puts states, actions and rewards of a data set on the scale that networks like. Part of a model's saved state. */
import { fromTyped, buffer, Module, ones, zeros, type Tensor } from "@orrery/torch";

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

  /** x [.., width] to mean 0 and deviation 1. */
  normalize(x: Tensor): Tensor {
    return x.sub(this.mean).div(this.std);
  }

  /** The inverse. */
  denormalize(x: Tensor): Tensor {
    return x.mul(this.std).add(this.mean);
  }
}

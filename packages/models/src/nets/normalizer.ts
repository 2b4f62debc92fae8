/** Puts states, actions and rewards of a data set on the scale that networks like. Part of a model's saved state. */
import { fromTyped, buffer, Module, ones, scope, zeros, type Tensor } from "@orrery/torch";

/** Means and deviations over the training episodes, one per number. */
export interface Moments {
  readonly mean: ArrayLike<number>;
  readonly std: ArrayLike<number>;
}

/** Deviations below this share of 1 count as constant and are left alone. */
const MIN_STD = 1e-4;

/**
 * The furthest that a state may seem to lie from the mean, in deviations. In few episodes a number may hardly vary, a
 * joint that only trembles; the first one that moves it would then lie thousands of deviations away, and its squared
 * error drown all others. As usual for observations (VecNormalize of OpenAI Baselines clips them at 10 too).
 */
export const STATE_LIMIT = 10;

export class Normalizer extends Module {
  readonly mean: Tensor; // [width]
  readonly std: Tensor; // [width]
  readonly #limit: number;

  /**
   * @param limit where normalised numbers are cut off on both sides; not for actions and rewards, whose rare large
   *   numbers (a base that drives for once, a success) are what matters
   */
  constructor(width: number, limit = Infinity) {
    super();
    this.#limit = limit;
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

  /** Whether anything was ever measured; false for numbers that training never saw. */
  get isSet(): boolean {
    const { mean, std } = this.moments;
    return mean.some((each) => each !== 0) || std.some((each) => each !== 0);
  }

  /** x [.., width] to mean 0 and deviation 1, cut off at the limit. */
  normalize(x: Tensor): Tensor {
    const scaled = x.sub(this.mean).div(this.std);
    return this.#limit === Infinity ? scaled : scaled.clamp(-this.#limit, this.#limit);
  }

  /** The inverse, but for what was cut off. */
  denormalize(x: Tensor): Tensor {
    return x.mul(this.std).add(this.mean);
  }
}

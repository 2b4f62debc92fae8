/**
 * Flow matching over chunks of actions: noise at tau = 0 moves along straight lines to the data at tau = 1.
 *
 * Sources: Lipman et al. 2023, arXiv:2210.02747; straight lines from Liu et al. 2022 (rectified flow), arXiv:2209.03003;
 * the distribution of times and the Euler steps from pi0, Black et al. 2024, arXiv:2410.24164, section IV and appendix B,
 * which also counts tau from noise to data. Its velocity is noise minus action at the end it starts from; here it is
 * data minus noise throughout, so that x + d * velocity walks towards the data.
 *
 * Shapes: x is [B, ..] of any rank; tau [B, 1, ..] broadcasts to it.
 */
import { full, rand, randn, scope, type Generator, type Tensor } from "@orrery/torch";

export interface FlowConfig {
  /** Euler steps from noise to action. */
  readonly steps: number;
  /** (cut - tau) / cut follows Beta(timeAlpha, 1): above 1, noisy times are drawn more often than clean ones. */
  readonly timeAlpha: number;
  /** No time above this is drawn; Euler steps never evaluate there. */
  readonly timeCut: number;
}

/** Where x moves at time tau; the condition is the closure's. */
export type Velocity = (x: Tensor, tau: Tensor) => Tensor;

/** Times of the given shape, in [0, timeCut]. The distribution function of Beta(a, 1) is x^a, so a uniform number to the power 1 / a has it. */
export function drawTimes(shape: readonly number[], config: FlowConfig, generator: Generator): Tensor {
  const { timeAlpha, timeCut } = config;
  const u = rand(shape, { generator });
  return u
    .pow(1 / timeAlpha)
    .rsub(1)
    .mul(timeCut);
}

/** Mean squared error of the velocity at drawn times. */
export function flowLoss(
  velocity: Velocity,
  data: Tensor,
  options: {
    readonly config: FlowConfig;
    readonly generator: Generator;
    /** Shape of tau, as [B, 1, 1] for data [B, C, A]. */
    readonly timeShape: readonly number[];
    /** Float, 1 where the data count; broadcasts to their shape. All where left out. */
    readonly mask?: Tensor;
  },
): Tensor {
  const { config, generator, timeShape, mask } = options;
  const noise = randn(data.shape, { generator });
  const tau = drawTimes(timeShape, config, generator);
  const x = data.mul(tau).add(noise.mul(tau.rsub(1)));
  const error = velocity(x, tau).sub(data.sub(noise)).square();
  if (mask === undefined) return error.mean();
  const weight = mask.expand(error.shape);
  return error.mul(weight).sum().div(weight.sum().clampMin(1));
}

/**
 * From noise to data by Euler steps of 1 / steps.
 * @param noise standard normal, of the data's shape; left to its owner
 */
export function integrate(
  velocity: Velocity,
  noise: Tensor,
  steps: number,
  timeShape: readonly number[],
): Tensor {
  return scope(() => {
    let x = noise;
    for (let i = 0; i < steps; i++) {
      const from = x;
      const tau = full(timeShape, i / steps, { device: noise.device });
      x = scope(() => from.add(velocity(from, tau).mul(1 / steps)));
    }
    return steps === 0 ? noise.clone() : x;
  });
}

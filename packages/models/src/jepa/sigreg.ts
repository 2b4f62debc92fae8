/**
 * SIGReg: how far embeddings are from an isotropic Gaussian, as one differentiable number.
 *
 * Source: LeJEPA, Balestriero and LeCun 2025, arXiv:2511.08544: by the Cramér-Wold theorem a distribution is the
 * standard normal one if all its projections onto lines are, so a few hundred lines are drawn anew at each step and
 * each projection is held to N(0, 1) by the test of Epps and Pulley, which compares characteristic functions.
 *
 * Shapes: G groups, n samples in each, D numbers of an embedding, K lines, J knots.
 */
import { noGrad, ops, randn, scope, type Generator, type Tensor } from "@orrery/torch";

export interface SigRegOptions {
  /** K */
  readonly lines: number;
  /** J: places at which the characteristic functions are compared, from 0 to `KNOT_END`. */
  readonly knots: number;
}

/** Beyond this the weight exp(-t^2 / 2) leaves nothing. */
const KNOT_END = 3;

/**
 * The statistic's mean over groups and lines. Samples of the standard normal distribution give `sigRegAtRest` on
 * average, whatever n; embeddings that are all the same give a number that grows with n.
 * @param x [G, n, D] float32; samples are compared within their group
 */
export function sigReg(x: Tensor, options: SigRegOptions, generator: Generator): Tensor {
  const [, n = 0, D = 0] = x.shape;
  const { t, weight, target } = knotsOf(options.knots);
  const { device } = x;
  const lines = randn([D, options.lines], { generator, device });
  const unit = lines.div(lines.square().sum(0, true).sqrt());
  const projected = x.matmul(unit); // [G, n, K]
  // Knot by knot: all at once would need n K J numbers in memory twice, which is slower than the cache allows.
  let total: Tensor | undefined;
  for (let j = 1; j < t.length; j++) {
    const angle = projected.mul(t[j] as number);
    const gap = angle
      .cos()
      .mean(1)
      .sub(target[j] as number)
      .square()
      .add(angle.sin().mean(1).square()); // [G, K]
    const term = gap.mean().mul(n * (weight[j] as number));
    total = total === undefined ? term : total.add(term);
  }
  return total as Tensor;
}

/** What samples of the standard normal distribution give on average: the sum of w(t) (1 - exp(-t^2)). */
export function sigRegAtRest(knots: number): number {
  const { t, weight } = knotsOf(knots);
  return t.reduce((sum, at, j) => sum + (weight[j] as number) * (1 - Math.exp(-at * at)), 0);
}

/** Trapezoid rule over [-KNOT_END, KNOT_END], folded at 0, with the weight exp(-t^2 / 2); the normal's own function. */
function knotsOf(knots: number): { t: number[]; weight: number[]; target: number[] } {
  const step = KNOT_END / (knots - 1);
  const t = Array.from({ length: knots }, (_, j) => j * step);
  const target = t.map((at) => Math.exp((-at * at) / 2));
  const weight = target.map((w, j) => w * step * (j === 0 || j === knots - 1 ? 1 : 2));
  return { t, weight, target };
}

/** Signs that embeddings collapse: all alike, or all on a few axes. */
export interface Spread {
  /** exp of the entropy of the covariance's eigenvalues as shares of their sum, from 1 to D (Roy and Vetterli 2007). */
  readonly effectiveRank: number;
  /** Root mean square deviation of the embedding's numbers; 1 at rest. */
  readonly std: number;
  /** The SIGReg statistic over its value for normal samples; 1 at rest. */
  readonly gaussianity: number;
}

/** @param x [n, D], n of at least a few times D for the rank to mean anything */
export function measureSpread(x: Tensor, options: SigRegOptions, generator: Generator): Spread {
  return noGrad(() =>
    scope(() => {
      const centred = x.double().sub(x.double().mean(0));
      const covariance = centred
        .t()
        .matmul(centred)
        .div(Math.max(1, x.size(0) - 1));
      const [values] = ops.linalgEigh(covariance);
      // Rounding leaves eigenvalues of 0 a little off.
      const eigenvalues = Array.from(values.toFloat64(), (value) => Math.max(value, 0));
      const sum = eigenvalues.reduce((all, value) => all + value, 0);
      const shares = eigenvalues.map((value) => value / Math.max(sum, Number.MIN_VALUE));
      const entropy = shares.reduce((all, share) => (share > 0 ? all - share * Math.log(share) : all), 0);
      return {
        effectiveRank: Math.exp(entropy),
        std: Math.sqrt(sum / eigenvalues.length),
        gaussianity: sigReg(x.unsqueeze(0), options, generator).item() / sigRegAtRest(options.knots),
      };
    }),
  );
}

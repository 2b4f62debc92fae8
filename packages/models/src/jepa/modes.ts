/**
 * Several guesses side by side, where more than one may be right: who hovers over a thing may go down or has yet to come
 * nearer, a hand opens or closes. The mean of both is what nobody ever did: half way down, half closed.
 *
 * Sources: the guess that came nearest is taught (multiple choice learning, Guzmán-Rivera et al. 2012), the others are drawn
 * after it a little so that none is left behind (Rupprecht et al. 2017, arXiv:1612.00197).
 *
 * Shapes: B draws, I inputs, M modes, N numbers of a guess.
 */
import { MLP, Module, noGrad, rand, type Generator, type Tensor } from "@orrery/torch";

/** A Gaussian of each number. */
export interface Guess {
  readonly mean: Tensor; // [B, N]
  readonly logVariance: Tensor; // [B, N]
}

export interface Modes {
  readonly mean: Tensor; // [B, M, N]
  /** As it is said, before it is cut off. */
  readonly logVariance: Tensor; // [B, M, N]
  /** How likely each is, as logits [B, M]. */
  readonly logit: Tensor;
}

export interface ModesErrorOptions {
  /** 1 for numbers by which guesses are told apart, [N]; all where left out. */
  readonly counts?: Tensor;
  /** Where logarithms of variances are cut off. */
  readonly limits: { readonly low: number; readonly high: number };
}

const DRAWN_WEIGHT = 0.03;
const CHOICE_WEIGHT = 0.1;

export interface ModesSize {
  readonly numInputs: number;
  readonly width: number;
  /** Hidden layers of what tells the means. */
  readonly depth: number;
  readonly numOutputs: number;
  readonly modes: number;
}

/** Small networks that tell modes. Nothing is guessed at first. */
export class ModesHead extends Module {
  readonly mean: MLP;
  readonly deviation: MLP;
  readonly choice: MLP | null;
  readonly #shape: readonly [M: number, N: number];

  constructor({ numInputs, width, depth, numOutputs: N, modes: M }: ModesSize, generator: Generator) {
    super();
    const hidden = Array.from({ length: depth }, () => width);
    // Modes that began alike would stay alike.
    this.mean = new MLP([numInputs, ...hidden, M * N], generator, { outStd: M === 1 ? 0 : 0.02 });
    this.deviation = new MLP([numInputs, width, M * N], generator, { outStd: 0 });
    this.choice = M === 1 ? null : new MLP([numInputs, width, M], generator, { outStd: 0 });
    this.#shape = [M, N];
  }

  /** @param inputs [B, I]; the deviations teach them nothing */
  protected modesOf(inputs: Tensor): Modes {
    const mean = this.mean.forward(inputs).float().unflatten(-1, this.#shape);
    return {
      mean,
      logVariance: this.deviation.forward(inputs.detach()).float().unflatten(-1, this.#shape),
      logit: this.choice?.forward(inputs).float() ?? mean.select(-1, 0).mul(0).detach(),
    };
  }
}

/** One guess each, by the number of its mode, int64 [B]. */
export function pickMode({ mean, logVariance }: Modes, mode: Tensor): Guess {
  const index = mode.view([-1, 1, 1]).expand([mean.size(0), 1, mean.size(-1)]);
  return { mean: mean.gather(1, index).squeeze(1), logVariance: logVariance.gather(1, index).squeeze(1) };
}

/**
 * The likeliest mode, or one drawn by how likely each is: its number, int64 [B].
 * @param isDrawn [B] of 0 and 1
 */
export function drawMode({ logit }: Modes, isDrawn: Tensor, generator: Generator): Tensor {
  if (logit.size(-1) === 1) return logit.argmax(-1);
  // The largest of logits with Gumbel noise is a draw from their softmax.
  const even = rand(logit.shape, { generator }).clamp(1e-6, 1 - 1e-6);
  const noise = even.log().neg().log().neg().to({ device: logit.device });
  return logit.add(noise.mul(isDrawn.view([-1, 1]))).argmax(-1);
}

/** What the truth [B, N] is nearest to. */
export function nearestMode(modes: Modes, truth: Tensor, counts?: Tensor): Guess {
  return pickMode(
    modes,
    noGrad(() => distancesTo(modes, truth, counts).argmin(-1)),
  );
}

/** Squared error of the mean, and the negative logarithm of that error's likelihood under the guessed deviation, [.., N]. */
export function guessError({ mean, logVariance }: Guess, truth: Tensor): Tensor {
  const error = mean.sub(truth).square();
  return error.add(error.detach().mul(logVariance.neg().exp()).add(logVariance).mul(0.5));
}

/** The error of the mode that came nearest to the truth [B, N], and of which one that is. Scalar. */
export function modesError(modes: Modes, truth: Tensor, { counts, limits }: ModesErrorOptions): Tensor {
  const distances = distancesTo(modes, truth, counts);
  const nearest = noGrad(() => distances.argmin(-1));
  const { mean, logVariance } = pickMode(modes, nearest);
  const error = guessError({ mean, logVariance: logVariance.clamp(limits.low, limits.high) }, truth).mean();
  if (modes.logit.size(-1) === 1) return error;
  const unlikely = modes.logit.logSoftmax(-1).gather(1, nearest.unsqueeze(1)).mean().neg();
  return error.add(distances.mean().mul(DRAWN_WEIGHT)).add(unlikely.mul(CHOICE_WEIGHT));
}

/** Mean squared distances [B, M]. */
function distancesTo({ mean }: Modes, truth: Tensor, counts?: Tensor): Tensor {
  const squared = mean.sub(truth.unsqueeze(1)).square();
  return (counts === undefined ? squared : squared.mul(counts)).mean(-1);
}

/**
 * What can be read off an embedding: proprioception, and, for a task in words, reward and success; and off the words and
 * the picture alone what the body will feel when it is done.
 *
 * The words are looked up once in the picture that a stream begins with (`reader.ts`); what they find (which thing is meant,
 * and where) goes with the stream as its task. A future is then judged by its embedding and that task alone, at the price
 * of a small network.
 *
 * Shapes: B streams, D numbers of an embedding, P state width, G numbers of a task.
 */
import { cat, Linear, MLP, Module, type Generator, type Tensor } from "@orrery/torch";
import type { JepaNetConfig } from "./config.ts";
import { ModesHead, pickMode, type Guess, type Modes } from "./modes.ts";

export interface Outcome {
  /** Normalised reward of the control step that led here, [..]. */
  readonly reward: Tensor;
  readonly successLogit: Tensor; // [..]
}

/** How a moment is to be judged for a task. */
export class OutcomeHead extends Module {
  readonly embeddingIn: Linear;
  readonly taskIn: Linear;
  readonly mlp: MLP;

  constructor({ embedding, task, heads }: JepaNetConfig, generator: Generator) {
    super();
    const { width } = heads;
    this.embeddingIn = new Linear(embedding, width, generator);
    this.taskIn = new Linear(task.width, width, generator);
    this.mlp = new MLP([width, width, 2], generator, { outStd: 0 });
  }

  /** @param task from `ofTask`, broadcasting to the embedding's leading dimensions */
  forward(embedding: Tensor, task: Tensor): Outcome {
    const h = this.embeddingIn.forward(embedding).float().add(task).gelu();
    const out = this.mlp.forward(h).float();
    return { reward: out.select(-1, 0), successLogit: out.select(-1, 1) };
  }

  /** The task's part of the first layer, [.., heads.width]: computed once for all futures of a stream. */
  ofTask(task: Tensor): Tensor {
    return this.taskIn.forward(task).float();
  }
}

/** Deviations from a fiftieth of that of all goals up to a little above it: a guess is never surer than a sensor. */
export const LOG_VARIANCE = { low: -8, high: 1 };

/**
 * A goal from what the words found [.., G], on the scale of all goals; see hindsight.ts. The deviation is read off what
 * the mean has made of words and picture and teaches it nothing: where both were learnt from the likelihood, everything
 * was called noise before the words were understood (docs/experiments.md).
 *
 * Where goals are rests several may be next; see modes.ts.
 */
export class GoalHead extends ModesHead {
  /** What comes next depends on what is done already. */
  readonly #feels: boolean;

  constructor({ task, heads }: JepaNetConfig, stateWidth: number, generator: Generator) {
    const feels = task.goals === "rests";
    const numInputs = task.width + (feels ? stateWidth : 0);
    super({ numInputs, width: heads.width, depth: 1, numOutputs: stateWidth, modes: task.modes }, generator);
    this.#feels = feels;
  }

  /**
   * All that may be next, of what the words found [B, G] and what is felt.
   * @param state normalised, [B, P]: what is felt when it is asked
   */
  modes(found: Tensor, state: Tensor): Modes {
    return this.modesOf(this.#feels ? cat([found, state], -1) : found);
  }

  /** The likeliest of them, its deviations cut off. */
  likeliest(modes: Modes): Guess {
    const { mean, logVariance } = pickMode(modes, modes.logit.argmax(-1));
    return { mean, logVariance: logVariance.clamp(LOG_VARIANCE.low, LOG_VARIANCE.high) };
  }
}

/**
 * How far states [.., P] are from a goal: their mean squared distance over the numbers that the goal speaks of, in
 * recorded deviations; [..]. A number counts by how much more is known of it than the recordings tell anyhow, so that
 * what words and picture leave open (a hand that is not needed) stays open. 0 where nothing is known.
 *
 * @param precision of `goalPrecision`, broadcasting to the states
 */
export function goalDistance(state: Tensor, mean: Tensor, precision: Tensor): Tensor {
  const weight = precision.div(precision.sum(-1, true).clampMin(1e-6));
  return state.sub(mean).square().mul(weight).sum(-1);
}

/** What a guess adds to a deviation of 1, that of all recordings: [.., P], not below 0. */
export function goalPrecision({ logVariance }: Guess): Tensor {
  return logVariance.neg().exp().sub(1).clampMin(0);
}

/**
 * How proprioception changes over a block of actions, [.., P], on the scale of such changes: from the embedding and the
 * state before the block, and the block's code. What is felt is known exactly where a plan begins; reading it anew off every
 * imagined embedding cost centimetres, and more in poses that were seldom recorded (docs/experiments.md).
 */
export class MoveHead extends Module {
  readonly embeddingIn: Linear;
  readonly stateIn: Linear;
  readonly codeIn: Linear;
  readonly mlp: MLP;

  constructor({ embedding, predictor, heads }: JepaNetConfig, stateWidth: number, generator: Generator) {
    super();
    const { width } = heads;
    this.embeddingIn = new Linear(embedding, width, generator);
    this.stateIn = new Linear(stateWidth, width, generator);
    this.codeIn = new Linear(predictor.width, width, generator);
    this.mlp = new MLP([width, width, stateWidth], generator, { outStd: 0 });
  }

  /** @param code of `BlockCode`, [.., W] */
  forward(embedding: Tensor, state: Tensor, code: Tensor): Tensor {
    const h = this.embeddingIn
      .forward(embedding)
      .float()
      .add(this.stateIn.forward(state).float())
      .add(this.codeIn.forward(code).float());
    return this.mlp.forward(h.gelu()).float();
  }
}

/** Normalised proprioception [.., P] from embeddings [.., D]. */
export class StateHead extends MLP {
  constructor({ embedding, heads }: JepaNetConfig, stateWidth: number, generator: Generator) {
    super([embedding, heads.width, stateWidth], generator, { outStd: 0 });
  }
}

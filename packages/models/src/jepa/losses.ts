/**
 * The losses of the joint-embedding family: the next embeddings, one step from the truth and several from the model's
 * own predictions, and the Gaussian regularisation that keeps embeddings from collapsing (LeWorldModel, 2026). Targets
 * carry gradients too; there is no moving average and no stop-gradient. Heads are trained beside them, on what is
 * encoded and on what is imagined alike, since a planner asks them of the latter.
 *
 * Shapes: B clips, S moments, R imagined moments, D numbers of an embedding.
 */
import type { Clip, Rng } from "@orrery/core";
import {
  autocast,
  cat,
  fromTyped,
  huberLoss,
  noGrad,
  ops,
  stack,
  where,
  zeros,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import type { TextReading } from "../nets/text.ts";
import type { WeightedLoss } from "../train/phase.ts";
import { cutMoments, type Moments } from "./batch.ts";
import { pastAfter, pastsOf, type JepaModel } from "./model.ts";
import { goalError } from "./heads.ts";
import type { Hindsight } from "./hindsight.ts";
import type { BlockCode, Prediction } from "./predictor.ts";
import { sigReg } from "./sigreg.ts";

export interface JepaLossContext {
  readonly usesBfloat16: boolean;
  readonly rng: Rng;
  readonly generator: Generator;
  /** The texts that `Clip.task` points to. */
  readonly tasks: readonly string[];
  readonly hindsight: Hindsight;
}

export interface JepaLosses {
  readonly losses: Record<string, WeightedLoss>;
  /** Of all moments, [B S, D], for the monitors; without gradient. */
  readonly embedding: Tensor;
}

/** The expected error is learnt on its logarithm, whose slope is steep: held down so that it leads nobody. */
const ERROR_WEIGHT = 0.05;

/** The loss of reading words alone; to be called inside a scope and under autocast, for clips of which some have a goal. */
export function wordLosses(
  model: JepaModel,
  clip: Clip,
  context: JepaLossContext,
): Record<string, WeightedLoss> {
  const { state, isKnown } = context.hindsight.of(clip);
  const found = model.nets.reader.forward(readTexts(model, clip, context), openingOf(model, clip));
  const mask = fromTyped(isKnown, [clip.B], { device: model.device }).float();
  return { goal: { value: goalLoss(model, found, state, mask), weight: 1, isAbsolute: true } };
}

/** The first pictures, uint8 [B, V, H, W, 3]. */
function openingOf({ device }: JepaModel, { B, V, H, W, opening }: Clip): Tensor {
  return fromTyped(opening, [B, V, H, W, 3], { device });
}

function readTexts({ nets, config }: JepaModel, clip: Clip, { rng, tasks }: JepaLossContext): TextReading {
  const texts = Array.from(clip.task, (id) => tasks[id] ?? "");
  return nets.text.read(texts, { rng, share: config.training.jepa.wordDropShare });
}

/** Of goals [B, P] where the mask [B] is 1, told from what the words found [B, G]. */
function goalLoss(model: JepaModel, found: Tensor, reached: Float32Array, mask: Tensor): Tensor {
  const { goalHead } = model.nets;
  if (goalHead === null) return zeros([], { device: model.device });
  const B = mask.size(0);
  const goal = model.goalScale.normalize(
    fromTyped(reached, [B, reached.length / B], { device: model.device }),
  );
  return maskedMean(goalError(goalHead.forward(found), goal).mean(-1), mask);
}

function maskedMean(error: Tensor, mask: Tensor): Tensor {
  return error.mul(mask).sum().div(mask.sum().clampMin(1));
}

/** Losses of one batch; to be called inside a scope. */
export function jepaLosses(model: JepaModel, clip: Clip, context: JepaLossContext): JepaLosses {
  const { nets, config } = model;
  const { training } = config;
  const { historyFrames } = config.net;
  const own = training.jepa;
  const { rng, generator, usesBfloat16 } = context;
  const moments = cutMoments(model, clip, rng);
  const [B = 0, S = 0] = moments.sight.frames.shape;
  const device = model.device.startsWith("cuda") ? "cuda" : "cpu";
  return autocast({ enabled: usesBfloat16, device }, () => {
    const encoded = nets.encoder.forward({
      frames: moments.sight.frames.flatten(0, 1),
      state: moments.sight.state.flatten(0, 1),
      hasState: moments.sight.hasState.flatten(0, 1),
    });
    const z = encoded.unflatten(0, [B, S]); // [B, S, D]
    const { code, modulation } = nets.predictor.blockCode(moments.blocks); // [B, S - 1, ..]
    const known = z.narrow(1, 0, S - 1);
    const next = nets.predictor.forward(known, pastsOf(known, code, historyFrames - 1), modulation);
    const imagined = imagine(model, z, { code, modulation }, next);
    const first = historyFrames + 1; // the first moment that is imagined from an imagined one
    const oneStep = next.embedding.sub(z.narrow(1, 1, S - 1)).square();
    const many = imagined === null ? null : imagined.embedding.sub(z.narrow(1, first, S - first)).square();

    const losses: Record<string, WeightedLoss> = {
      prediction: { value: oneStep.mean(), weight: 1, isAbsolute: true },
      sigReg: {
        value: sigReg(z.transpose(0, 1), { lines: own.sigRegLines, knots: own.sigRegKnots }, generator),
        weight: own.sigRegWeight,
        isAbsolute: true,
      },
    };
    if (many !== null) losses.rollout = { value: many.mean(), weight: 1, isAbsolute: true };
    const errors = [expectedError(next, oneStep)];
    if (imagined !== null && many !== null) errors.push(expectedError(imagined, many));
    losses.error = { value: stack(errors).mean(), weight: ERROR_WEIGHT, isAbsolute: true };
    // Heads see every moment as it is, and the imagined ones as they were imagined.
    const guesses = imagined === null ? next.embedding.narrow(1, S - 2, 1) : imagined.embedding;
    const from = S - guesses.size(1);
    Object.assign(losses, headLosses(model, moments, { z, guesses, from }, clip, context));
    return { losses, embedding: encoded.detach() };
  });
}

/** Goes on from the last moment of the history by the model's own predictions, the first of which is given in `next`. */
function imagine(
  model: JepaModel,
  z: Tensor,
  { code, modulation }: BlockCode,
  next: Prediction,
): Prediction | null {
  const { predictor } = model.nets;
  const { historyFrames } = model.config.net;
  const S = z.size(1);
  const start = historyFrames - 1;
  if (S <= historyFrames + 1) return null;
  let past = atMoment(pastsOf(z.narrow(1, 0, S - 1), code, historyFrames - 1), start);
  let present = z.select(1, start);
  let future = next.embedding.select(1, start);
  const predictions: Prediction[] = [];
  for (let s = start + 1; s < S - 1; s++) {
    past = pastAfter(past, present, code.select(1, s - 1));
    present = future;
    const prediction = predictor.forward(present, past, modulation.select(1, s));
    predictions.push(prediction);
    future = prediction.embedding;
  }
  return {
    embedding: stack(
      predictions.map(({ embedding }) => embedding),
      1,
    ),
    logError: stack(
      predictions.map(({ logError }) => logError),
      1,
    ),
  };
}

function atMoment(
  { embedding, code, isThere }: ReturnType<typeof pastsOf>,
  s: number,
): ReturnType<typeof pastsOf> {
  return {
    embedding: embedding.select(1, s),
    code: code.select(1, s),
    isThere: isThere.select(1, s).expand([embedding.size(0), isThere.size(2), 1]),
  };
}

/** How far the model's own idea of its error is off, in logarithms. */
function expectedError({ logError }: Prediction, squared: Tensor): Tensor {
  const truth = noGrad(() => squared.mean(-1).add(1e-6).log());
  return huberLoss(logError, truth);
}

/** Proprioception, reward and success of encoded and imagined moments, and what it will feel like when it is done. */
function headLosses(
  model: JepaModel,
  { sight, targets }: Moments,
  { z, guesses, from }: { z: Tensor; guesses: Tensor; from: number },
  clip: Clip,
  context: JepaLossContext,
): Record<string, WeightedLoss> {
  const { nets, config } = model;
  const { rng, hindsight } = context;
  const own = config.training.jepa;
  const [B = 0, S = 0] = z.shape;
  const both = (x: Tensor): Tensor => cat([x, x.narrow(1, from, S - from)], 1);
  const embedding = cat([z, guesses], 1);
  const losses: Record<string, WeightedLoss> = {};
  const head = (name: string, error: Tensor, mask: Tensor): void => {
    losses[name] = { value: maskedMean(error, mask), weight: own.headWeight, isAbsolute: true };
  };
  if (nets.stateHead !== null) {
    const error = nets.stateHead.forward(embedding).float().sub(both(targets.state)).square().mean(-1);
    head("state", error, both(targets.hasState));
  }
  if (model.knowsReward.item() === 0) return losses;
  const { state: reached, isKnown } = hindsight.of(clip);
  const isDone = fromTyped(isKnown, [B], { device: model.device });
  // The words are looked up in one picture, which stands for all the clip as it does in a plan: one of the history's.
  // Where the task came to be done it is the opening one: later a hand on its way tells where it goes, and that would
  // be learnt instead of the words.
  const present = sight.frames.select(1, rng.int(config.net.historyFrames));
  const seen = where(isDone.bool().view([B, 1, 1, 1, 1]), openingOf(model, clip), present);
  const found = nets.reader.forward(readTexts(model, clip, context), seen);
  if (nets.goalHead !== null) {
    const value = goalLoss(model, found, reached, isDone.float());
    losses.goal = { value, weight: own.headWeight, isAbsolute: true };
  }
  const task = nets.outcomes.ofTask(found).unsqueeze(1);
  const outcome = nets.outcomes.forward(damped(embedding, own.headGradient), task);
  const mask = both(targets.hasReward);
  head("reward", outcome.reward.sub(both(targets.reward)).square(), mask);
  const target = both(targets.success);
  head("success", ops.binaryCrossEntropyWithLogits(outcome.successLogit, target, null, null, 0), mask);
  return losses;
}

/** The same numbers, through which only a share of the gradient goes back. */
function damped(x: Tensor, share: number): Tensor {
  return share === 1 ? x : x.mul(share).add(x.detach().mul(1 - share));
}

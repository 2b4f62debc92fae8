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
  randn,
  stack,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import type { TextReading } from "../nets/text.ts";
import type { WeightedLoss } from "../train/phase.ts";
import { cutMoments, type Moments } from "./batch.ts";
import { pastAfter, pastsOf, type JepaModel } from "./model.ts";
import type { HabitBatch } from "./habits.ts";
import { LOG_VARIANCE, type GoalHead } from "./heads.ts";
import type { PictureBatch } from "./pictures.ts";
import type { PointsEncoder } from "./points-encoder.ts";
import { modesError, type Modes } from "./modes.ts";
import { PRIOR_LOG_VARIANCE } from "./prior.ts";
import type { BlockCode, Prediction } from "./predictor.ts";
import type { OpeningBatch } from "./openings.ts";
import { sigReg } from "./sigreg.ts";

export interface JepaLossContext {
  readonly usesBfloat16: boolean;
  readonly rng: Rng;
  readonly generator: Generator;
  /** The texts that `Clip.task` points to. */
  readonly tasks: readonly string[];
  /** Whether goals have taught the reader; what it finds is then left alone. */
  readonly hasReadGoals: boolean;
}

export interface JepaLosses {
  readonly losses: Record<string, WeightedLoss>;
  /** Of all moments, [B S, D], for the monitors; without gradient. */
  readonly embedding: Tensor;
}

/** The expected error is learnt on its logarithm, whose slope is steep: held down so that it leads nobody. */
const ERROR_WEIGHT = 0.05;

/** The loss of finding points alone, uint8 [B, V, H, W, 3]; to be called inside a scope and under autocast. */
export function pointLosses(
  { device }: JepaModel,
  encoder: PointsEncoder,
  pictures: PictureBatch,
): Record<string, WeightedLoss> {
  const { B, V, H, W, frames } = pictures;
  const value = encoder.lost(fromTyped(frames, [B, V, H, W, 3], { device }));
  return { lost: { value, weight: 1, isAbsolute: true } };
}

/** The loss of reading words alone; to be called inside a scope and under autocast. */
export function wordLosses(
  model: JepaModel,
  { B, V, H, W, frames, texts, state, goal }: OpeningBatch,
  context: Pick<JepaLossContext, "rng">,
): Record<string, WeightedLoss> {
  const { device } = model;
  const found = model.nets.reader.forward(
    readTexts(model, texts, context),
    fromTyped(frames, [B, V, H, W, 3], { device }),
  );
  const { goalHead } = model.nets;
  if (goalHead === null) return {};
  const { modes, reached } = tellGoals(model, goalHead, found, { B, state, goal });
  const value = modesError(modes, reached, { counts: model.countsTensor(), limits: LOG_VARIANCE });
  return { goal: { value, weight: 1, isAbsolute: true } };
}

/** All goals that are told at openings of which the words found [B, G] so much, and those that were reached, [B, P]. */
export function tellGoals(
  { goalScale, stateScale, device }: JepaModel,
  goalHead: GoalHead,
  found: Tensor,
  { B, state, goal }: Pick<OpeningBatch, "B" | "state" | "goal">,
): { readonly modes: Modes; readonly reached: Tensor } {
  const felt = stateScale.normalize(fromTyped(state, [B, state.length / B], { device }));
  const reached = goalScale.normalize(fromTyped(goal, [B, goal.length / B], { device }));
  return { modes: goalHead.modes(found, felt), reached };
}

/** Deviations. A number that hardly ever moves has a tiny one, and its few moves would drown all others. */
const ACTION_LIMIT = 5;

/** The loss of the policy prior alone; to be called inside a scope and under autocast. */
export function priorLosses(
  model: JepaModel,
  { B, state, goal, isTold, isAsked, action }: HabitBatch,
  { generator }: Pick<JepaLossContext, "generator">,
): Record<string, WeightedLoss> {
  const { device, facts, config, stateScale, actionScale } = model;
  const { prior } = model.nets;
  if (prior === null) return {};
  const P = facts.stateWidth;
  const felt = (values: Float32Array): Tensor => stateScale.normalize(fromTyped(values, [B, P], { device }));
  const { goalNoise, stateNoise } = config.training.prior;
  const noise = (std: number): Tensor => randn([B, P], { generator, device }).mul(std);
  const aim = {
    mean: felt(goal).add(noise(goalNoise)),
    isTold: fromTyped(isTold, [B, P], { device }),
    isAsked: fromTyped(isAsked, [B, 1], { device }),
  };
  const taken = fromTyped(action, [B, config.net.maxBlock, facts.actionWidth], { device });
  const done = actionScale.normalize(taken).clamp(-ACTION_LIMIT, ACTION_LIMIT);
  const value = modesError(prior.modes(felt(state).add(noise(stateNoise)), aim), done.flatten(1), {
    limits: PRIOR_LOG_VARIANCE,
  });
  return { prior: { value, weight: 1, isAbsolute: true } };
}

function textsOf(clip: Clip, { tasks }: JepaLossContext): string[] {
  return Array.from(clip.task, (id) => tasks[id] ?? "");
}

/** Read as in training: some known words as if they were not. */
function readTexts(
  { nets, config }: JepaModel,
  texts: readonly string[],
  { rng }: Pick<JepaLossContext, "rng">,
): TextReading {
  return nets.text.read(texts, { rng, share: config.training.jepa.wordDropShare });
}

/** The first pictures, uint8 [B, V, H, W, 3]. */
function openingOf({ device }: JepaModel, { B, V, H, W, opening }: Clip): Tensor {
  return fromTyped(opening, [B, V, H, W, 3], { device });
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
    };
    // Points were learnt before and stay: nothing can collapse.
    if (config.net.eye !== "points") {
      losses.sigReg = {
        value: sigReg(z.transpose(0, 1), { lines: own.sigRegLines, knots: own.sigRegKnots }, generator),
        weight: own.sigRegWeight,
        isAbsolute: true,
      };
    }
    if (many !== null) losses.rollout = { value: many.mean(), weight: 1, isAbsolute: true };
    const errors = [expectedError(next, oneStep)];
    if (imagined !== null && many !== null) errors.push(expectedError(imagined, many));
    losses.error = { value: stack(errors).mean(), weight: ERROR_WEIGHT, isAbsolute: true };
    // Heads see every moment as it is, and the imagined ones as they were imagined.
    Object.assign(losses, moveLoss(model, moments, { z, code }, [next, imagined]));
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

/**
 * Of states told from the one before and the block between: one block on from every moment, and on from its own guesses
 * beside what is imagined. On the scale of a longest block's changes.
 */
function moveLoss(
  model: JepaModel,
  { targets }: Moments,
  { z, code }: { z: Tensor; code: Tensor },
  [next, imagined]: readonly [oneStep: Prediction, further: Prediction | null],
): Record<string, WeightedLoss> {
  const { nets, config, moveScale, stateScale } = model;
  if (nets.moveHead === null) return {};
  const S = z.size(1);
  const { state, hasState } = targets;
  const toMoves = stateScale.std.div(moveScale.std);
  const errors: Tensor[] = [];
  const masks: Tensor[] = [];
  const judge = (guess: Tensor, s: number, from: number): void => {
    errors.push(guess.sub(state.select(1, s)).mul(toMoves).square().mean(-1));
    masks.push(hasState.select(1, s).mul(hasState.select(1, from)));
  };
  for (let s = 1; s < S; s++)
    judge(model.moved(nets, z.select(1, s - 1), state.select(1, s - 1), code.select(1, s - 1)), s, s - 1);
  const start = config.net.historyFrames - 1;
  // From the last moment that is seen on: itself, then what follows from it.
  const further = imagined?.embedding.unbind(1) ?? [];
  const presents = [z.select(1, start), next.embedding.select(1, start), ...further];
  let felt = state.select(1, start);
  for (const [i, present] of presents.slice(0, S - start - 1).entries()) {
    const s = start + 1 + i;
    felt = model.moved(nets, present, felt, code.select(1, s - 1));
    judge(felt, s, start);
  }
  const value = maskedMean(stack(errors), stack(masks));
  return { move: { value, weight: config.training.jepa.headWeight, isAbsolute: true } };
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
  { targets }: Moments,
  { z, guesses, from }: { z: Tensor; guesses: Tensor; from: number },
  clip: Clip,
  context: JepaLossContext,
): Record<string, WeightedLoss> {
  const { nets, config } = model;
  const own = config.training.jepa;
  const S = z.size(1);
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
  // The words are looked up in the opening picture, which stands for all the clip as it does in a plan: later a hand on
  // its way tells where it goes, and that would be learnt instead of the words. Where goals have taught the reader it is
  // left alone: rewards blur what it finds (docs/experiments.md).
  const texts = textsOf(clip, context);
  const read = (): Tensor => nets.reader.forward(readTexts(model, texts, context), openingOf(model, clip));
  const found = context.hasReadGoals ? noGrad(read) : read();
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

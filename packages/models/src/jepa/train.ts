/**
 * How the joint-embedding family is trained: first, where the encoder is one by points, the points, which then stay as
 * they are; then the reading of words, where there are episodes in which a task was done; then the policy prior, from
 * states and actions alone; then encoder, predictor and heads together, end to end from clips; then, with all that frozen
 * and where the encoder does not draw itself, a decoder to look at what it imagines.
 *
 * Words come first because they take thousands of steps before anything shows, and a step of theirs costs a third of one
 * of the whole (docs/experiments.md, "reach by imagination, again").
 */
import type { Clip } from "@orrery/core";
import type { ClipEpisode } from "@orrery/data";
import { fromTyped, Module, noGrad, scope, type Tensor } from "@orrery/torch";
import { toPatches } from "../nets/patches.ts";
import type { LoaderNeeds } from "../train/loader-needs.ts";
import type { Session, AnyTrainResult } from "../train/session.ts";
import { changeScale } from "./changes.ts";
import { clipMoments, clipRows, type JepaConfig } from "./config.ts";
import type { Decoder } from "./decoder.ts";
import { fitDoubt } from "./doubt.ts";
import { Habits } from "./habits.ts";
import { Hindsight } from "./hindsight.ts";
import { jepaLosses, pointLosses, priorLosses, wordLosses } from "./losses.ts";
import type { JepaModel, JepaNets } from "./model.ts";
import { Openings } from "./openings.ts";
import { Pictures } from "./pictures.ts";
import { PointsEncoder } from "./points-encoder.ts";
import { fitReliability } from "./reliability.ts";
import { CollapseWatch } from "./watch.ts";

export const jepaPhases = ["points", "words", "prior", "jepa", "decoder"] as const;

export function jepaNeeds(config: JepaConfig): LoaderNeeds {
  const { height, width } = config.net;
  return { batch: config.training.jepa.batch, window: clipRows(config), size: { width, height } };
}

export async function trainJepa(session: Session<JepaModel>): Promise<AnyTrainResult> {
  const { model } = session;
  const hindsight = new Hindsight(session.loader.episodes, model.config.net.task.goals, model.counts);
  setGoalScale(model, hindsight);
  if (session.isAhead("points")) await trainPoints(session);
  if (hindsight.moments !== null && session.isAhead("words")) await trainWords(session, hindsight);
  // Ways are proposed to goals that words tell: without any there is nothing to propose.
  if (hindsight.moments !== null && session.isAhead("prior")) await trainPrior(session, hindsight);
  if (session.isAhead("jepa")) await trainNets(session, hindsight);
  model.nets.setTrainable(false);
  const { decoder } = model;
  if (decoder !== null) await trainDecoder(session, decoder);
  return session.result({ jepa: model.nets.numParameters(), decoder: decoder?.numParameters() ?? 0 });
}

/** A run that goes on from another keeps its points: what follows was learnt of these. */
async function trainPoints(session: Session<JepaModel>): Promise<void> {
  const { model, loader, rng, checkpoint } = session;
  const { encoder } = model.nets;
  const isLearnt = scope(() => model.hasDecoder.item()) > 0;
  if (!(encoder instanceof PointsEncoder) || isLearnt) return;
  const pictures = await Pictures.read(loader);
  if (checkpoint === null) encoder.setGround(pictures.mean());
  const { points: own } = model.config.training;
  await session.train("points", encoder, own, shareOf(session, "points"), {
    framesPerStep: own.batch * loader.shape.V,
    prepare: async () => {
      const batch = pictures.draw(own.batch, rng);
      return () => session.autocast(() => pointLosses(model, encoder, batch));
    },
  });
  noGrad(() => model.hasDecoder.fill_(1));
}

/** Text, reader and goal alone. */
class WordNets extends Module {
  readonly text: Module;
  readonly reader: Module;
  readonly goalHead: Module | null;

  constructor({ text, reader, goalHead }: JepaNets) {
    super();
    this.text = text;
    this.reader = reader;
    this.goalHead = goalHead;
  }
}

async function trainWords(session: Session<JepaModel>, hindsight: Hindsight): Promise<void> {
  const { model, loader } = session;
  const { words } = model.config.training;
  const { learnt, held } = (await Openings.read(loader, hindsight)).divided();
  const share = shareOf(session, "words");
  await session.train("words", new WordNets(model.nets), words, share, {
    framesPerStep: words.batch * loader.shape.V,
    prepare: async () => {
      const batch = learnt.draw(words.batch, session.rng);
      return () => session.autocast(() => wordLosses(model, batch, session));
    },
  });
  const doubt = Object.entries(fitDoubt(model, held));
  if (doubt.length > 0) {
    const told = doubt.map(([part, factor]) => `${part} ${factor.toFixed(1)}`).join(", ");
    session.options.onNote?.(
      `words: errors on ${held.size} openings not learnt from, in deviations as told until now: ${told}`,
    );
  }
  // Who goes on from another run reads on first: new goals lie in other scenes. Its trunk knew nothing of that.
  session.amendTrunk(new WordNets(model.nets));
}

async function trainPrior(session: Session<JepaModel>, hindsight: Hindsight): Promise<void> {
  const { model, loader } = session;
  const { prior } = model.nets;
  if (prior === null) return;
  const { embodiment, actionWidth } = model.facts;
  const parts = embodiment.state.map(({ width }) => width);
  const { maxBlock: block, task } = model.config.net;
  const habits = new Habits(loader.episodes, hindsight, {
    block,
    parts,
    actionWidth,
    task: task.parts.length === 0 ? null : model.counts,
  });
  if (habits.isEmpty) return;
  const own = model.config.training.prior;
  await session.train("prior", prior, own, shareOf(session, "prior"), {
    framesPerStep: 0,
    prepare: async () => {
      const batch = habits.draw(own.batch, session.rng);
      return () => session.autocast(() => priorLosses(model, batch, session));
    },
  });
  noGrad(() => prior.isTrained.fill_(1));
  session.amendTrunk(prior);
}

/** Of the time that is left when a phase begins, what it may take. */
function shareOf({ model }: Session<JepaModel>, name: (typeof jepaPhases)[number]): number {
  const { training } = model.config;
  const left = jepaPhases
    .slice(jepaPhases.indexOf(name))
    .filter((each) => each !== "decoder" || model.decoder !== null);
  return training[name].timeShare / left.reduce((sum, each) => sum + training[each].timeShare, 0);
}

async function trainNets(session: Session<JepaModel>, hindsight: Hindsight): Promise<void> {
  const { model, loader, options } = session;
  const { jepa: own } = model.config.training;
  const { rng, generator, usesBfloat16 } = session;
  const { encoder } = model.nets;
  const hasPoints = encoder instanceof PointsEncoder;
  if (hasPoints) encoder.setTrainable(false);
  const watch = new CollapseWatch(model.config, options.seed, (warning) => {
    // Points stay as they were found, and few things that move have few axes.
    if (!hasPoints) options.onNote?.(warning);
  });
  setMoveScale(model, loader.episodes);
  const hasReadGoals = hindsight.moments !== null;
  const context = { rng, generator, usesBfloat16, hasReadGoals, tasks: loader.tasks };
  session.restoreLoader("jepa");
  try {
    await session.train("jepa", model.nets, own, shareOf(session, "jepa"), {
      hasTrunk: true,
      framesPerStep: loader.shape.B * clipMoments(model.config) * loader.shape.V,
      prepare: async () => {
        const clip = await loader.next();
        return () => {
          const { losses, embedding } = jepaLosses(model, clip, context);
          watch.take(embedding);
          return losses;
        };
      },
      watch: (step) => watch.measure(step),
    });
  } finally {
    watch.free();
  }
  if (hasPoints) await fitReliability(model, encoder, () => loader.next(), context);
}

/** A model that has learnt goals keeps the scale that it tells them on, whatever episodes come later. */
function setGoalScale({ goalScale, stateScale }: JepaModel, { moments }: Hindsight): void {
  if (moments === null || goalScale.isSet) return;
  const recorded = stateScale.moments.std;
  // A few goals may agree by chance in what they have no need to agree in.
  const std = Float32Array.from(moments.std, (each, i) => Math.max(each, 0.1 * (recorded[i] ?? 0)));
  noGrad(() => goalScale.set({ mean: moments.mean, std }));
}

/** The same of changes: they are told on the scale of their own size. */
function setMoveScale({ moveScale, stateScale, config }: JepaModel, episodes: readonly ClipEpisode[]): void {
  const std = moveScale.isSet ? null : changeScale(episodes, config.net.maxBlock);
  if (std === null) return;
  const recorded = stateScale.moments.std;
  // A number that hardly changes is not to be told to the last digit.
  const usable = recorded.map((each, i) => Math.max(std[i] ?? 0, 0.02 * each));
  noGrad(() => moveScale.set({ mean: usable.map(() => 0), std: usable }));
}

async function trainDecoder(session: Session<JepaModel>, decoder: Decoder): Promise<void> {
  const { model, loader } = session;
  session.restoreLoader("decoder");
  await session.train("decoder", decoder, model.config.training.decoder, 1, {
    framesPerStep: model.config.training.decoder.batch * loader.shape.V,
    prepare: async () => {
      const clip = await loader.next();
      return () => {
        const { embedding, patches } = decoderPairs(session, decoder.position.size(0), clip);
        const guess = session.autocast(() => decoder.forward(embedding));
        return { reconstruction: { value: guess.sub(patches).square().mean(), weight: 1 } };
      };
    },
  });
  noGrad(() => model.hasDecoder.fill_(1));
}

/** Embeddings [B, D] of a batch of single moments and their pictures as patches [B, N, 3 p^2]; no gradient. */
function decoderPairs(
  session: Session<JepaModel>,
  numPatches: number,
  clip: Clip,
): { embedding: Tensor; patches: Tensor } {
  const { model, rng } = session;
  const { batch } = model.config.training.decoder;
  const { B, T, V, H, W, P } = clip;
  const { device } = model;
  const pixels = V * H * W * 3;
  const frames = new Uint8Array(batch * pixels);
  const state = new Float32Array(batch * P);
  const hasState = new Uint8Array(batch);
  for (let i = 0; i < batch; i++) {
    const row = (i % B) * T + rng.int(T);
    frames.set(clip.frames.subarray(row * pixels, (row + 1) * pixels), i * pixels);
    state.set(clip.state.subarray(row * P, (row + 1) * P), i * P);
    hasState[i] = clip.stateMask[row] ?? 0;
  }
  return noGrad(() => {
    const seen = fromTyped(frames, [batch, V, H, W, 3], { device });
    const felt = fromTyped(hasState, [batch, 1], { device }).bool();
    const sight = {
      frames: seen,
      state: model.stateScale.normalize(fromTyped(state, [batch, P], { device })).mul(felt.float()),
      hasState: felt,
    };
    const embedding = session.autocast(() => model.nets.encoder.forward(sight));
    const patches = toPatches(seen.flatten(0, 1), model.config.net.patch).view([batch, numPatches, -1]);
    return { embedding, patches };
  });
}

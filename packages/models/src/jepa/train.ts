/**
 * How the joint-embedding family is trained: encoder, predictor and heads together, end to end from clips; then, with
 * all that frozen, a decoder to look at what it imagines.
 */
import type { Clip } from "@orrery/core";
import { fromTyped, noGrad, type Tensor } from "@orrery/torch";
import { toPatches } from "../nets/patches.ts";
import type { LoaderNeeds } from "../train/loader-needs.ts";
import type { Session, AnyTrainResult } from "../train/session.ts";
import { clipMoments, clipRows, type JepaConfig } from "./config.ts";
import { Hindsight } from "./hindsight.ts";
import { jepaLosses } from "./losses.ts";
import type { JepaModel } from "./model.ts";
import { CollapseWatch } from "./watch.ts";

export const jepaPhases = ["jepa", "decoder"] as const;

export function jepaNeeds(config: JepaConfig): LoaderNeeds {
  const { height, width } = config.net;
  return { batch: config.training.jepa.batch, window: clipRows(config), size: { width, height } };
}

export async function trainJepa(session: Session<JepaModel>): Promise<AnyTrainResult> {
  const { model } = session;
  if (session.isAhead("jepa")) await trainNets(session);
  model.nets.setTrainable(false);
  await trainDecoder(session);
  return session.result({ jepa: model.nets.numParameters(), decoder: model.decoder.numParameters() });
}

async function trainNets(session: Session<JepaModel>): Promise<void> {
  const { model, loader, options } = session;
  const { jepa: own, decoder } = model.config.training;
  const hindsight = new Hindsight(loader.episodes);
  const watch = new CollapseWatch(model.config, options.seed, (warning) => options.onNote?.(warning));
  session.restoreLoader("jepa");
  try {
    await session.train("jepa", model.nets, own, own.timeShare / (own.timeShare + decoder.timeShare), {
      hasTrunk: true,
      framesPerStep: loader.shape.B * clipMoments(model.config) * loader.shape.V,
      prepare: async () => {
        const clip = await loader.next();
        return () => {
          const { rng, generator, usesBfloat16 } = session;
          const context = { rng, generator, usesBfloat16, hindsight, tasks: loader.tasks };
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
}

async function trainDecoder(session: Session<JepaModel>): Promise<void> {
  const { model, loader } = session;
  const { decoder } = model;
  session.restoreLoader("decoder");
  await session.train("decoder", decoder, model.config.training.decoder, 1, {
    framesPerStep: model.config.training.decoder.batch * loader.shape.V,
    prepare: async () => {
      const clip = await loader.next();
      return () => {
        const { embedding, patches } = decoderPairs(session, clip);
        const guess = session.autocast(() => decoder.forward(embedding));
        return { reconstruction: { value: guess.sub(patches).square().mean(), weight: 1 } };
      };
    },
  });
  noGrad(() => model.hasDecoder.fill_(1));
}

/** Embeddings [B, D] of a batch of single moments and their pictures as patches [B, N, 3 p^2]; no gradient. */
function decoderPairs(session: Session<JepaModel>, clip: Clip): { embedding: Tensor; patches: Tensor } {
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
    const N = model.nets.encoder.position.size(0);
    const patches = toPatches(seen.flatten(0, 1), model.config.net.patch).view([batch, N, -1]);
    return { embedding, patches };
  });
}

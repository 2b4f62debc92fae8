/** How the generative family is trained: the tokenizer, then the latents of all frames, then the dynamics. */
import type { Clip } from "@orrery/core";
import { cat, fromTyped, keep, noGrad, scope, type Tensor } from "@orrery/torch";
import type { ModelConfig } from "../config.ts";
import { principalPatches } from "../nets/patches.ts";
import type { WorldModel } from "../world-model.ts";
import type { LoaderNeeds } from "./loader-needs.ts";
import { LatentStore, type TrainingSource } from "./latent-store.ts";
import { dynamicsLosses } from "./losses.ts";
import type { Session, AnyTrainResult } from "./session.ts";

/** Batches of images whose patches the first linear code is computed from. */
const BASIS_BATCHES = 24;

/** The decoder sees the frame before; layers over time look back further. The same number of frames either way. */
export function generativeNeeds({ tokenizer, training }: ModelConfig): LoaderNeeds {
  const window = tokenizer.encoder.timeEvery > 0 ? Math.min(8, training.dynamics.clipFrames) : 3;
  const batch = Math.max(1, Math.floor(training.tokenizer.batch / window));
  return { batch, window, size: { width: tokenizer.width, height: tokenizer.height } };
}

export async function trainGenerative(session: Session<WorldModel>): Promise<AnyTrainResult> {
  const { model, options } = session;
  if (options.tokenizerFrom === undefined && session.isAhead("tokenizer")) await trainTokenizer(session);
  model.tokenizer.setTrainable(false);
  await trainDynamics(session);
  return session.result({
    tokenizer: model.tokenizer.numParameters(),
    dynamics: model.dynamics.numParameters(),
  });
}

async function trainTokenizer(session: Session<WorldModel>): Promise<void> {
  const { loader, model } = session;
  const { tokenizer } = model;
  const { tokenizer: own, dynamics } = model.config.training;
  if (session.checkpoint === null) await startTokenizer(session);
  else session.restoreLoader("tokenizer");
  const share = own.timeShare / (own.timeShare + dynamics.timeShare);
  await session.train("tokenizer", tokenizer, own, share, {
    framesPerStep: loader.shape.B * loader.shape.T * loader.shape.V,
    prepare: async () => {
      const clip = await loader.next();
      return () => {
        const patches = patchesOf(model, clip);
        const value = session.autocast(() => tokenizer.loss(patches, session.generator));
        return { reconstruction: { value, weight: 1 } };
      };
    },
  });
}

/** Sets the linear paths from the first batches. */
async function startTokenizer({ loader, model }: Session<WorldModel>): Promise<void> {
  const parts: Tensor[] = [];
  for (let i = 0; i < BASIS_BATCHES; i++) {
    const clip = await loader.next();
    parts.push(noGrad(() => scope(() => keep(patchesOf(model, clip).flatten(0, 2)))));
  }
  scope(() => {
    const basis = principalPatches(cat(parts, 0), model.config.tokenizer.channels);
    model.tokenizer.startFrom(basis);
  });
  for (const part of parts) part.free();
}

async function trainDynamics(session: Session<WorldModel>): Promise<void> {
  const { model, usesBfloat16, generator, loader, rng } = session;
  const { sources, signal, onProgress } = session.options;
  const own = model.config.training.dynamics;
  const usable = ({ dataset }: TrainingSource): number[] =>
    loader.episodes.filter((episode) => episode.dataset === dataset).map(({ index }) => index);
  const store = await LatentStore.build(model, {
    sources: sources.map((source) => ({ ...source, episodes: usable(source) })),
    usesBfloat16,
    ...(signal === undefined ? {} : { signal }),
    onProgress: (done, all) =>
      onProgress?.({
        phase: "encode",
        step: done,
        progress: done / all,
        losses: {},
        framesPerSec: 0,
        dataWait: 0,
        secondsLeft: Number.NaN,
      }),
  });
  try {
    await session.train("dynamics", model.dynamics, own, 1, {
      hasTrunk: true,
      framesPerStep: own.batch * own.clipFrames,
      prepare: (isDecaying) => {
        const { B, T } = drawClipShape(session);
        const recordedShare = isDecaying ? own.recordedShareAtEnd : own.recordedShare;
        return Promise.resolve(() => {
          const batch = store.draw(B, T, rng, recordedShare);
          return dynamicsLosses(model, batch, own, { usesBfloat16, rng, generator });
        });
      },
    });
  } finally {
    store.free();
  }
}

/** Mostly short clips, sometimes long ones, sometimes single images: about the same number of frames each. */
function drawClipShape({ model, rng }: Session<WorldModel>): { B: number; T: number } {
  const { batch, clipFrames, longClipFrames, longShare, imageShare } = model.config.training.dynamics;
  const draw = rng.uniform();
  if (draw < longShare)
    return { B: Math.max(1, Math.floor((batch * clipFrames) / longClipFrames)), T: longClipFrames };
  if (draw < longShare + imageShare) return { B: batch * clipFrames, T: 1 };
  return { B: batch, T: clipFrames };
}

/** Patches [B V, T, M, D] of a clip. */
function patchesOf(model: WorldModel, { B, T, V, H, W, frames }: Clip): Tensor {
  const pixels = fromTyped(frames, [B, T, V, H, W, 3], { device: model.device });
  return model.tokenizer.patchesOf(pixels.transpose(1, 2).reshape([B * V, T, H, W, 3]));
}

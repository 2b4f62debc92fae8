/** Dreams from recorded starts, as pictures: for the `dream` command and for reports. */
import { AbortedError, type Image, UsageError } from "@orrery/core";
import { type DatasetReader, type EpisodeFrames } from "@orrery/data";
import { openImagination, type AnyModel } from "@orrery/models";
import { fromTyped, scope } from "@orrery/torch";
import { contextOf, loadEpisodes } from "../prediction/episodes.ts";

export interface DreamOptions {
  readonly model: AnyModel;
  readonly episode: EpisodeFrames;
  /** First row of the context. */
  readonly start: number;
  readonly contextFrames: number;
  /** Frames to dream. */
  readonly frames: number;
  /** One action sequence per dream, [frames, A] each, in the data's units; null dreams without actions. */
  readonly actions: readonly (Float32Array | null)[];
  readonly seed: number;
  readonly usesBfloat16?: boolean;
  readonly onProgress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

export interface DreamResult {
  /** The context, then what was recorded, as far as it goes; first camera. */
  readonly truth: readonly Image[];
  /** Per action sequence: the context, then the dream; first camera. */
  readonly dreams: readonly (readonly Image[])[];
  /** Mean surprise per dreamt frame, per dream; see `Feeling`. */
  readonly surprise: readonly (readonly number[])[];
  /** Dreamt frames of one stream per second. */
  readonly framesPerSecond: number;
}

/** Dreams the same start on under each action sequence, all with the same noise. */
export async function dreamOn(options: DreamOptions): Promise<DreamResult> {
  const { model, episode, start, contextFrames, frames, actions, seed } = options;
  const { size } = model;
  const { height, width } = size;
  const context = contextOf([{ episode, start }], 0, contextFrames, model.facts, size);
  const A = model.facts.actionWidth;
  const given = Array.from({ length: contextFrames }, (_, t) => pictureOf(episode, start + t, size));
  const dreams: Image[][] = [];
  const surprise: number[][] = [];
  let done = 0;
  const began = performance.now();
  for (const sequence of actions) {
    const dreamer = openImagination(model, seed, { usesBfloat16: options.usesBfloat16 ?? false });
    const state = dreamer.begin(context);
    const pictures = [...given];
    const felt: number[] = [];
    try {
      for (let t = 0; t < frames; t++) {
        if (options.signal?.aborted) throw new AbortedError("dream: stopped.");
        scope(() => {
          const action =
            sequence === null || A === 0
              ? null
              : fromTyped(sequence.slice(t * A, (t + 1) * A), [1, A], { device: model.device });
          dreamer.step(state, action);
          const bytes = dreamer
            .look(state)
            .select(0, 0)
            .select(0, 0)
            .cpu()
            .contiguous()
            .toTyped() as Uint8Array;
          pictures.push({ width, height, data: bytes });
          felt.push(dreamer.feel(state).surprise.item());
        });
        done++;
        options.onProgress?.(done, frames * actions.length);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      state.free();
    }
    dreams.push(pictures);
    surprise.push(felt);
  }
  const framesPerSecond = (1000 * done) / (performance.now() - began);
  const rows = Math.min(episode.length, start + contextFrames + frames);
  const truth = Array.from({ length: rows - start }, (_, t) => pictureOf(episode, start + t, size));
  return { truth, dreams, surprise, framesPerSecond };
}

/** Recorded actions from row `first` on, [frames, A]; past the end of the episode they begin again at its start. */
export function recordedActions(
  episode: EpisodeFrames,
  first: number,
  frames: number,
  width: number,
): Float32Array | null {
  const { action, length } = episode.columns;
  if (action === null || width === 0) return null;
  const own = action.length / length;
  const out = new Float32Array(frames * width);
  for (let t = 0; t < frames; t++) {
    const row = (first + t) % length;
    out.set(action.subarray(row * own, row * own + Math.min(own, width)), t * width);
  }
  return out;
}

/**
 * One episode with the cameras and size of a model.
 * @throws {UsageError} if the dataset has no such episode, or is of another body
 * @throws {DataError} if the episode cannot be used
 */
export async function loadEpisode(
  model: AnyModel,
  dataset: DatasetReader,
  index: number,
): Promise<EpisodeFrames> {
  if (!dataset.episodes.some((episode) => episode.index === index)) {
    const last = dataset.episodes.at(-1)?.index ?? -1;
    throw new UsageError(
      `dream: --episode must be one of 0 to ${last}, got ${index} (${dataset.files.root}).`,
    );
  }
  const [episode] = await loadEpisodes(dataset, [index], model.facts, model.size);
  return episode as EpisodeFrames;
}

/** Frame `row` of the first camera. */
function pictureOf(
  { frames, cameras }: EpisodeFrames,
  row: number,
  { height, width }: { height: number; width: number },
): Image {
  const bytes = height * width * 3;
  const at = row * cameras.length * bytes;
  return { width, height, data: frames.slice(at, at + bytes) };
}

/** Held-out episodes in memory and the windows cut from them. */
import { DataError, type Rng } from "@orrery/core";
import { episodeFrames, type DatasetReader, type EpisodeFrames } from "@orrery/data";
import type { Context, StreamFacts } from "@orrery/models";

/** Rows `start` to `start + context + horizon` of one episode: the context is given, the rest is to be predicted. */
export interface Window {
  readonly episode: EpisodeFrames;
  readonly start: number;
}

export interface FrameSize {
  readonly height: number;
  readonly width: number;
}

/** @throws {DataError} if nothing is left to load */
export async function loadEpisodes(
  dataset: DatasetReader,
  episodes: readonly number[] | undefined,
  facts: StreamFacts,
  size: FrameSize,
  onNote: (note: string) => void = () => {},
): Promise<EpisodeFrames[]> {
  const loaded: EpisodeFrames[] = [];
  const request = {
    dataset,
    size,
    cameras: facts.cameras,
    onSkip: (left: { episode: number; reason: string }) =>
      onNote(`left out episode ${left.episode}: ${left.reason}`),
    ...(episodes === undefined ? {} : { episodes }),
  };
  for await (const episode of episodeFrames(request)) loaded.push(episode);
  if (loaded.length === 0)
    throw new DataError(
      `loadEpisodes: no episode of ${dataset.files.root} can be used. See \`orrery data check\`.`,
    );
  return loaded;
}

/** At most `count` windows, spread evenly over all that fit, the same for the same seed. */
export function chooseWindows(
  episodes: readonly EpisodeFrames[],
  rows: number,
  count: number,
  rng: Rng,
): Window[] {
  const all = episodes.flatMap((episode) =>
    Array.from({ length: Math.max(0, episode.length - rows + 1) }, (_, start) => ({ episode, start })),
  );
  if (all.length === 0) {
    const longest = Math.max(...episodes.map(({ length }) => length));
    throw new DataError(
      `chooseWindows: windows of ${rows} rows must fit into an episode, the longest has ${longest}. Ask for a shorter horizon.`,
    );
  }
  if (all.length <= count) return all;
  const step = all.length / count;
  const offset = rng.uniform(0, step);
  return Array.from(
    { length: count },
    (_, i) => all[Math.min(all.length - 1, Math.floor(offset + i * step))] as Window,
  );
}

/** Rows `from` to `from + T` of several windows as a batch for the model. */
export function contextOf(
  windows: readonly Window[],
  from: number,
  T: number,
  facts: StreamFacts,
  size: FrameSize,
): Context {
  const { cameras, actionWidth: A, stateWidth: P } = facts;
  const B = windows.length;
  const V = cameras.length;
  const { height: H, width: W } = size;
  const rowBytes = V * H * W * 3;
  const frames = new Uint8Array(B * T * rowBytes);
  const action = new Float32Array(B * T * A);
  const actionMask = new Uint8Array(B * T);
  const state = new Float32Array(B * T * P);
  const stateMask = new Uint8Array(B * T);
  for (const [b, { episode, start }] of windows.entries()) {
    const { columns } = episode;
    const first = start + from;
    frames.set(episode.frames.subarray(first * rowBytes, (first + T) * rowBytes), b * T * rowBytes);
    copyVector(columns.action, columns.actionMask, columns.length, first, T, A, action, actionMask, b);
    copyVector(columns.state, columns.stateMask, columns.length, first, T, P, state, stateMask, b);
  }
  return { B, T, V, H, W, A, P, frames, action, actionMask, state, stateMask };
}

function copyVector(
  from: Float32Array | null,
  fromMask: Uint8Array,
  length: number,
  first: number,
  T: number,
  width: number,
  to: Float32Array,
  toMask: Uint8Array,
  b: number,
): void {
  if (from === null) return;
  const own = from.length / length;
  for (let t = 0; t < T; t++) {
    const row = first + t;
    if (fromMask[row] !== 1) continue;
    toMask[b * T + t] = 1;
    to.set(from.subarray(row * own, row * own + Math.min(own, width)), (b * T + t) * width);
  }
}

/** Held-out episodes in memory and the windows cut from them. */
import { DataError, UsageError, widthOf, type Rng } from "@orrery/core";
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

/**
 * Episodes of a dataset at the size and with the cameras that a model sees, one after another. Those that cannot be
 * used are told to `onNote` and left out.
 * @throws {UsageError} if the dataset is of another body than the model was made for
 * @throws {DataError} after the last one, if none could be used
 */
export async function* streamEpisodes(
  dataset: DatasetReader,
  episodes: readonly number[] | undefined,
  facts: StreamFacts,
  size: FrameSize,
  onNote: (note: string) => void = () => {},
): AsyncGenerator<EpisodeFrames> {
  assertSameBody(dataset, facts);
  let found = 0;
  const leftOut = new Map<string, number[]>(); // by reason: one damaged file often takes many episodes with it
  const request = {
    dataset,
    size,
    cameras: facts.cameras,
    onSkip: ({ episode, reason }: { episode: number; reason: string }) =>
      void leftOut.set(reason, [...(leftOut.get(reason) ?? []), episode]),
    ...(episodes === undefined ? {} : { episodes }),
  };
  for await (const episode of episodeFrames(request)) {
    found++;
    yield episode;
  }
  if (found === 0) {
    const { root } = dataset.files;
    const [why = "it holds none"] = leftOut.keys();
    throw new DataError(
      `loadEpisodes: none of the episodes wanted of ${root} can be used: ${why.replace(/\.$/, "")}. \`orrery data check ${root}\` says more.`,
      { path: root },
    );
  }
  for (const [reason, which] of leftOut) {
    const name = which.length === 1 ? "episode" : "episodes";
    onNote(`left out ${name} ${which.join(", ")}: ${reason}`);
  }
}

/** The episodes of `streamEpisodes`, all at once. */
export async function loadEpisodes(...wanted: Parameters<typeof streamEpisodes>): Promise<EpisodeFrames[]> {
  const loaded: EpisodeFrames[] = [];
  for await (const episode of streamEpisodes(...wanted)) loaded.push(episode);
  return loaded;
}

/**
 * A vector that only one side knows is fine, one of another width is another robot's.
 * @throws {UsageError} naming what differs
 */
function assertSameBody(dataset: DatasetReader, facts: StreamFacts): void {
  const { embodiment } = dataset;
  const isOwn = embodiment.name === facts.embodiment.name;
  const has = dataset.cameras.map(({ name }) => name);
  const differences = [
    ...facts.cameras
      .filter((name) => !has.includes(name))
      .map((name) => `no camera "${name}" (it has ${has.join(", ") || "none"})`),
    ...widthDifference("actions", widthOf(embodiment.action), facts.actionWidth, isOwn),
    ...widthDifference("states", widthOf(embodiment.state), facts.stateWidth, isOwn),
  ];
  if (differences.length === 0) return;
  throw new UsageError(
    `The model was made for "${facts.embodiment.name}", ${dataset.files.root} holds "${embodiment.name}": ${differences.join(", ")}. Name a dataset of the model's own body.`,
  );
}

function widthDifference(what: string, found: number, needed: number, isOwn: boolean): string[] {
  // A model made for several bodies at once is as wide as the widest of them.
  const fits = found === 0 || needed === 0 || found === needed || (isOwn && found < needed);
  return fits ? [] : [`${what} of ${found} numbers instead of ${needed}`];
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

/**
 * For each window the index of another one, whose actions it is given to see whether they matter: a rotation of a
 * shuffle, on to the next window of another episode. Null where all windows are of one episode: its own actions a
 * few rows later would be too alike.
 */
export function shuffledPartners(windows: readonly Window[], rng: Rng): number[] | null {
  const order = rng.shuffle(windows.map((_, i) => i));
  const partner: number[] = Array.from({ length: windows.length }, () => 0);
  for (const [place, i] of order.entries()) {
    const after = order.map((_, k) => order[(place + 1 + k) % order.length] as number);
    const other = after.find((j) => windows[j]?.episode !== windows[i]?.episode);
    if (other === undefined) return null;
    partner[i] = other;
  }
  return partner;
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

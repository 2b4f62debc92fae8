/** Cutting windows out of episodes and stacking them to a batch. */
import type { Clip } from "@orrery/core";
import type { EpisodeColumns } from "../episode-info.ts";
import type { ClipEpisode } from "./catalogue.ts";

/** Sizes of every clip of a loader; A counts all actions of a step when rows are skipped. */
export interface ClipShape {
  readonly B: number;
  readonly T: number;
  readonly V: number;
  readonly H: number;
  readonly W: number;
  readonly A: number;
  readonly P: number;
  /** Rows from one frame to the next. */
  readonly skip: number;
}

/** Rows that a window spans, from its first frame to its last. */
export function rowsOf(T: number, skip: number): number {
  return (T - 1) * skip + 1;
}

/** An empty clip: masks 0, tasks -1. */
export function makeClip({ B, T, V, H, W, A, P }: ClipShape): Clip {
  return {
    B,
    T,
    V,
    H,
    W,
    A,
    P,
    // Every byte is overwritten, so the memory need not be cleared first.
    frames: uncleared(B * T * V * H * W * 3),
    opening: uncleared(B * V * H * W * 3),
    action: new Float32Array(B * T * A),
    actionMask: new Uint8Array(B * T),
    state: new Float32Array(B * T * P),
    stateMask: new Uint8Array(B * T),
    reward: new Float32Array(B * T),
    rewardMask: new Uint8Array(B * T),
    success: new Uint8Array(B * T),
    task: new Int32Array(B).fill(-1),
    origin: new Int32Array(B * 2),
  };
}

function uncleared(bytes: number): Uint8Array {
  const memory = Buffer.allocUnsafeSlow(bytes);
  return new Uint8Array(memory.buffer, memory.byteOffset, bytes);
}

/**
 * Copies the window that begins at row `start` of an episode (or of its kept span) into place `b` of the clip.
 * @param frames of all its rows, [length, V, H, W, 3]
 * @param taskId of each of the dataset's tasks, in the loader's list
 */
export function putWindow(
  clip: Clip,
  b: number,
  from: { episode: ClipEpisode; frames: Uint8Array; start: number; skip: number; taskId: readonly number[] },
): void {
  const { episode, frames, start, skip } = from;
  const { T, V, H, W } = clip;
  const rowBytes = V * H * W * 3;
  const to = b * T * rowBytes;
  clip.opening.set(frames.subarray(0, rowBytes), b * rowBytes);
  if (skip === 1) clip.frames.set(frames.subarray(start * rowBytes, (start + T) * rowBytes), to);
  for (let t = 0; t < T; t++) {
    const row = start + t * skip;
    if (skip > 1) clip.frames.set(frames.subarray(row * rowBytes, (row + 1) * rowBytes), to + t * rowBytes);
    putRow(clip, b * T + t, episode.columns, row, skip);
  }
  clip.task[b] = from.taskId[episode.columns.taskIndex[start] ?? -1] ?? -1;
  clip.origin[b * 2] = episode.id;
  clip.origin[b * 2 + 1] = episode.from + start;
}

/** Numbers of row `row`, and of the `skip - 1` rows after it whose actions lead to the next frame. */
function putRow(clip: Clip, at: number, columns: EpisodeColumns, row: number, skip: number): void {
  const { length, state, action } = columns;
  if (state && columns.stateMask[row] === 1) {
    const width = state.length / length;
    clip.state.set(state.subarray(row * width, (row + 1) * width), at * clip.P);
    clip.stateMask[at] = 1;
  }
  const rows = Math.min(skip, length - row);
  let isActed = action !== null && rows === skip;
  let isRewarded = columns.reward !== null && rows === skip;
  for (let r = row; r < row + rows; r++) {
    if (columns.actionMask[r] !== 1) isActed = false;
    if (columns.rewardMask[r] !== 1) isRewarded = false;
    if (columns.success?.[r] === 1) clip.success[at] = 1;
  }
  if (action && isActed) {
    const width = action.length / length;
    const slot = clip.A / skip;
    for (let j = 0; j < skip; j++) {
      const from = (row + j) * width;
      clip.action.set(action.subarray(from, from + width), at * clip.A + j * slot);
    }
    clip.actionMask[at] = 1;
  }
  if (columns.reward && isRewarded) {
    let sum = 0;
    for (let r = row; r < row + skip; r++) sum += columns.reward[r] as number;
    clip.reward[at] = sum;
    clip.rewardMask[at] = 1;
  }
}

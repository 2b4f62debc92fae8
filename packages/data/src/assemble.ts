/** From feature columns to the arrays that training reads: state and action as one vector each, masks, ends. */
import { asFloat32, isFiniteRow, type Column } from "./column.ts";
import type { EpisodeColumns } from "./episode-info.ts";
import { extraFeatures, vectorFeatures } from "./lerobot/embodiment.ts";
import { RECORDED_CLOCK, type Feature } from "./lerobot/features.ts";
import { shortList, type Problems } from "./problems.ts";

/** The rows of one episode by feature name. */
export interface ColumnSet {
  readonly episode: number;
  /** T */
  readonly length: number;
  readonly fps: number;
  readonly features: readonly Feature[];
  /** Task texts of the dataset, by index. */
  readonly tasks: readonly string[];
  /** Task texts of this episode, for files without a task_index column. */
  readonly taskTexts: readonly string[];
  readonly columns: ReadonlyMap<string, Column>;
}

/** Builds the episode's arrays; rows that hold NaN, infinity or nothing are masked out and reported. */
export function assembleColumns(set: ColumnSet, problems: Problems): EpisodeColumns {
  const { length: T, columns, features } = set;
  const state = joinVector(set, vectorFeatures(features, "observation.state"));
  const action = joinVector(set, vectorFeatures(features, "action"));
  const reward = columns.get("next.reward");
  const extra: Record<string, Column> = {};
  for (const { name } of extraFeatures(features)) {
    const column = columns.get(name);
    if (column) extra[name] = column;
  }
  return {
    length: T,
    state: state.data,
    stateMask: state.mask,
    action: action.data,
    actionMask: action.mask,
    reward: reward ? asFloat32(reward) : null,
    rewardMask: reward?.mask ?? new Uint8Array(T),
    done: flags(columns.get("next.done")),
    success: flags(columns.get("next.success")),
    timestamp: timestamps(set),
    taskIndex: taskIndices(set),
    extra,
    nonFiniteRows: reportNonFinite(set, problems),
  };
}

/** Columns side by side as [T, width]; null where every row of every column is null, that is, never recorded. */
function joinVector(
  set: ColumnSet,
  features: readonly Feature[],
): { data: Float32Array | null; mask: Uint8Array } {
  const T = set.length;
  const parts = features.map((feature) => set.columns.get(feature.name));
  const mask = new Uint8Array(T);
  if (parts.length === 0 || !parts.every((part) => part !== undefined)) return { data: null, mask };
  for (let t = 0; t < T; t++) mask[t] = parts.every((part) => part.mask[t] === 1) ? 1 : 0;
  if (!mask.includes(1) && parts.every((part) => nonFiniteRows(part).length === 0))
    return { data: null, mask };
  const [only] = parts;
  if (parts.length === 1 && only) return { data: asFloat32(only), mask };
  const width = parts.reduce((sum, part) => sum + part.width, 0);
  const data = new Float32Array(T * width);
  let offset = 0;
  for (const part of parts) {
    const values = asFloat32(part);
    for (let t = 0; t < T; t++) {
      data.set(values.subarray(t * part.width, (t + 1) * part.width), t * width + offset);
    }
    offset += part.width;
  }
  return { data, mask };
}

function flags(column: Column | undefined): Uint8Array | null {
  if (!column || Array.isArray(column.data)) return null;
  return Uint8Array.from(column.data, (value) => (value ? 1 : 0));
}

function timestamps(set: ColumnSet): Float32Array {
  // An episode that kept time has no clock of its own, though the dataset may have the column.
  const own = set.columns.get(RECORDED_CLOCK);
  const column = own?.mask.includes(1) ? own : set.columns.get("timestamp");
  if (column && !Array.isArray(column.data)) return asFloat32(column);
  return Float32Array.from({ length: set.length }, (_, t) => t / set.fps);
}

function taskIndices(set: ColumnSet): Int32Array {
  const [text] = set.taskTexts;
  const ofEpisode = text ? set.tasks.indexOf(text) : -1;
  const column = set.columns.get("task_index");
  if (!column || Array.isArray(column.data)) return new Int32Array(set.length).fill(ofEpisode);
  // An index without a text says nothing, so the episode's own text decides there.
  return Int32Array.from(column.data, (index, t) => (column.mask[t] && set.tasks[index] ? index : ofEpisode));
}

/**
 * Rows [from, to) that nothing can be learnt from: a NaN or an infinity stands in the state, action or reward. One in an
 * extra stream (a gaze log that ends early) takes nothing from the rest of its row.
 */
export function spoiledRows(columns: EpisodeColumns, from = 0, to = columns.length): number[] {
  const { state, stateMask, action, actionMask, reward, rewardMask } = columns;
  const parts = [
    [state, stateMask],
    [action, actionMask],
    [reward, rewardMask],
  ] as const;
  return columns.nonFiniteRows.filter(
    (row) => row >= from && row < to && parts.some(([values, mask]) => values !== null && mask[row] === 0),
  );
}

/** Rows of a column with a NaN or infinity: masked out though not null. */
export function nonFiniteRows(column: Column): number[] {
  const rows: number[] = [];
  for (let t = 0; t < column.mask.length; t++) {
    if (column.mask[t] === 0 && !isFiniteRow(column.data, t * column.width, column.width)) rows.push(t);
  }
  return rows;
}

const LEARNT_FROM = /^(observation\.state|action|next\.)/;

function reportNonFinite(set: ColumnSet, problems: Problems): number[] {
  const all = new Set<number>();
  for (const column of set.columns.values()) {
    const rows = nonFiniteRows(column);
    if (rows.length === 0) continue;
    for (const row of rows) all.add(row);
    const isLearntFrom = LEARNT_FROM.test(column.name);
    problems.add(
      isLearntFrom ? "error" : "warning",
      `episode ${set.episode}`,
      `"${column.name}" must be finite, ${rows.length} of ${set.length} rows hold NaN or infinity: ${shortList(rows)}; they are masked out.`,
      isLearntFrom
        ? "Leave the episode out, or mend these rows."
        : "Nothing, unless you mean to use this column.",
    );
  }
  return [...all].sort((a, b) => a - b);
}

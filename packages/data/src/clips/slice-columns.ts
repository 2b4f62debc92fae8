/** The numbers of some rows of an episode, as if it had begun and ended there. */
import type { Column } from "../column.ts";
import type { EpisodeColumns } from "../episode-info.ts";

/** Rows [from, to) of `columns`; arrays are copied. The clock goes on counting from the episode's beginning. */
export function sliceColumns(columns: EpisodeColumns, from: number, to: number): EpisodeColumns {
  const rows = <A extends { readonly length: number; slice(from: number, to: number): A }>(all: A): A => {
    const width = columns.length === 0 ? 0 : all.length / columns.length;
    return all.slice(from * width, to * width);
  };
  const extra = Object.entries(columns.extra).map(([name, column]): [string, Column] => [
    name,
    { ...column, data: rows<typeof column.data>(column.data), mask: rows(column.mask) },
  ]);
  return {
    length: to - from,
    state: columns.state && rows(columns.state),
    stateMask: rows(columns.stateMask),
    action: columns.action && rows(columns.action),
    actionMask: rows(columns.actionMask),
    reward: columns.reward && rows(columns.reward),
    rewardMask: rows(columns.rewardMask),
    done: columns.done && rows(columns.done),
    success: columns.success && rows(columns.success),
    timestamp: rows(columns.timestamp),
    taskIndex: rows(columns.taskIndex),
    extra: Object.fromEntries(extra),
    nonFiniteRows: columns.nonFiniteRows.filter((row) => row >= from && row < to).map((row) => row - from),
  };
}

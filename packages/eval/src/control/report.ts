/** Results as a page: success per task and split, differences on equal seeds, how trials failed, films of both ends. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Block, Fact, Report, Section, Video } from "../report/index.ts";
import { differenceTable, inPercent, measured } from "./blocks.ts";
import { milliseconds, percentages } from "./markdown.ts";
import type { CellSummary, ControlSummary, Difference } from "./summary.ts";
import type { TrialRecord } from "./trial-log.ts";

export interface ControlReportOptions {
  /** Folder of the results, which films are read from. */
  readonly out: string;
  /** Machine, command, seed. */
  readonly facts: readonly Fact[];
  /** Policies that stand for the ends of the scale rather than for us. */
  readonly baselines?: readonly string[];
}

export function controlReport(
  records: readonly TrialRecord[],
  summary: ControlSummary,
  options: ControlReportOptions,
): Report {
  const places = groupBy(summary.cells, ({ task, split }) => `${task}, ${split}`);
  const best = summary.cells.toSorted((a, b) => b.success.value - a.success.value)[0];
  return {
    title: "Policies at work",
    subtitle: "Every policy was tried on the same seeds of every task and split.",
    highlights:
      best === undefined
        ? []
        : [
            {
              label: `${best.policy} on ${best.task}, ${best.split}`,
              value: percentages(best.success),
              against: `${best.trials} trials`,
            },
          ],
    facts: options.facts,
    sections: [...places].map(([place, cells]) =>
      section(place, cells, records, summary.differences, options),
    ),
  };
}

function section(
  title: string,
  cells: readonly CellSummary[],
  records: readonly TrialRecord[],
  differences: readonly Difference[],
  options: ControlReportOptions,
): Section {
  const [{ task, split }] = cells as readonly [CellSummary];
  const isHere = (item: { readonly task: string; readonly split: string }): boolean =>
    item.task === task && item.split === split;
  const here = differences.filter(isHere);
  const blocks: Block[] = [successTable(cells, options), failureTable(cells)];
  if (here.length > 0) blocks.push(differenceTable(here));
  const { videos, missing } = filmsOf(records.filter(isHere), options.out);
  if (videos.length > 0) blocks.push({ kind: "videoGrid", title: "Successes and failures", videos });
  if (missing.length > 0)
    blocks.push({
      kind: "note",
      tone: "warning",
      text: `${missing.length} of the ${missing.length + videos.length} films that these trials name are not in ${options.out}, the first is ${missing[0]}. They were deleted, or not copied along with trials.jsonl. The figures do not need them.`,
    });
  return { title, blocks };
}

function successTable(cells: readonly CellSummary[], { baselines = [] }: ControlReportOptions): Block {
  return {
    kind: "table",
    title: "Success",
    rowHeading: "Policy",
    columns: [
      { label: "success", unit: "%", better: "higher", digits: 0 },
      { label: "return", better: "higher", digits: 1 },
      { label: "time to success", unit: "s", better: "lower", digits: 1 },
      { label: "decision, median", unit: "ms", digits: 1 },
      { label: "decision, 95 %", unit: "ms", digits: 1 },
    ],
    rows: cells.map((cell) => ({
      label: cell.policy,
      role: baselines.includes(cell.policy) ? "baseline" : "ours",
      cells: [
        inPercent(cell.success, cell.trials),
        measured(cell.return),
        cell.secondsToSuccess,
        finite(cell.decisionMsMedian),
        finite(cell.decisionMsP95),
      ],
    })),
    caption:
      "Intervals are 95 %: Wilson's for success, resampled trials for return. Time to success is the median in the world's time; decisions are timed on the wall clock, one thread each, all cores busy.",
  };
}

function failureTable(cells: readonly CellSummary[]): Block {
  const kinds = [...new Set(cells.flatMap(({ failures }) => Object.keys(failures)))];
  return {
    kind: "table",
    title: "How trials failed",
    rowHeading: "Policy",
    columns: kinds.map((label) => ({ label, digits: 0 })),
    rows: cells.map(({ policy, failures }) => ({
      label: policy,
      cells: kinds.map((kind) => failures[kind] ?? 0),
    })),
  };
}

/** Films of the trials; those that are named but not there, by name. */
function filmsOf(
  records: readonly TrialRecord[],
  out: string,
): { readonly videos: readonly Video[]; readonly missing: readonly string[] } {
  const named = records.flatMap(({ video }) => video ?? []);
  const missing = named.filter((video) => !existsSync(join(out, video)));
  const videos = records.flatMap(({ video, policy, success, failure, seed, steps, decisionMs }) => {
    if (video === undefined || missing.includes(video)) return [];
    const median = decisionMs.toSorted((a, b) => a - b)[Math.floor(decisionMs.length / 2)] ?? 0;
    const end = success ? "success" : (failure ?? "failure");
    return [
      {
        label: `${policy}: ${end}`,
        detail: `seed ${seed}, ${steps} steps, ${milliseconds(median)} ms a decision`,
        data: readFileSync(join(out, video)),
      },
    ];
  });
  return { videos, missing };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function groupBy<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(nameOf(item), [...(groups.get(nameOf(item)) ?? []), item]);
  return groups;
}

/** Results as Markdown tables, for pages and pull requests. */
import type { CellSummary, Difference, ControlSummary, Estimate } from "./summary.ts";

/** Two tables: every policy on every task and split, then the differences on equal seeds. */
export function controlMarkdown({ cells, differences }: ControlSummary): string {
  const lines = table(
    [
      "policy",
      "task",
      "split",
      "success, 95 %",
      "n",
      "return, 95 %",
      "time to success",
      "decision, median / p95",
      "failures",
    ],
    cells.map(cellRow),
  );
  if (differences.length > 0) {
    lines.push(
      "",
      ...table(
        ["difference on equal seeds", "task", "split", "success, 95 %", "pairs", "McNemar p", "return, 95 %"],
        differences.map(differenceRow),
      ),
    );
  }
  return `${lines.join("\n")}\n`;
}

function cellRow(cell: CellSummary): string[] {
  const { policy, task, split, success, trials, secondsToSuccess, decisionMsMedian, decisionMsP95 } = cell;
  return [
    policy,
    task,
    split,
    percentages(success),
    `${trials}`,
    numbers(cell.return),
    secondsToSuccess === null ? "-" : `${secondsToSuccess.toFixed(1)} s`,
    `${milliseconds(decisionMsMedian)} / ${milliseconds(decisionMsP95)} ms`,
    Object.entries(cell.failures)
      .map(([kind, count]) => `${count} ${kind}`)
      .join("; ") || "-",
  ];
}

function differenceRow({
  first,
  second,
  task,
  split,
  success,
  pairs,
  p,
  return: gain,
}: Difference): string[] {
  return [`${first} - ${second}`, task, split, percentages(success), `${pairs}`, p.toFixed(3), numbers(gain)];
}

/** "93 % (78 to 98)". */
export function percentages({ value, ci95: [low, high] }: Estimate): string {
  const whole = (share: number): string => (100 * share).toFixed(0);
  return `${whole(value)} % (${whole(low)} to ${whole(high)})`;
}

function numbers({ value, ci95: [low, high] }: Estimate): string {
  return Number.isNaN(low)
    ? value.toFixed(1)
    : `${value.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
}

export function milliseconds(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** `orrery eval control`: policies tried on tasks and splits, on equal seeds, with intervals, failures and films. */
import { cpus } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import type { CellSummary, Difference, Estimate } from "@orrery/eval";
import { fraction, nameList, positiveNumber, positiveWhole, wholeNumber } from "../../options.ts";
import { runs, type Result } from "../../run.ts";

interface ControlFlags {
  readonly policy: readonly string[];
  readonly task: readonly string[];
  readonly split: readonly string[];
  readonly trials: number;
  readonly out: string;
  readonly strength?: number;
  readonly timeLimit?: number;
  readonly workers?: number;
  readonly films: number;
}

/** The ends of the scale, which the report sets apart. */
const BASELINES = ["random", "hold", "expert"];

export function addEvalControl(group: Command): void {
  const command = group
    .command("control")
    .requiredOption(
      "--policy <list>",
      "random, hold, expert, or run folders; options as RUN:search=mppi:samples=64",
      nameList,
    )
    .option("--task <list>", "tasks of the kitchen, pusht, pusht-goal", nameList, ["reach"])
    .option("--split <list>", "seen, novel-<family>, novel-combination", nameList, ["seen"])
    .option("--trials <n>", "trials of each policy on each task and split", positiveWhole, 30)
    .option("--out <folder>", "results; a folder that has some goes on where they end", "control")
    .option("--strength <s>", "how far a novel family goes, from 0 to 1", fraction)
    .option("--time-limit <seconds>", "longest trial, instead of the task's own limit", positiveNumber)
    .option("--workers <n>", "processes; one per core where left out", positiveWhole)
    .option(
      "--films <n>",
      "films kept of successes and of failures, each, per policy, task and split",
      wholeNumber,
      1,
    )
    .description("success, return, time and latency of policies on equal seeds, with intervals and films");
  runs(command, async (_args, options, run) => {
    const { policy, task, split, out, timeLimit, ...rest } = options as ControlFlags;
    const [{ controlMarkdown, controlReport, renderReport, runControl, summarize }, core, files] =
      await Promise.all([import("@orrery/eval"), import("@orrery/core"), import("@orrery/core/node")]);
    const records = await runControl({
      ...rest,
      policies: policy,
      tasks: task,
      splits: split,
      seed: run.seed,
      out,
      policyModule: import.meta.resolve("@orrery/agents"),
      ...(timeLimit === undefined ? {} : { timeLimitSec: timeLimit }),
      signal: run.signal,
      onNote: (note) => process.stderr.write(`eval control: ${note}\n`),
      onProgress: ({ done, of, last }) =>
        run.progress.update({
          what: "try",
          done,
          total: of,
          unit: "trials",
          ...(last === null
            ? {}
            : { note: `${last.policy} on ${last.task}: ${last.success ? "success" : last.failure}` }),
        }),
    });
    run.progress.end();
    const summary = summarize(records, core.makeRng(run.seed, "eval control"));
    const markdown = controlMarkdown(summary);
    const command = commandOf(options as ControlFlags, run.seed);
    const report = join(out, "report.html");
    const facts = [
      { label: "Machine", value: `${cpus()[0]?.model.trim() ?? "unknown"}, ${cpus().length} threads` },
      { label: "Seeds", value: `${run.seed}: trials are the same for every policy` },
      { label: "Command", value: command, isCode: true },
    ];
    files.writeFileAtomic(join(out, "table.md"), markdown);
    files.writeFileAtomic(
      report,
      renderReport(controlReport(records, summary, { out, facts, baselines: BASELINES })),
    );
    const metrics = {
      cells: summary.cells.map(cellResult),
      differences: summary.differences.map(differenceResult),
    };
    files.writeJsonAtomic(join(out, "results.json"), { command, seed: run.seed, ...metrics });
    run.print(markdown);
    run.print(`Report: ${report}`);
    return { metrics, report, table: join(out, "table.md"), trials: records.length };
  });
}

function commandOf(flags: ControlFlags, seed: number): string {
  const { policy, task, split, trials, strength, timeLimit } = flags;
  const parts = [
    `--policy ${policy.join()}`,
    `--task ${task.join()}`,
    `--split ${split.join()}`,
    `--trials ${trials}`,
  ];
  if (strength !== undefined) parts.push(`--strength ${strength}`);
  if (timeLimit !== undefined) parts.push(`--time-limit ${timeLimit}`);
  return `./orrery eval control ${parts.join(" ")} --seed ${seed}`;
}

/** As `--json` promises scores: `n`, `ci95`. */
function cellResult(cell: CellSummary): Result {
  return {
    policy: cell.policy,
    task: cell.task,
    split: cell.split,
    n: cell.trials,
    success: cell.success.value,
    return: cell.return.value,
    ci95: { success: cell.success.ci95, return: interval(cell.return) },
    seconds_to_success: cell.secondsToSuccess,
    decision_ms_median: cell.decisionMsMedian,
    decision_ms_p95: cell.decisionMsP95,
    ms_per_step: cell.msPerStep,
    // Kinds of failure are data, so they stay as they are.
    failures: cell.failures,
  };
}

function differenceResult(difference: Difference): Result {
  const { first, second, task, split, pairs, success, p } = difference;
  return {
    first,
    second,
    task,
    split,
    n: pairs,
    success: success.value,
    return: difference.return.value,
    ci95: { success: success.ci95, return: interval(difference.return) },
    mcnemar_p: p,
  };
}

/** One trial alone has no interval, and JSON no NaN. */
function interval({ ci95 }: Estimate): readonly [number, number] | null {
  return Number.isNaN(ci95[0]) ? null : ci95;
}

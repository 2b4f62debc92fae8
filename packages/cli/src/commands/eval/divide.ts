/** `orrery eval divide`: a world model against a VLA-style policy on equal terms. */
import type { Command } from "commander";
import { UsageError } from "@orrery/core";
import { fraction, positiveNumber, positiveWhole } from "../../options.ts";
import { runs, snakeKeys, type Run } from "../../run.ts";
import { showTraining } from "../train.ts";

interface DivideFlags {
  readonly data: string;
  readonly out: string;
  readonly task: string;
  readonly splits?: string;
  readonly worldModel: string;
  readonly policy: string;
  readonly minutes?: number;
  readonly search?: string;
  readonly worldModels?: string;
  readonly policies?: string;
  readonly trainingSeeds?: number;
  readonly trials?: number;
  readonly strength?: number;
  readonly workers?: number;
  readonly quick?: boolean;
}

/** A smoke test of the whole command: too little training and too few trials to say anything. */
const QUICK = { minutes: 0.3, trials: 2, splits: "seen,novel-light" } as const;
const USUAL = { minutes: 10, trials: 30 } as const;

export function addEvalDivide(group: Command): void {
  const command = group
    .command("divide")
    .requiredOption(
      "--data <dataset,...>",
      "datasets that both sides are given, parted by commas, or a mixture (.json)",
    )
    .requiredOption(
      "--out <folder>",
      "folder of runs, trials and report; the same command goes on where it stopped",
    )
    .option("--task <names>", "tasks to be tried, parted by commas", "reach")
    .option(
      "--splits <names>",
      "splits, parted by commas; seen, every novel-* family and novel-combination where left out",
    )
    .option("--world-model <config>", "preset or .json of the world model", "jepa-tiny")
    .option(
      "--policy <config>",
      "preset or .json of the policy; its size follows the world model's",
      "vla-tiny",
    )
    .option("--minutes <m>", `training of each; ${USUAL.minutes} where left out`, positiveNumber)
    .option(
      "--search <options>",
      "how the world model plans, as search=cem:samples=300; its own way where left out",
    )
    .option("--world-models <run,...>", "take these runs instead of training, one per training seed")
    .option("--policies <run,...>", "take these runs instead of training, one per training seed")
    .option("--training-seeds <n>", "how often each side is trained; 2 where left out", positiveWhole)
    .option(
      "--trials <n>",
      `per side, training seed, task and split; ${USUAL.trials} where left out`,
      positiveWhole,
    )
    .option("--strength <s>", "how far a novel family goes, from 0 to 1", fraction)
    .option("--workers <n>", "processes of the trials; one per core where left out", positiveWhole)
    .option("--quick", "seconds of training and a handful of trials, to see that all runs")
    .description(
      "world model against VLA-style policy: same data, parameters, steps and seconds, over all splits",
    );
  runs(command, async (_args, options, run) => {
    const flags = options as DivideFlags;
    const { runTheDivide } = await import("../../divide/run.ts");
    const { minutes, trials, splits } = settingsOf(flags);
    const { result, markdown, files } = await runTheDivide({
      data: flags.data.split(",").filter((path) => path !== ""),
      out: flags.out,
      tasks: flags.task.split(","),
      splits,
      worldModel: flags.worldModel,
      policy: flags.policy,
      minutes,
      search: flags.search ?? "",
      taken: {
        worldModels: flags.worldModels?.split(",") ?? null,
        policies: flags.policies?.split(",") ?? null,
      },
      seeds: Array.from({ length: flags.trainingSeeds ?? 2 }, (_, i) => run.seed + i),
      trials,
      seed: run.seed,
      command: `orrery ${process.argv.slice(2).join(" ")}`,
      ...(flags.strength === undefined ? {} : { strength: flags.strength }),
      ...(flags.workers === undefined ? {} : { workers: flags.workers }),
      onTraining: (progress) => showTraining(run, progress),
      onStage: (stage) => process.stderr.write(`eval divide: ${stage}\n`),
      onNote: (note) => process.stderr.write(`eval divide: ${note}\n`),
      onTrials: ({ done, of }) => run.progress.update({ what: "try", done, total: of, unit: "trials" }),
      signal: run.signal,
    });
    run.progress.end();
    printed(run, markdown, files);
    const { verdicts, training, latency, failures } = result;
    return {
      report: files.html,
      metrics: { n: trials, verdicts: verdicts.map(snakeKeys), latency: latency.map(snakeKeys), failures },
      training: training.map(snakeKeys),
    };
  });
}

function settingsOf(flags: DivideFlags): {
  minutes: number;
  trials: number;
  splits: readonly string[] | null;
} {
  const base = flags.quick === true ? QUICK : { ...USUAL, splits: undefined };
  const splits = flags.splits ?? base.splits;
  if (flags.minutes !== undefined && flags.worldModels !== undefined && flags.policies !== undefined) {
    throw new UsageError(
      "eval divide: --minutes is for training, with both sides taken there is none. Leave it out.",
    );
  }
  return {
    minutes: flags.minutes ?? base.minutes,
    trials: flags.trials ?? base.trials,
    splits: splits?.split(",") ?? null,
  };
}

function printed(
  run: Run,
  markdown: string,
  files: { readonly html: string; readonly markdown: string },
): void {
  for (const line of markdown.split("\n")) run.print(line);
  run.print(`Report: ${files.html} (and ${files.markdown})`);
}

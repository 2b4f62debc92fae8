/** `orrery eval labels`: how good a world model becomes when only a share of the episodes comes with actions. */
import { cpus } from "node:os";
import { join } from "node:path";
import { UsageError } from "@orrery/core";
import { writeFileAtomic, writeJsonAtomic } from "@orrery/core/node";
import type { ConditionKind, ConditionResult } from "@orrery/eval";
import type { Command } from "commander";
import { formatTable } from "../../format.ts";
import { episodeList, positiveWhole } from "../../options.ts";
import { runs, snakeKeys } from "../../run.ts";

interface LabelFlags {
  readonly data: string;
  readonly train: number[];
  readonly held: number[];
  readonly shares: string;
  readonly out: string;
  readonly config: string;
  readonly inverse: string;
  readonly windows: number;
  readonly tokenizer?: string;
  readonly conditions: string;
  readonly equal: string;
}

export function addEvalLabels(group: Command): void {
  const command = group
    .command("labels")
    .requiredOption("--data <dataset>", "dataset whose episodes all have actions")
    .requiredOption("--train <range>", "episodes to learn from, as 0-63", episodeList)
    .requiredOption("--held <range>", "episodes to score on, as 64-71", episodeList)
    .requiredOption("--out <folder>", "folder of the study; a study that was stopped goes on there")
    .option("--shares <list>", "shares of the episodes whose actions are known", "0.1,0.3")
    .option("--config <config>", "preset or .json file of the world models", "tiny")
    .option("--inverse <preset>", "preset of the inverse dynamics models", "idm-tiny")
    .option("--tokenizer <run>", "finished run whose tokenizer all conditions share; it needs no actions")
    .option(
      "--conditions <list>",
      "of inferred, part, none: what is compared with all labelled",
      "inferred,part,none",
    )
    .option(
      "--equal <what>",
      "what conditions have the same of: training steps, or clips with recorded actions, with video on top (labels)",
      "steps",
    )
    .option("--windows <n>", "windows per held-out episode", positiveWhole, 16)
    .description("label efficiency: world models trained with few actions and much video, compared");
  runs(command, async (_args, options, run) => {
    const flags = options as LabelFlags;
    const { CONDITION_KINDS, EQUALS, labelReport, nameOf, renderReport, studyLabels } =
      await import("@orrery/eval");
    const { inverseConfig, loadConfig } = await import("@orrery/models");
    const config = loadConfig(flags.config);
    if (!("dynamics" in config))
      throw new UsageError(
        `eval labels: --config must name a generative world model, got "${flags.config}".`,
      );
    const kinds = conditionKinds(flags.conditions, CONDITION_KINDS);
    const equal = EQUALS.find((each) => each === flags.equal);
    if (equal === undefined)
      throw new UsageError(`eval labels: --equal must be ${EQUALS.join(" or ")}, got "${flags.equal}".`);
    const began = performance.now();
    const result = await studyLabels({
      data: flags.data,
      train: flags.train,
      held: flags.held,
      shares: flags.shares.split(",").map(Number),
      out: flags.out,
      config,
      inverse: inverseConfig(flags.inverse),
      kinds,
      equal,
      ...(flags.tokenizer === undefined ? {} : { tokenizer: flags.tokenizer }),
      windowsPerEpisode: flags.windows,
      seed: run.seed,
      onStage: (stage) => process.stderr.write(`eval labels: ${stage}\n`),
      onProgress: (what, share) =>
        run.progress.update({ what, done: Math.round(100 * share), total: 100, unit: "%" }),
      signal: run.signal,
    });
    run.progress.end();
    const [first] = cpus();
    const report = labelReport(result, [
      { label: "Machine", value: `${first?.model ?? "unknown processor"} x ${cpus().length}` },
      { label: "Seed", value: String(run.seed) },
      {
        label: "Command",
        value: `./orrery eval labels --data ${flags.data} --shares ${flags.shares} --equal ${equal} --config ${flags.config} --out ${flags.out}`,
        isCode: true,
      },
      {
        label: "Took",
        value: `${((performance.now() - began) / 60_000).toFixed(1)} min, stages done before left out`,
      },
    ]);
    writeFileAtomic(join(flags.out, "report.html"), renderReport(report));
    writeJsonAtomic(join(flags.out, "result.json"), result);
    const interval = ([low, high]: readonly [number, number]): string =>
      `${low.toFixed(2)} to ${high.toFixed(2)}`;
    const row = (condition: ConditionResult): (string | number)[] => [
      nameOf(condition),
      condition.steps,
      condition.gain.toFixed(2),
      interval(condition.gainCi95),
      condition.ratio.toFixed(2),
      interval(condition.ratioCi95),
      condition.overPart?.gain.toFixed(2) ?? "-",
      condition.overPart === null ? "-" : interval(condition.overPart.ci95),
      ...[0, 4, 9, 15].map((h) => condition.psnr[h]?.toFixed(1) ?? "-"),
    ];
    run.print(
      formatTable(
        [
          "condition",
          "steps",
          "gain dB",
          "95 %",
          "of all",
          "95 %",
          "over part",
          "95 %",
          "1",
          "5",
          "10",
          "16",
        ],
        result.conditions.map(row),
      ),
    );
    for (const { share, scores } of result.inverse) {
      const r2 = scores.names.map((name, i) => `${name} ${scores.r2[i]?.toFixed(2)}`).join(", ");
      run.print(
        `inverse dynamics, ${100 * share} % labelled: R² ${r2}; ${(100 * scores.coverage50).toFixed(0)} % of the errors in the 50 % interval, ${(100 * scores.coverage90).toFixed(0)} % in the 90 % interval`,
      );
    }
    run.print(`Report: ${join(flags.out, "report.html")}`);
    return snakeKeys(result);
  });
}

/** @throws {UsageError} if one of them is not a condition beside the reference */
function conditionKinds(list: string, known: readonly ConditionKind[]): ConditionKind[] {
  return list.split(",").map((name) => {
    const kind = known.find((candidate) => candidate === name && candidate !== "all");
    if (kind !== undefined) return kind;
    throw new UsageError(
      `eval labels: --conditions must be a list of inferred, part, none, got "${name}" in it.`,
    );
  });
}

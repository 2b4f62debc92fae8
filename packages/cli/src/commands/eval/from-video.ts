/** `orrery eval inverse` and `orrery eval latent-actions`: what was learnt from video, held against recorded actions. */
import type { Command } from "commander";
import { formatTable } from "../../format.ts";
import { episodeList } from "../../options.ts";
import { runs, snakeKeys } from "../../run.ts";

export function addEvalInverse(group: Command): void {
  const command = group
    .command("inverse")
    .requiredOption("--model <run>", "inverse dynamics run")
    .requiredOption("--data <dataset>", "recordings with actions")
    .requiredOption("--episodes <range>", "held-out episodes, as 64-71", episodeList)
    .description("R² per action beside the training set's mean, and whether the spread is honest");
  runs(command, async (_args, options, run) => {
    const flags = options as { model: string; data: string; episodes: number[] };
    const { scoreInverse } = await import("@orrery/eval");
    const { openDataset } = await import("@orrery/data");
    const dataset = await openDataset(flags.data);
    const { model, episodes: held } = flags;
    const scores = await scoreInverse({ run: model, dataset, episodes: held, signal: run.signal });
    const { names, r2, rmse, rmseOfMean, coverage50, coverage90, confidence, rows, episodes } = scores;
    run.print(`${rows} rows of ${episodes} held-out episodes.`);
    run.print(
      formatTable(
        ["action", "R²", "error", "error of the mean"],
        names.map((name, i) => [name, ...[r2[i], rmse[i], rmseOfMean[i]].map(digits)]),
      ),
    );
    run.print(
      `${percent(coverage50)} of the errors lie in the interval for 50 %, ${percent(coverage90)} in that for 90 %; mean confidence ${digits(confidence)}.`,
    );
    return { ...snakeKeys(scores), n: rows };
  });
}

export function addEvalLatentActions(group: Command): void {
  const command = group
    .command("latent-actions")
    .requiredOption("--model <run>", "latent action run")
    .requiredOption("--data <dataset>", "recordings; the probe needs their actions")
    .requiredOption("--train <range>", "episodes that the probe is fitted on, as 0-63", episodeList)
    .requiredOption("--held <range>", "held-out episodes, as 64-71", episodeList)
    .description("delta-PSNR, and a linear probe onto the true actions beside one on picture differences");
  runs(command, async (_args, options, run) => {
    const flags = options as { model: string; data: string; train: number[]; held: number[] };
    const { scoreLatentActions } = await import("@orrery/eval");
    const { openDataset } = await import("@orrery/data");
    const { train, held } = flags;
    const scores = await scoreLatentActions({
      run: flags.model,
      dataset: await openDataset(flags.data),
      train,
      held,
      seed: run.seed,
      signal: run.signal,
      onProgress: (done, total) => run.progress.update({ what: "encode", done, total, unit: "episodes" }),
    });
    run.progress.end();
    const { probe, deltaPsnrCi95, rows, episodes } = scores;
    const [low, high] = deltaPsnrCi95;
    run.print(`${rows} rows of ${episodes} held-out episodes. PSNR of the next frame, dB:`);
    run.print(
      formatTable(
        ["inferred latent", "random latent", "zero latent", "copy last frame"],
        [[scores.psnr, scores.psnrRandom, scores.psnrNone, scores.psnrCopyLast].map(digits)],
      ),
    );
    run.print(`delta-PSNR ${digits(scores.deltaPsnr)} dB (95 % interval ${digits(low)} to ${digits(high)})`);
    if (probe !== null) {
      const { names, r2, r2OfDifferences } = probe;
      run.print(
        formatTable(
          ["R² of", "latent actions", "picture differences", "mean"],
          names.map((name, i) => [name, digits(r2[i]), digits(r2OfDifferences[i]), "0.00"]),
        ),
      );
    }
    return { ...snakeKeys(scores), n: rows };
  });
}

function digits(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "-" : value.toFixed(2);
}

function percent(value: number): string {
  return `${(100 * value).toFixed(0)} %`;
}

/** `orrery eval prediction`: what a world model foresees of held-out episodes, per horizon. */
import type { Command } from "commander";
import type { HorizonScores, PredictionResult } from "@orrery/eval";
import { episodeList, positiveWhole } from "../../options.ts";
import { runs, snakeKeys, type Result } from "../../run.ts";

interface PredictionFlags {
  readonly model: string;
  readonly data: string;
  readonly episodes?: number[];
  readonly context?: number;
  readonly horizon?: number;
  readonly windows?: number;
  readonly nearest: boolean;
}

export function addEvalPrediction(group: Command): void {
  const command = group
    .command("prediction")
    .requiredOption("--model <run>", "run folder")
    .requiredOption("--data <dataset>", "dataset of the held-out episodes")
    .option(
      "--episodes <range>",
      "held-out episodes, as 72-80; all that were not trained on where left out",
      episodeList,
    )
    .option("--context <frames>", "frames given", positiveWhole)
    .option("--horizon <frames>", "frames predicted", positiveWhole)
    .option("--windows <n>", "windows scored, spread over the episodes", positiveWhole)
    .option("--no-nearest", "leave out the nearest-neighbour baseline, which loads the training set")
    .description("PSNR and SSIM per horizon beside copy-last, nearest neighbour and the tokenizer's ceiling");
  runs(command, async (_args, options, run) => {
    const flags = options as PredictionFlags;
    const { scoreRun } = await import("@orrery/eval");
    const result = await scoreRun({
      run: flags.model,
      data: flags.data,
      seed: run.seed,
      usesNearest: flags.nearest,
      ...(flags.episodes === undefined ? {} : { episodes: flags.episodes }),
      ...(flags.context === undefined ? {} : { contextFrames: flags.context }),
      ...(flags.horizon === undefined ? {} : { horizon: flags.horizon }),
      ...(flags.windows === undefined ? {} : { windows: flags.windows }),
      onProgress: (done, total) => run.progress.update({ what: "predict", done, total, unit: "windows" }),
      onNote: (note) => process.stderr.write(`eval prediction: ${note}\n`),
      signal: run.signal,
    });
    run.progress.end();
    for (const line of table(result)) run.print(line);
    return { metrics: metricsOf(result) };
  });
}

/** Flat scores as `--json` promises them: `baseline_*`, `n`, `ci95`. */
export function metricsOf(result: PredictionResult): Result {
  const { model, copyLast, nearest, roundTrip, shuffleRatio, state, windows, ...rest } = result;
  return {
    ...snakeKeys(rest),
    n: windows,
    psnr: model.psnr,
    mean_psnr: model.meanPsnr,
    ssim: model.ssim,
    ci95: {
      psnr: model.psnrCi95,
      ...(shuffleRatio === null ? {} : { action_shuffle_ratio: shuffleRatio.ci95 }),
    },
    baseline_copy_last: scores(copyLast),
    baseline_nearest: nearest === null ? null : scores(nearest),
    ceiling_round_trip: scores(roundTrip),
    action_shuffle_ratio: shuffleRatio?.value ?? null,
    state_rmse: state?.rmse ?? null,
    baseline_constant_velocity_state_rmse: state?.rmseConstantVelocity ?? null,
    baseline_copy_last_state_rmse: state?.rmseCopyLast ?? null,
  };
}

function scores({ psnr, psnrCi95, meanPsnr, ssim }: HorizonScores): Result {
  return { psnr, psnr_ci95: psnrCi95, mean_psnr: meanPsnr, ssim };
}

function table(result: PredictionResult): string[] {
  const { model, copyLast, nearest, roundTrip, shuffleRatio, state } = result;
  const cell = (value: number | undefined, digits = 1): string =>
    (value === undefined ? "-" : value.toFixed(digits)).padStart(10);
  const head = [
    "horizon",
    "model",
    "copy last",
    "nearest",
    "ceiling",
    "mean PSNR",
    "copy mean",
    "SSIM",
    "copy SSIM",
  ];
  const lines = [
    `${result.windows} windows of ${result.episodes} held-out episodes, ${result.contextFrames} frames given, seed ${result.seed}. PSNR in dB of the mean squared error.`,
    head.map((text) => text.padStart(10)).join(""),
  ];
  for (const [i, h] of result.horizons.entries()) {
    lines.push(
      cell(h, 0) +
        cell(model.psnr[i]) +
        cell(copyLast.psnr[i]) +
        cell(nearest?.psnr[i]) +
        cell(roundTrip.psnr[i]) +
        cell(model.meanPsnr[i]) +
        cell(copyLast.meanPsnr[i]) +
        cell(model.ssim[i], 3) +
        cell(copyLast.ssim[i], 3),
    );
  }
  if (shuffleRatio !== null) {
    const [low, high] = shuffleRatio.ci95;
    lines.push(
      `action-shuffle ratio ${shuffleRatio.value.toFixed(2)} (95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}); above 1 the actions are used`,
    );
  }
  if (state !== null) {
    const last = state.rmse.length - 1;
    lines.push(
      `proprioception error at ${last + 1} frames, in deviations of the training set: model ${state.rmse[last]?.toFixed(3)}, ` +
        `constant velocity ${state.rmseConstantVelocity[last]?.toFixed(3)}, copy last ${state.rmseCopyLast[last]?.toFixed(3)}`,
    );
  }
  return lines;
}

/** `orrery train idm-tiny` and `orrery train lam-tiny`: the networks that make video without actions count. */
import { readFileSync } from "node:fs";
import { UsageError } from "@orrery/core";
import type { FitProgress, TrainingSource } from "@orrery/models";
import { formatDuration, formatNumber } from "../format.ts";
import { snakeKeys, type Result, type Run } from "../run.ts";

export interface VideoTrainFlags {
  readonly out: string;
  readonly device: string;
  readonly resume?: boolean;
  readonly minutes?: number;
  readonly cameras?: string;
}

/** The preset that a name or a .json file of differences begins with, where it is one of these networks' presets. */
function presetOf(nameOrPath: string): { preset: string; own: object } | null {
  let found: { preset?: unknown } = { preset: nameOrPath };
  if (nameOrPath.endsWith(".json")) {
    try {
      found = JSON.parse(readFileSync(nameOrPath, "utf8")) as typeof found;
    } catch {
      return null; // the world models' own loader says what is wrong with it
    }
  }
  const { preset, ...own } = found ?? {};
  return typeof preset === "string" && /^(idm|lam)-/.test(preset) ? { preset, own } : null;
}

export function isVideoConfig(nameOrPath: string): boolean {
  return presetOf(nameOrPath) !== null;
}

/** Trains what the preset names. @throws {ConfigError} if there is no such preset, or a value is out of range */
export async function trainFromVideo(
  nameOrPath: string,
  sources: readonly TrainingSource[],
  flags: VideoTrainFlags,
  onProgress: (progress: FitProgress) => void,
  run: Run,
): Promise<Result> {
  const { preset, own } = presetOf(nameOrPath) as NonNullable<ReturnType<typeof presetOf>>;
  if (flags.device !== "cpu")
    throw new UsageError(`train: ${preset} trains on the cpu only, got --device ${flags.device}.`);
  const models = await import("@orrery/models");
  const options = {
    sources,
    out: flags.out,
    seed: run.seed,
    ...(flags.minutes === undefined ? {} : { minutes: flags.minutes }),
    ...(flags.resume === undefined ? {} : { resume: flags.resume }),
    ...(flags.cameras === undefined ? {} : { cameras: flags.cameras.split(",") }),
    onNote: (note: string) => void process.stderr.write(`train: ${note}\n`),
    onProgress,
    signal: run.signal,
  };
  if (preset.startsWith("idm-")) {
    const config = models.inverseConfig(preset, own);
    const result = await models.trainInverseDynamics({ ...options, config });
    run.progress.end();
    run.print(
      `Trained in ${formatDuration(result.seconds)}: ${formatNumber(result.steps)} steps on ${result.episodes} episodes, spread calibrated on ${result.calibrationEpisodes} more.`,
    );
    run.print(`Run: ${flags.out}`);
    run.print(`Next: ./orrery data label DATASET --model ${flags.out} --to STORE/NAME`);
    return snakeKeys(result);
  }
  const config = models.latentActionConfig(preset, own);
  const result = await models.trainLatentActions({ ...options, config });
  run.progress.end();
  const { spread, hasCollapsed } = result;
  run.print(
    `Trained in ${formatDuration(result.seconds)}: ${formatNumber(result.steps)} steps, error of the next frame ${result.losses["pixels"]?.toFixed(5)}.`,
  );
  if (spread !== null) {
    run.print(
      `Latent actions tell ${spread.told.toFixed(1)} nats; ${spread.activeNumbers} of ${config.latentWidth} numbers active, rank ${spread.rank.toFixed(1)}${hasCollapsed ? ": COLLAPSED" : ""}.`,
    );
  }
  run.print(`Run: ${flags.out}`);
  run.print(
    `Next: ./orrery eval latent-actions --model ${flags.out} --data DATASET --train RANGE --held RANGE`,
  );
  return snakeKeys(result);
}

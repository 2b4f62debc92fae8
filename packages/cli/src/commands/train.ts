/** `orrery train`: a world model from recordings. */
import { InvalidArgumentError, type Command } from "commander";
import { UsageError } from "@orrery/core";
import type { AnyTrainResult, InferredUse, TrainProgress } from "@orrery/models";
import { formatDuration, formatNumber } from "../format.ts";
import { episodeList, mixtureAmong, positiveNumber } from "../options.ts";
import { runs, type Result, type Run } from "../run.ts";
import { isVideoConfig, trainFromVideo } from "./train-from-video.ts";
import { trainPolicyFrom } from "./train-policy.ts";

interface TrainFlags {
  readonly data: string;
  readonly out: string;
  readonly episodes?: number[];
  readonly resume?: boolean;
  readonly minutes?: number;
  readonly device: string;
  readonly cameras?: string;
  readonly tokenizer?: string;
  readonly match?: string;
  readonly inferred?: InferredUse;
  readonly all?: true;
}

export function addTrain(program: Command): void {
  const command = program
    .command("train")
    .argument(
      "<config>",
      "preset (tiny, small, base, debug, jepa-tiny, jepa-pusht, jepa-base; vla-tiny, vla-small, bc-tiny for policies; idm-tiny for inverse dynamics, lam-tiny for latent actions) or a .json file of differences from one",
    )
    .requiredOption("--data <dataset,...>", "datasets to learn from, parted by commas, or one mixture.json")
    .requiredOption("--out <run>", "run folder to write")
    .option(
      "--episodes <range>",
      "episodes to learn from, as 0-63 or 3,7,9-11 (one dataset only)",
      episodeList,
    )
    .option(
      "--minutes <m>",
      "time for everything; the configuration's steps decide where left out",
      positiveNumber,
    )
    .option("--resume", "go on with a run that was stopped")
    .option("--device <name>", "cpu, cuda or cuda:1", "cpu")
    .option("--cameras <names>", "cameras to learn from, parted by commas; all shared ones where left out")
    .option("--tokenizer <run>", "take the tokenizer of this finished run instead of training one")
    .option("--inferred <how>", "inferred actions: apart, use, by-confidence or ignore", inferredUse)
    .option("--all", "take whole datasets instead of what curation keeps (a mixture says so itself)")
    .option("--match <run>", "of a policy: as many parameters as this world model")
    .description("train a world model, or a policy by imitation, from scratch");
  runs(command, async (args, options, run) => {
    const flags = options as TrainFlags;
    const { loadConfig, trainWorldModel } = await import("@orrery/models");
    const { isPolicyConfig } = await import("@orrery/agents");
    const name = args[0] ?? "";
    if (isPolicyConfig(name)) {
      if (flags.tokenizer !== undefined)
        throw new UsageError(`train: ${name} has no tokenizer to take over. Leave --tokenizer out.`);
      await assertDevice(flags.device);
      const onProgress = (progress: ShownProgress): void => showTraining(run, progress);
      return trainPolicyFrom({ ...flags, config: name, sources: await openSources(flags), onProgress }, run);
    }
    if (flags.match !== undefined)
      throw new UsageError("train: --match is for policies, a world model sets its own size. Leave it out.");
    if (isVideoConfig(name)) {
      if (flags.tokenizer !== undefined)
        throw new UsageError(`train: ${name} has no tokenizer to take over. Leave --tokenizer out.`);
      const show = (progress: ShownProgress): void => showTraining(run, progress);
      return trainFromVideo(name, await openSources(flags), flags, show, run);
    }
    const config = loadConfig(name);
    await assertDevice(flags.device);
    const result = await trainWorldModel({
      config,
      sources: (await openSources(flags)).map((source) =>
        flags.inferred === undefined ? source : { ...source, inferredActions: flags.inferred },
      ),
      out: flags.out,
      seed: run.seed,
      device: flags.device,
      ...(flags.minutes === undefined ? {} : { minutes: flags.minutes }),
      ...(flags.resume === undefined ? {} : { resume: flags.resume }),
      ...(flags.cameras === undefined ? {} : { cameras: flags.cameras.split(",") }),
      ...(flags.tokenizer === undefined ? {} : { tokenizerFrom: flags.tokenizer }),
      onNote: (note) => process.stderr.write(`train: ${note}\n`),
      onProgress: (progress) => showTraining(run, progress),
      signal: run.signal,
    });
    run.progress.end();
    const phases = Object.entries(result.steps);
    const main = result.steps.jepa === undefined ? "dynamics" : "jepa";
    const [lossName, loss] =
      main === "jepa" ? ["prediction", result.loss.prediction] : ["flow", result.loss.flow];
    run.print(
      `Trained in ${formatDuration(result.seconds)}: ${phases.map(([name, steps]) => `${name} ${formatNumber(steps)} steps`).join(", ")}, ` +
        `${lossName} loss ${loss?.toFixed(4)}.`,
    );
    run.print(`Run: ${flags.out}`);
    run.print(
      `Next: ./orrery eval prediction --model ${flags.out} --data ${flags.data} --episodes <held-out range>`,
    );
    return {
      run: result.run,
      steps: phases.reduce((sum, [, steps]) => sum + steps, 0),
      loss,
      samples_per_second: result.framesPerSecond[main],
      seconds: result.seconds,
      losses: result.loss,
      ...Object.fromEntries(
        phases.map(([name]) => [name, phaseOf(result, name as keyof typeof result.steps)]),
      ),
    };
  });
}

/** What one phase did, for `--json`. */
function phaseOf(
  { steps, framesPerSecond, parameters }: AnyTrainResult,
  name: keyof AnyTrainResult["steps"],
): Result {
  return { steps: steps[name], samples_per_second: framesPerSecond[name], parameters: parameters[name] };
}

/** A device that is asked for and missing is an error: training elsewhere instead would only show as slowness. */
async function assertDevice(device: string): Promise<void> {
  const { cudaDeviceCount } = await import("@orrery/torch");
  const match = /^(?:cpu|cuda(?::(\d+))?)$/.exec(device);
  if (match === null)
    throw new UsageError(`train: --device must be cpu, cuda or cuda:<number>, got "${device}".`);
  const count = cudaDeviceCount();
  if (device !== "cpu" && Number(match[1] ?? 0) >= count) {
    throw new UsageError(
      `train: --device ${device} must be there, this libtorch finds ${count} CUDA devices. \`orrery doctor\` says which libtorch it is; ORRERY_LIBTORCH names another.`,
    );
  }
}

const INFERRED_USES: readonly InferredUse[] = ["apart", "use", "by-confidence", "ignore"];

/** What is to become of inferred actions (`data label`). */
function inferredUse(text: string): InferredUse {
  const found = INFERRED_USES.find((use) => use === text);
  if (found === undefined)
    throw new InvalidArgumentError(`It must be one of ${INFERRED_USES.join(", ")}, got "${text}".`);
  return found;
}

/** Datasets named by `--data`, with the episodes chosen by `--episodes`; or those of a mixture (`orrery data mix`). */
async function openSources({
  data,
  episodes,
  all,
}: TrainFlags): Promise<import("@orrery/models").TrainingSource[]> {
  const { openSource, readMixture } = await import("@orrery/data");
  const paths = data.split(",").filter((path) => path !== "");
  const mixture = mixtureAmong(paths);
  if (mixture !== undefined) {
    const wrong = [...(episodes === undefined ? [] : ["--episodes"]), ...(all ? ["--all"] : [])];
    if (wrong.length === 0) return [...(await readMixture(mixture)).sources];
    throw new UsageError(
      `train: a mixture names its own episodes and whether curation counts. Leave ${wrong.join(" and ")} out, or write that in ${mixture}.`,
    );
  }
  if (episodes !== undefined && paths.length > 1) {
    throw new UsageError(
      `train: --episodes goes with one dataset, got ${paths.length}. Leave it out to take all episodes.`,
    );
  }
  return Promise.all(
    paths.map(async (path) => {
      const choice = { ...(episodes === undefined ? {} : { episodes }), ignoresCuration: all ?? false };
      const { source, notes } = await openSource(path, choice);
      for (const note of notes) process.stderr.write(`train: ${note}; --all takes everything\n`);
      for (const { severity, where, message } of source.dataset.problems)
        if (severity !== "note") process.stderr.write(`train: ${path}: ${where}: ${message}\n`);
      return source;
    }),
  );
}

/** What a training of any kind says of itself; phases go by many names. */
export type ShownProgress = Omit<TrainProgress, "phase"> & { readonly phase: string };

/** One line for a training step: losses, and how long the data kept it waiting. */
export function showTraining(
  run: Run,
  { phase, step, progress, losses, framesPerSec, dataWait, secondsLeft }: ShownProgress,
): void {
  if (phase === "encode") {
    run.progress.update({
      what: "encode latents",
      done: step,
      total: Math.round(step / Math.max(progress, 1e-6)),
      unit: "frames",
    });
    return;
  }
  const parts = Object.entries(losses).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  parts.push(`${formatNumber(framesPerSec)} frames/s`, `data wait ${(100 * dataWait).toFixed(1)} %`);
  if (Number.isFinite(secondsLeft)) parts.push(`${formatDuration(secondsLeft)} left`);
  const total = Math.max(step, Math.round(step / Math.max(progress, 1e-6)));
  run.progress.update({ what: `train ${phase}`, done: step, total, unit: "steps", note: parts.join(", ") });
}

/** `orrery sim record`: operators at work in simulation, recorded into the store. */
import { didYouMean, UsageError } from "@orrery/core";
import { InvalidArgumentError, type Command } from "commander";
import type { CameraSize, PushTRecordOptions, RecordOptions, RecordSummary } from "@orrery/sim";
import { formatDuration, formatNumber } from "../../format.ts";
import { fraction, positiveNumber, positiveWhole } from "../../options.ts";
import { runs } from "../../run.ts";

interface RecordFlags {
  readonly task: string;
  readonly operator: string;
  readonly episodes: number;
  readonly to: string;
  readonly body?: string;
  readonly actionSpace?: string;
  readonly cameras?: readonly CameraSize[];
  readonly shadows: boolean;
  readonly timeLimit?: number;
  readonly workers?: number;
  readonly split?: string;
  readonly strength?: number;
  readonly evaluation?: boolean;
}

export function addSimRecord(sim: Command): void {
  const command = sim
    .command("record")
    .requiredOption("--task <name>", "what is done: reach, push, ..., pusht")
    .requiredOption(
      "--operator <name>",
      "who does it: expert, play or trainee; on PushT expert, play or human-like",
    )
    .requiredOption("--episodes <n>", "how many episodes to add", positiveWhole)
    .requiredOption("--to <store/name>", "dataset to make or to add to")
    .option("--body <name>", "robot")
    .option("--action-space <name>", "what an action is; on PushT target or delta")
    .option("--cameras <list>", "cameras and sizes, as head:64x64,left_wrist:64x64", cameraList)
    .option("--no-shadows", "render without shadows")
    .option("--time-limit <seconds>", "longest episode", positiveNumber)
    .option("--split <name>", "seen; novel-<family> and novel-combination only with --evaluation")
    .option("--strength <s>", "how far a novel family goes, from 0 to 1", fraction)
    .option("--evaluation", "record a set for judging models, never for training them")
    .option("--workers <n>", "threads; one per core where left out", positiveWhole)
    .description("simulate episodes and record them");
  runs(command, async (_args, options, run) => {
    const flags = options as RecordFlags;
    run.progress.update({ what: "record", done: 0, total: flags.episodes, unit: "episodes" });
    const summary = await record(flags, {
      seed: run.seed,
      signal: run.signal,
      onProgress: ({ episodes, of, stepsPerSecond, successRate }) =>
        run.progress.update({
          what: "record",
          done: episodes,
          total: of,
          unit: "episodes",
          note: `${formatNumber(stepsPerSecond)} steps/s, ${percent(successRate)} succeed`,
        }),
    });
    run.progress.end();
    const { episodes, steps, seconds, stepsPerSecond, successRate, failures } = summary;
    run.print(
      `${episodes} episodes, ${formatNumber(steps)} steps in ${formatDuration(seconds)}: ${formatNumber(stepsPerSecond)} steps/s, ${percent(successRate)} succeed.`,
    );
    for (const [reason, count] of Object.entries(failures)) run.print(`${count} failed: ${reason}`);
    run.print(`Dataset: ${flags.to}`);
    return {
      dataset: flags.to,
      episodes,
      steps,
      seconds,
      steps_per_second: stepsPerSecond,
      success_rate: successRate,
      clipped: summary.clipped,
      non_finite_rows: summary.nonFiniteRows,
      failures,
    };
  });
}

/** The kitchen's recorder or PushT's. */
async function record(
  flags: RecordFlags,
  running: Pick<RecordOptions, "seed" | "signal" | "onProgress">,
): Promise<RecordSummary> {
  const { PUSHT, recordEpisodes, recordPushT, TASKS } = await import("@orrery/sim");
  const names = [...TASKS.map(({ name }) => name), PUSHT];
  if (!names.includes(flags.task)) {
    const hint =
      flags.task === "pusht-goal"
        ? " It is pusht with a goal picture: record pusht."
        : didYouMean(flags.task, names);
    throw new UsageError(
      `sim record: the task must be one of ${names.join(", ")}, got "${flags.task}".${hint}`,
    );
  }
  const { timeLimit, evaluation, ...rest } = flags;
  const shared = {
    ...running,
    ...(timeLimit === undefined ? {} : { timeLimitSec: timeLimit }),
    ...(evaluation === undefined ? {} : { isEvaluation: evaluation }),
  };
  if (flags.task !== PUSHT) return recordEpisodes({ ...rest, ...shared });
  const { operator, episodes, to } = flags;
  return recordPushT({ operator, episodes, to, ...shared, ...boardOf(flags) });
}

/** PushT draws its one square camera in any size; what else can be chosen of the kitchen it mostly does not have. */
function boardOf(flags: RecordFlags): Pick<PushTRecordOptions, "imageSizePx" | "actions"> {
  const { body, actionSpace = "target", split, strength, workers, cameras } = flags;
  const kitchen = { body, split, strength, workers };
  const wrong = Object.entries(kitchen).find(([, value]) => value !== undefined);
  if (wrong)
    throw new UsageError(`sim record: PushT has no choice of --${wrong[0]}, got ${wrong[1]}. Leave it out.`);
  if (actionSpace !== "target" && actionSpace !== "delta") {
    throw new UsageError(`sim record: PushT's action space must be target or delta, got "${actionSpace}".`);
  }
  const actions = actionSpace;
  if (cameras === undefined) return { actions };
  const [camera] = cameras;
  if (cameras.length !== 1 || camera?.name !== "top" || camera.width !== camera.height) {
    const got = cameras.map(({ name, width, height }) => `${name}:${width}x${height}`).join(",");
    throw new UsageError(`sim record: PushT's camera is a square "top", as top:96x96, got ${got}.`);
  }
  return { imageSizePx: camera.width, actions };
}

/** "head:64x64,left_wrist:96x72". */
export function cameraList(text: string): CameraSize[] {
  return text.split(",").map((part) => {
    const match = /^([\w-]+):(\d+)x(\d+)$/.exec(part.trim());
    if (!match)
      throw new InvalidArgumentError(`Write cameras as head:64x64,left_wrist:64x64, got "${text}".`);
    const [, name = "", width, height] = match;
    return { name, width: Number(width), height: Number(height) };
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

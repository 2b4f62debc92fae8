/**
 * `orrery bench sim`: what recording costs beside raw MuJoCo, pictures per second, and native MuJoCo beside ours; or,
 * instead, one of two long runs: random steps without a NaN, and episodes without growing memory.
 */
import { UsageError } from "@orrery/core";
import type { Command } from "commander";
import { formatNumber, formatTable } from "../../format.ts";
import { positiveWhole } from "../../options.ts";
import { type Result, type Run, runs, snakeKeys } from "../../run.ts";

interface Flags {
  readonly quick?: boolean;
  readonly soak?: number;
  readonly episodes?: number;
}

export function addBenchSim(bench: Command): void {
  const command = bench
    .command("sim")
    .option("--quick", "a few seconds only, with rough numbers")
    .option("--soak <steps>", "random steps over all tasks on all cores instead, counting NaN", positiveWhole)
    .option(
      "--episodes <count>",
      "short episodes instead, reading memory at a tenth of them and at the end",
      positiveWhole,
    )
    .description(
      "recording beside raw MuJoCo, pictures by camera and size, native MuJoCo beside ours; or a long run",
    );
  runs(command, async (_args, options, run) => {
    const flags = options as Flags;
    const chosen = (["quick", "soak", "episodes"] as const).filter((name) => flags[name] !== undefined);
    if (chosen.length > 1) {
      const given = chosen.map((name) => `--${name}`).join(" and ");
      throw new UsageError(
        `bench sim: at most one of --quick, --soak and --episodes can be run, got ${given}.`,
      );
    }
    if (flags.soak !== undefined) return soak(flags.soak, run);
    if (flags.episodes !== undefined) return memory(flags.episodes, run);
    return speeds(flags.quick ?? false, run);
  });
}

async function speeds(isQuick: boolean, run: Run): Promise<Result> {
  const { RECORDING_BAR, benchSim } = await import("@orrery/sim/bench");
  const result = await benchSim({
    isQuick,
    onProgress: (text) => process.stderr.write(`bench sim: ${text}\n`),
  });
  const { recording, frames, native } = result;
  run.print(
    `recording ${formatNumber(recording.recordingStepsPerSecond)} control steps/s a thread, raw MuJoCo (the same ` +
      `physics steps and nothing else) ${formatNumber(recording.rawStepsPerSecond)}: ratio ` +
      `${recording.ratio.toFixed(2)} (bar ${RECORDING_BAR}), ${recording.cpuRatio.toFixed(2)} in processor time; ` +
      `recording on ${recording.cores} cores ${formatNumber(recording.allCoresStepsPerSecond)}`,
  );
  run.print(
    formatTable(
      ["camera", "pixels", "frames/s"],
      frames.map(({ camera, sizePx, framesPerSecond }) => [camera, sizePx, Math.round(framesPerSecond)]),
    ),
  );
  run.print(
    native.nativeStepsPerSecond === null
      ? `physics ${formatNumber(native.oursStepsPerSecond)} steps/s; native skipped: ${native.skipped}`
      : `physics ${formatNumber(native.oursStepsPerSecond)} steps/s, native MuJoCo ${native.nativeVersion} ` +
          `${formatNumber(native.nativeStepsPerSecond)}: ratio ${native.ratio?.toFixed(2)}`,
  );
  return { ...snakeKeys(result), bar: RECORDING_BAR, meets_bar: recording.ratio >= RECORDING_BAR };
}

async function soak(steps: number, run: Run): Promise<{ result: Result; exitCode: 0 | 1 }> {
  const { soakStepsOnAllCores } = await import("@orrery/sim/bench");
  const found = await soakStepsOnAllCores({ steps, seed: run.seed }, (done) =>
    run.progress.update({ what: "random steps", done, total: steps, unit: "steps" }),
  );
  run.print(
    `${found.steps} random steps in ${found.episodes} episodes of all tasks, ${found.clipped} action numbers ` +
      `clipped: ${found.nonFinite} observations with a NaN or an infinity (${Math.round(found.seconds)} s)`,
  );
  return { result: snakeKeys(found), exitCode: found.nonFinite === 0 ? 0 : 1 };
}

async function memory(episodes: number, run: Run): Promise<Result> {
  const { soakEpisodes } = await import("@orrery/sim/bench");
  const marks = await soakEpisodes([Math.ceil(episodes / 10), episodes], run.seed, (done) =>
    run.progress.update({ what: "short episodes", done, total: episodes, unit: "episodes" }),
  );
  run.print(
    formatTable(
      ["episodes", "RSS MB", "JavaScript MB", "WebAssembly MB"],
      marks.map((mark) => [mark.episodes, mark.rssMb, mark.heapMb, mark.wasmMb]),
    ),
  );
  return { marks: marks.map(snakeKeys) };
}

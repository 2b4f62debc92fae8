/** `orrery bench sim`: what recording costs beside raw MuJoCo, pictures per second, and native MuJoCo beside ours. */
import type { Command } from "commander";
import { formatNumber, formatTable } from "../../format.ts";
import { runs, snakeKeys } from "../../run.ts";

export function addBenchSim(bench: Command): void {
  const command = bench
    .command("sim")
    .option("--quick", "a few seconds only, with rough numbers")
    .description("recording beside raw MuJoCo, pictures by camera and size, native MuJoCo beside ours");
  runs(command, async (_args, options, run) => {
    const { quick = false } = options as { quick?: boolean };
    const { RECORDING_BAR, benchSim } = await import("@orrery/sim/bench");
    const result = await benchSim({
      isQuick: quick,
      onProgress: (text) => process.stderr.write(`bench sim: ${text}\n`),
    });
    const { recording, frames, native } = result;
    run.print(
      `recording ${formatNumber(recording.recordingStepsPerSecond)} control steps/s a thread, raw MuJoCo ` +
        `${formatNumber(recording.rawStepsPerSecond)}: ratio ${recording.ratio.toFixed(2)} (bar ${RECORDING_BAR})`,
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
  });
}

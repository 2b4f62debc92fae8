/** `orrery bench torch`: what calls and products cost here and in Python, on the same libtorch. */
import type { Command } from "commander";
import { positiveNumber } from "../../options.ts";
import { runs, snakeKeys } from "../../run.ts";

export function addBenchTorch(bench: Command): void {
  const command = bench
    .command("torch")
    .option("--seconds <s>", "time for each workload in each round", positiveNumber)
    .description(
      "calls, matrix products and a training step beside Python's torch; a ratio above 1 is faster than Python",
    );
  runs(command, async (_args, options, run) => {
    const { seconds } = options as { seconds?: number };
    const { benchTorch, formatComparison } = await import("@orrery/torch/bench");
    const result = await benchTorch({
      ...(seconds === undefined ? {} : { secondsEach: seconds }),
      onProgress: (text) => process.stderr.write(`bench torch: ${text}\n`),
    });
    run.print(formatComparison(result));
    const { benchStep, formatStep } = await import("@orrery/models/bench");
    const step = await benchStep({ onProgress: (text) => process.stderr.write(`bench torch: ${text}\n`) });
    run.print(formatStep(step));
    run.print(`ratio ${result.ratio?.toFixed(2) ?? "-"} (geometric mean; above 1 is faster than Python)`);
    return { ...snakeKeys(result), training_step: snakeKeys(step) };
  });
}

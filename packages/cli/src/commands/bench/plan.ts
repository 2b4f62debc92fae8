/** `orrery bench plan`: how long a planner's decision takes in the small joint-embedding model. */
import type { Command } from "commander";
import { formatNumber, formatTable } from "../../format.ts";
import { runs, snakeKeys } from "../../run.ts";

export function addBenchPlan(bench: Command): void {
  const command = bench
    .command("plan")
    .option("--quick", "a few decisions only, with rough numbers")
    .description("time of a planner's decision in the small model, by search");
  runs(command, async (_args, options, run) => {
    const { quick = false } = options as { quick?: boolean };
    const { benchPlan, PLAN_BAR_MS, REPLAN_BAR_HZ } = await import("@orrery/agents/bench");
    const result = await benchPlan({
      isQuick: quick,
      onProgress: (text) => process.stderr.write(`bench plan: ${text}\n`),
    });
    const { timings, observeMs, parameters, threads, bfloat16, machine } = result;
    run.print(
      formatTable(
        ["search", "samples", "steps", "iterations", "median ms", "95 % ms", "plans/s"],
        timings.map(({ search, samples, steps, iterations, medianMs, p95Ms }) => [
          search,
          samples,
          steps,
          iterations,
          medianMs.toFixed(0),
          p95Ms.toFixed(0),
          (1000 / medianMs).toFixed(1),
        ]),
      ),
    );
    run.print(
      `${formatNumber(parameters)} parameters, ${bfloat16 ? "bfloat16" : "float32"} products, ${threads} threads; ` +
        `taking in a picture ${observeMs.toFixed(1)} ms. ${machine}`,
    );
    const planMs = timings[0]?.medianMs ?? Number.NaN;
    run.print(
      `one plan ${planMs.toFixed(0)} ms (bar ${PLAN_BAR_MS}), at least ${REPLAN_BAR_HZ} plans/s asked`,
    );
    return {
      ...snakeKeys(result),
      ours: planMs,
      bar: PLAN_BAR_MS,
      meets_bar: planMs <= PLAN_BAR_MS && 1000 / planMs >= REPLAN_BAR_HZ,
    };
  });
}

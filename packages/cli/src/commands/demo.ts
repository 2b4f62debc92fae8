/** `orrery demo`: record, train, score, dream, turn the loop once, report. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { formatDuration } from "../format.ts";
import { positiveNumber } from "../options.ts";
import { runs } from "../run.ts";
import { metricsOf } from "./eval/prediction.ts";
import { flywheelResult, turn } from "./flywheel.ts";

interface DemoFlags {
  readonly minutes: number;
  readonly out: string;
}

/** With the set-up of a fresh machine, two or three minutes, the whole stays under a quarter of an hour, also where bfloat16 is not multiplied in hardware. */
const DEFAULT_MINUTES = 8;

export function addDemo(program: Command): void {
  const command = program
    .command("demo")
    .option("--minutes <m>", "time for everything after set-up", positiveNumber, DEFAULT_MINUTES)
    .option("--out <folder>", "where to put it; a demo that was stopped goes on there", "demo")
    .description(
      "one whole turn: record a simulated humanoid, train a world model, score it, dream, let a fleet act and learn from it, report",
    );
  runs(command, async (_args, options, run) => {
    const { minutes, out } = options as DemoFlags;
    const began = performance.now();
    const { writeFileAtomic } = await import("@orrery/core/node");
    const { renderReport } = await import("@orrery/eval");
    const { planDemo } = await import("../demo/plan.ts");
    const stages = await import("../demo/stages.ts");
    const { makeDreams } = await import("../demo/dreams.ts");
    const { demoReport } = await import("../demo/report.ts");

    stages.claimFolder(out, { minutes, seed: run.seed });
    const plan = planDemo(minutes, run.seed);
    run.print(`1/6  Recording a simulated humanoid: experts and play.`);
    const recorded = await stages.record("training episodes", plan.training, stages.trainingSet(out), run);
    const heldOut = await stages.record("held-out episodes", plan.heldOut, stages.heldOutSet(out), run);
    run.print(
      `2/6  Training a world model from scratch on ${recorded.steps} steps for ${formatDuration(plan.trainMinutes * 60)}.`,
    );
    const trained = await stages.train(out, plan, run.seed, run);
    run.print("3/6  Scoring it on episodes it has not seen.");
    const prediction = await stages.score(out, plan, run.seed, run);
    run.print("4/6  Dreaming.");
    const dreams = await makeDreams(out, plan, run.seed, run);
    run.print(
      "5/6  Turning the loop once: a model that plans, a fleet, what it brings back, the same trials again.",
    );
    const loop = { out: join(out, "loop"), settings: plan.loop };
    const isBegun = existsSync(join(loop.out, "journal.json"));
    const turned = await turn(loop.out, loop.settings, isBegun, run);
    run.print("6/6  Writing the report.");
    const report = resolve(join(out, "report.html"));
    const metricsPath = join(stages.runFolder(out), "metrics.jsonl");
    const seconds = (performance.now() - began) / 1000;
    const findings = {
      recorded,
      heldOut,
      trained,
      prediction,
      dreams,
      loop: { ...loop, result: turned },
      metricsPath,
      seed: run.seed,
      minutes,
      seconds,
    };
    writeFileAtomic(report, renderReport(demoReport(findings)));

    const ofLoop = flywheelResult(turned);
    const metrics = { ...metricsOf(prediction), loop: ofLoop["metrics"] };
    writeFileAtomic(join(out, "metrics.json"), `${JSON.stringify(metrics, null, 2)}\n`);
    const at = prediction.horizons.indexOf(5);
    run.print("");
    run.print(
      `5 frames ahead: ${prediction.model.psnr[at]?.toFixed(1)} dB; copying the last frame gives ${prediction.copyLast.psnr[at]?.toFixed(1)} dB, the tokenizer's ceiling is ${prediction.roundTrip.psnr[at]?.toFixed(1)} dB.`,
    );
    for (const { judged, selection } of turned.rounds) {
      const share = (value: number): string => `${(100 * value).toFixed(0)} %`;
      run.print(
        `One turn of the loop, ${selection.kept} of ${selection.episodes} fleet episodes kept: ${plan.loop.tasks.join(" and ")} succeeds in ${share(judged.candidate.success)} of ${judged.candidate.trials} trials, before it ${share(judged.champion.success)}, with training alone ${share(judged.control.success)}; ${judged.verdict.isPromoted ? "promoted" : "refused"}.`,
      );
    }
    run.print(`The report, in ${formatDuration(seconds)}: ${report}`);
    run.print(
      `Try next: ./orrery dream --model ${stages.runFolder(out)} --data ${stages.heldOutSet(out)} --episode 0 --frames 300 --out dream.mp4`,
    );
    return {
      report,
      runs: [
        resolve(stages.runFolder(out)),
        ...turned.rounds.flatMap(({ candidate, control }) => [candidate.run, control.run]),
        turned.base.run,
      ],
      metrics,
      seconds,
      steps_per_second: recorded.stepsPerSecond,
      frames_per_second: dreams.framesPerSecond,
    };
  });
}

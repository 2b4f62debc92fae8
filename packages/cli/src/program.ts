/** The command tree. Command files stay light: what does the work is imported when its command runs. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addBench } from "./commands/bench/index.ts";
import { addData } from "./commands/data/index.ts";
import { addDemo } from "./commands/demo.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addDream } from "./commands/dream.ts";
import { addEval } from "./commands/eval/index.ts";
import { addFlywheel } from "./commands/flywheel.ts";
import { addLineage } from "./commands/lineage.ts";
import { addSim } from "./commands/sim/index.ts";
import { addTest } from "./commands/test.ts";
import { addTrain } from "./commands/train.ts";

export function makeProgram(): Command {
  const program = new Command("orrery")
    .description("An open laboratory for embodied world models: record, train, dream, plan, judge.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .showHelpAfterError("(add --help to see what can be used here)")
    .exitOverride(); // throw instead of exiting: main.ts decides on the exit code
  addDemo(program);
  addData(program);
  addDoctor(program);
  addSim(program);
  addTrain(program);
  addEval(program);
  addFlywheel(program);
  addLineage(program);
  addDream(program);
  addBench(program);
  addTest(program);
  return program;
}

function packageVersion(): string {
  const file = new URL("../../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** `orrery bench`: speed, with the peer run beside it. */
import type { Command } from "commander";
import { addBenchImport } from "./import.ts";
import { addBenchPlan } from "./plan.ts";
import { addBenchSim } from "./sim.ts";
import { addBenchTorch } from "./torch.ts";

export function addBench(program: Command): void {
  const bench = program.command("bench").description("measure speed beside a peer doing the same work");
  addBenchTorch(bench);
  addBenchSim(bench);
  addBenchImport(bench);
  addBenchPlan(bench);
}

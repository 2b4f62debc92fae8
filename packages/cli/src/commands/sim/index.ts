/** `orrery sim`: the simulated worlds. */
import type { Command } from "commander";
import { addSimRecord } from "./record.ts";
import { addSimView } from "./view.ts";

export function addSim(program: Command): void {
  const sim = program.command("sim").description("simulate robots");
  addSimRecord(sim);
  addSimView(sim);
}

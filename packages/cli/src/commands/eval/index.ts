/** `orrery eval`: models scored beside their baselines. */
import type { Command } from "commander";
import { addEvalControl } from "./control.ts";
import { addEvalDivide } from "./divide.ts";
import { addEvalInverse, addEvalLatentActions } from "./from-video.ts";
import { addEvalLabels } from "./labels.ts";
import { addEvalPrediction } from "./prediction.ts";

export function addEval(program: Command): void {
  const group = program.command("eval").description("score a model, with baselines and intervals");
  addEvalPrediction(group);
  addEvalLabels(group);
  addEvalInverse(group);
  addEvalLatentActions(group);
  addEvalControl(group);
  addEvalDivide(group);
}

/** Starts a model with the tokenizer of another run, so that runs that share their pictures need train it only once. */
import { isDeepStrictEqual } from "node:util";
import { UsageError } from "@orrery/core";
import { noGrad } from "@orrery/torch";
import { isFinished, loadModel } from "../release.ts";
import type { WorldModel } from "../world-model.ts";

/**
 * Copies the weights of the tokenizer of `run` into `model`.
 * @throws {UsageError} if the run has not ended, or its tokenizer is of another configuration
 */
export function takeTokenizer(model: WorldModel, run: string): void {
  if (!isFinished(run)) {
    throw new UsageError(
      `train: ${run} must be a finished run to take its tokenizer, it is not. Finish it first.`,
    );
  }
  const other = loadModel(run);
  try {
    if (!isDeepStrictEqual(other.config.tokenizer, model.config.tokenizer)) {
      throw new UsageError(
        `train: the tokenizer of ${run} must have the configuration of the model to be trained, it has another one. Train with the same preset.`,
      );
    }
    noGrad(() => model.tokenizer.loadStateDict(other.tokenizer.stateDict()));
  } finally {
    other.free();
  }
}

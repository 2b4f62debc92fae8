/** Starts a run where another one stood: more training, on other or more data. */
import { isDeepStrictEqual } from "node:util";
import { UsageError } from "@orrery/core";
import { loadTensors, noGrad, scope, type Module } from "@orrery/torch";
import type { AnyConfig } from "../config.ts";
import { isFinished, readConfig } from "../release.ts";
import type { StreamFacts } from "../world-model.ts";
import { TRAINED_IN, type Checkpoint } from "./checkpoint.ts";

/**
 * What the earlier release knows of its data, which the new run keeps: weights fit only the cameras, actions and words
 * that they were trained for. A word that is new stays unknown to the model.
 *
 * @param facts of the new data
 * @throws {UsageError} if the release has not ended, is of another network, or its data are of another shape
 */
export function factsToContinue(release: string, config: AnyConfig, facts: StreamFacts): StreamFacts {
  if (!isFinished(release)) {
    throw new UsageError(
      `train: ${release} must be a finished run to go on from, it is not. Finish it first.`,
    );
  }
  const earlier = readConfig(release);
  if (!isDeepStrictEqual(withoutSchedule(earlier.config), withoutSchedule(config))) {
    throw new UsageError(
      `train: ${release} must have the network of ${config.name} to go on from, it has that of ${earlier.config.name}. Train with the same preset.`,
    );
  }
  if (!isDeepStrictEqual(optimizersOf(earlier.config), optimizersOf(config))) {
    throw new UsageError(
      `train: ${release} was trained by ${optimizersOf(earlier.config).join(", ")}, ${config.name} asks for ${optimizersOf(config).join(", ")}: what one optimiser gathered is of no use to another. Train with the same ones.`,
    );
  }
  const shapeOf = ({ cameras, actionWidth, stateWidth, controlRateHz }: StreamFacts): string =>
    `cameras ${cameras.join("+")}, ${actionWidth} actions, ${stateWidth} states, ${controlRateHz} Hz`;
  if (shapeOf(earlier.facts) !== shapeOf(facts)) {
    throw new UsageError(
      `train: the data must be of the shape that ${release} was trained on (${shapeOf(earlier.facts)}), they have ${shapeOf(facts)}. Train a new run on them.`,
    );
  }
  return earlier.facts;
}

/**
 * Copies all weights and scales of `release` into `model`, for old inputs must go on meaning what they meant; the weights
 * that the phase of its trunk trains are those of the trunk.
 *
 * @param trunk of the release; null where it has none
 */
export function takeWeights(
  model: Pick<Module, "loadStateDict">,
  release: string,
  trunk: Checkpoint | null,
): void {
  const weights = new Map(loadTensors(release));
  if (trunk !== null) {
    const own = `${TRAINED_IN[trunk.state.phase]}.`;
    for (const [name, tensor] of trunk.weights) if (name.startsWith(own)) weights.set(name, tensor);
  }
  noGrad(() => scope(() => model.loadStateDict(weights)));
}

/** One for each phase. */
function optimizersOf({ training }: AnyConfig): string[] {
  return Object.entries(training).map(([phase, { optimizer }]) => `${optimizer} in ${phase}`);
}

/** What decides on the shape of the weights; how long and how fast one trains may differ. */
function withoutSchedule(config: AnyConfig): unknown {
  const { training: _training, name: _name, ...network } = config;
  return network;
}

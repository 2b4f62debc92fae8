/**
 * The goal that a stream goes for, from what words and picture tell: of goals side by side the likeliest, but none at which
 * the body is already. A reader that does not see whether a way has been gone tells its end once more, a finger's breadth
 * further on; whoever follows it creeps until the time is up (docs/experiments.md).
 *
 * Shapes: B streams, M modes, P state width.
 */
import { zeros, type Tensor } from "@orrery/torch";
import { goalPrecision, type GoalHead } from "./heads.ts";
import type { JepaModel } from "./model.ts";
import type { Modes } from "./modes.ts";
import type { GoalMark } from "./state.ts";

/** In recorded deviations, over the numbers that the task is about. */
const LEAST_AWAY = 0.15;
/** Logits are far smaller. */
const UNLIKELY = 1e3;

/**
 * @param found by the words, [B, G]
 * @param felt normalised, [B, P]
 * @param goalParts parts of the state, by name, that the distance to the goal counts in; the task's where left out
 */
export function goalOf(
  model: JepaModel,
  goalHead: GoalHead,
  found: Tensor,
  felt: Tensor,
  goalParts: readonly string[] | undefined,
): GoalMark {
  // From the scale of all goals to that of all recorded states, on which a number of which nothing is known has deviation 1.
  const { goalScale, stateScale } = model;
  const modes = goalHead.modes(found, felt);
  const guess = goalHead.likeliest(
    model.config.net.task.goals === "rests" ? elsewhere(model, modes, felt) : modes,
  );
  const mean = stateScale.normalize(goalScale.denormalize(guess.mean));
  const logVariance = guess.logVariance.add(goalScale.std.div(stateScale.std).log().mul(2));
  const precision = goalPrecision({ mean, logVariance });
  const known = precision.mul(model.countsTensor());
  const counted = goalParts === undefined ? known : precision.mul(model.flagsOf(goalParts));
  // Whose task names no parts leaves it to the plan what a goal is about.
  const told = model.config.net.task.parts.length === 0 ? counted : known;
  return { mean, precision: counted, isTold: told.gt(0).float(), aim: mean.clone() };
}

/** No goal at all, of a model that tells none. */
export function noGoal({ facts, device }: JepaModel, B: number): GoalMark {
  const nothing = (): Tensor => zeros([B, facts.stateWidth], { device });
  return { mean: nothing(), precision: nothing(), isTold: nothing(), aim: nothing() };
}

/** The same modes, those unlikely at which the body is. */
function elsewhere(model: JepaModel, modes: Modes, felt: Tensor): Modes {
  const { goalScale, stateScale } = model;
  const counts = model.countsTensor();
  const places = stateScale.normalize(goalScale.denormalize(modes.mean)); // [B, M, P]
  const squared = places.sub(felt.unsqueeze(1)).square().mul(counts).sum(-1).div(counts.sum());
  const isHere = squared.lt(LEAST_AWAY ** 2).float();
  return { ...modes, logit: modes.logit.sub(isHere.mul(UNLIKELY)) };
}

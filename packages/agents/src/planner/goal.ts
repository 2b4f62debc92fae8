/** From what a policy is asked to bring about to what it minimises in a model; refuses what the model cannot judge. */
import { ShapeError, UsageError, type Goal } from "@orrery/core";
import type { Imagination } from "@orrery/models";
import { fromTyped, keep, scope, type Tensor } from "@orrery/torch";
import {
  imageObjective,
  rewardObjective,
  stateObjective,
  type Objective,
  type ObjectiveOptions,
} from "./objective.ts";
import { goalFrames } from "./sight.ts";

export interface GoalObjective {
  readonly objective: Objective;
  /** What the objective was made from; the caller frees it with the objective. */
  readonly tensors: readonly Tensor[];
}

/**
 * @throws {UsageError} for a text or reward where the model has learnt no rewards, an empty text, a task by name, an
 *   image where the model has several cameras
 * @throws {ShapeError} if an image or state has another size than the model's
 */
export function objectiveOf(model: Imagination, goal: Goal, options: ObjectiveOptions): GoalObjective {
  switch (goal.kind) {
    case "image": {
      const embedding = scope(() =>
        keep(model.embedImage(goalFrames(goal.image, model)).select(0, 0).clone()),
      );
      const { embeddingWeights } = model;
      const weights =
        embeddingWeights == null
          ? null
          : keep(fromTyped(embeddingWeights, [embeddingWeights.length], { device: model.device }));
      const tensors = weights === null ? [embedding] : [embedding, weights];
      return { objective: imageObjective(embedding, weights, options), tensors };
    }
    case "state": {
      const P = model.facts.stateWidth;
      if (goal.state.length !== P) {
        const hint = `The model was trained on the body "${model.facts.embodiment.name}"; NaN leaves a number free.`;
        throw new ShapeError("Planner.reset", "the goal state", `[${P}]`, [goal.state.length], hint);
      }
      return { objective: stateObjective(goal.state, model.stateStats.std, options), tensors: [] };
    }
    case "text":
      checkRewards(model, `the text "${goal.text}"`);
      if (goal.text.trim() === "") {
        throw new UsageError("Planner.reset: the goal text must not be empty. Say what is to be done.");
      }
      return { objective: rewardObjective(options), tensors: [] };
    case "reward":
      checkRewards(model, "a reward");
      return { objective: rewardObjective(options), tensors: [] };
    case "task":
      throw new UsageError(
        `Planner.reset: the goal must be a text, an image, a state or a reward, got the task "${goal.task}". ` +
          "Give the task's instruction as a text.",
      );
  }
}

function checkRewards({ abilities }: Imagination, what: string): void {
  if (abilities.reward) return;
  throw new UsageError(
    `Planner.reset: planning for ${what} needs a model that has learnt rewards, but there were none in this one's ` +
      "training data. Give an image or a state as goal, or train on episodes with rewards.",
  );
}

/**
 * A policy that imagines what its actions would lead to and carries out the beginning of the best sequence it finds:
 * model-predictive control in a learned model, with either family behind `Imagination`.
 *
 * Every observation is taken in; every `replanEvery` steps a search runs from what the model believes, beginning with
 * the rest of the last plan. Surprise can be a cost of a plan, and a stop sign for the body.
 *
 * Shapes: S samples, H imagined steps, n control steps in each, K actions that are chosen, A action width.
 */
import {
  checkPartNames,
  UsageError,
  type Decision,
  type Embodiment,
  type Goal,
  type Observation,
  type Policy,
} from "@orrery/core";
import type { Feeling, Imagination, Imagined, Rollout } from "@orrery/models";
import { fromTyped, Generator, keep, noGrad, scope, type Tensor } from "@orrery/torch";
import {
  shiftWarmStart,
  type Found,
  type Search,
  type SearchSpace,
  type WarmStart,
} from "../search/index.ts";
import { objectiveOf } from "./goal.ts";
import type { Objective } from "./objective.ts";
import { checkPlannerOptions, type PlannerOptions } from "./options.ts";
import { checkState, contextOf, framesOf } from "./sight.ts";
import { Way } from "./way.ts";
import { restingAction, searchSpaceOf, toLimits } from "./space.ts";

/** Makes a model ready for one episode; the seed is that of whatever it draws. */
export type Imagine = (seed: number) => Imagination;

/** Parts of a body, by name, that are planned for otherwise than the rest. */
export interface PlannedParts {
  /** Of an action: left at rest. */
  readonly still?: readonly string[];
  /**
   * Of an action: carried out as far as it goes in the one direction or the other, whichever is nearer. Whoever recorded it
   * closed a hand gradually; a policy that sees it half closed cannot know in which direction it was going.
   */
  readonly binary?: readonly string[];
  /** Of the state: all that the distance to a task's goal counts in. Everything where left out. */
  readonly towards?: readonly string[];
}

/** What one episode holds. */
interface Episode {
  readonly model: Imagination;
  readonly generator: Generator;
  readonly goal: Goal;
  readonly objective: Objective;
  readonly goalTensors: readonly Tensor[];
  stream: Imagined | null;
  plan: WarmStart | null;
  planned: number; // control steps of the plan that were carried out
  last: Float32Array | null;
  readonly way: Way; // to the goal that is gone for
  outlook: Readonly<Record<string, number>>;
}

export class Planner implements Policy {
  readonly name: string;
  readonly #imagine: Imagine;
  readonly #search: Search;
  readonly #options: PlannerOptions;
  readonly #parts: PlannedParts;
  #episode: Episode | null = null;

  /** @throws {ConfigError} if options are unknown, out of range, or do not fit each other */
  constructor(
    imagine: Imagine,
    search: Search,
    options: Partial<PlannerOptions> = {},
    parts: PlannedParts = {},
  ) {
    this.#parts = parts;
    this.#options = checkPlannerOptions(options);
    this.#imagine = imagine;
    this.#search = search;
    this.name = `planner (${search.name})`;
  }

  /**
   * @throws {UsageError} if the body has no part of a given name, or the model cannot pursue the goal: a text or reward where it has learnt no rewards, a task
   *   by name, an image for a model of several cameras
   * @throws {ShapeError} if a goal image or state has another size than the model's
   */
  async reset(seed: number, goal: Goal): Promise<void> {
    this.#free();
    const model = this.#imagine(seed);
    checkParts(model.facts.embodiment, this.#parts);
    const { objective, tensors } = objectiveOf(model, goal, this.#options);
    this.#episode = {
      model,
      generator: new Generator(seed),
      goal,
      objective,
      goalTensors: tensors,
      stream: null,
      plan: null,
      planned: 0,
      last: null,
      way: new Way(this.#options),
      outlook: {},
    };
  }

  /** @throws {PlanningError} naming the samples whose imagined future is no number */
  async act(observation: Observation): Promise<Decision> {
    const episode = this.#episode;
    if (episode === null) throw new UsageError("Planner.act: call reset first, there is no goal yet.");
    const surprise = this.#takeIn(episode, observation);
    const { facts, actionStats } = episode.model;
    const rest = restingAction(facts.embodiment, observation.state, episode.last, actionStats.mean);
    const decision =
      surprise > this.#options.stopAbove
        ? this.#stop(episode, rest, surprise)
        : this.#proceed(episode, rest, surprise);
    episode.last = decision.actions[0] ?? rest;
    return decision;
  }

  async close(): Promise<void> {
    this.#free();
  }

  /** Moves the model on to what is seen now. @returns how surprised it was */
  #takeIn(episode: Episode, observation: Observation): number {
    const { model, goal, last } = episode;
    return scope(() => {
      if (episode.stream === null) {
        const context = contextOf(observation, model);
        const { towards } = this.#parts;
        episode.stream = model.begin(context, {
          ...(goal.kind === "text" ? { task: goal.text } : {}),
          ...(towards === undefined ? {} : { goalParts: towards }),
        });
        return 0; // nothing was expected yet
      }
      checkState(observation, model);
      const { actionWidth: A, stateWidth: P, cameras } = model.facts;
      const { device } = model;
      const { height, width } = model.size;
      const frames = fromTyped(framesOf(observation, model), [1, cameras.length, height, width, 3], {
        device,
      });
      const state = fromTyped(observation.state.slice(), [1, P], { device });
      const action = last === null ? null : fromTyped(last, [1, A], { device });
      model.observe(episode.stream, action, frames, state);
      const feeling = model.feel(episode.stream);
      if (goal.kind === "text") this.#goOn(episode, episode.stream, goal.text, feeling);
      return feeling.surprise.item();
    });
  }

  /** Asks what is next where a goal on the way is reached, or is not to be reached; or tries another place. */
  #goOn({ model, generator, way }: Episode, stream: Imagined, text: string, feeling: Feeling): void {
    const { goalDistance, toldDistance } = feeling;
    const next = model.abilities.stages
      ? way.take({ counted: Math.sqrt(goalDistance.item()), told: Math.sqrt(toldDistance.item()) })
      : way.take(null);
    if (next === "ask") model.setTask(stream, text);
    if (next === "draw") model.drawGoal?.(stream, generator);
  }

  #stop(episode: Episode, rest: Float32Array, surprise: number): Decision {
    freePlan(episode);
    const { stopAbove } = this.#options;
    const stop = `surprise ${surprise.toFixed(2)} is above ${stopAbove}: holding still`;
    return { actions: [rest], belief: { stop, surprise } };
  }

  #proceed(episode: Episode, rest: Float32Array, surprise: number): Decision {
    const { replanEvery, hold } = this.#options;
    const continues = episode.plan !== null && episode.planned < replanEvery;
    if (!continues) this.#replan(episode, rest);
    const plan = episode.plan;
    if (plan === null) throw new Error("internal: Planner has no plan after planning. Please report this.");
    const action = scope(() => {
      const row = plan.actions.select(0, Math.floor(episode.planned / hold));
      return Float32Array.from(row.cpu().contiguous().toTyped(), Number);
    });
    toLimits(action, episode.model.facts.embodiment, this.#parts.binary ?? []);
    episode.planned++;
    return {
      actions: [action],
      belief: { ...episode.outlook, surprise, ...(continues ? { continues: 1 } : {}) },
    };
  }

  #replan(episode: Episode, rest: Float32Array): void {
    const { model, stream, objective, generator } = episode;
    const { horizon: H, block: n, hold, spread } = this.#options;
    if (stream === null)
      throw new Error("internal: Planner plans before it saw anything. Please report this.");
    const { facts, actionStats, abilities } = model;
    const K = (H * n) / hold;
    const old = episode.plan;
    const steps = episode.planned / hold;
    const made = scope((): { found: Found; outlook: Readonly<Record<string, number>> } => {
      const space = searchSpaceOf(facts.embodiment, actionStats, rest, {
        horizon: K,
        spread,
        still: this.#parts.still ?? [],
        candidates: this.#proposed(episode, stream),
      });
      const imagine = (chosen: Tensor) => {
        const [S = 0, , A = 0] = chosen.shape;
        const held = hold === 1 ? chosen : chosen.repeatInterleave(hold, 1);
        return model.rollout(stream, held.view([S, H, n, A]).to({ device: model.device }));
      };
      if (this.#search.name === "gradient" && !abilities.gradient) {
        throw new UsageError(
          "Planner: gradient descent needs a model whose futures can be differentiated, this one's cannot. " +
            "Plan with cem, icem, mppi or shooting.",
        );
      }
      const warm = old === null ? null : shiftWarmStart(old, steps);
      const cost = (chosen: Tensor): Tensor =>
        scope(() => this.#withPrior(objective(imagine(chosen)).cpu(), chosen, space));
      const found = this.#search.find(cost, space, warm, generator);
      keep(found.actions); // until the next plan
      if (found.elites !== null) keep(found.elites);
      return {
        found,
        outlook: noGrad(() => outlookOf(imagine(found.actions.unsqueeze(0)), objective, found)),
      };
    });
    freePlan(episode);
    const { actions, elites } = made.found;
    episode.plan = { actions, elites };
    episode.planned = 0;
    episode.outlook = made.outlook;
  }

  /** What the model's policy prior would do, as the search chooses it: [C, K, A]; null without one. */
  #proposed({ model, goal, generator, way }: Episode, stream: Imagined): Tensor | null {
    const { horizon, block, hold, proposals } = this.#options;
    if (goal.kind !== "text" || proposals === 0) return null; // it knows of no other goals
    if (!model.abilities.prior || model.propose === undefined) return null;
    const options = { copies: proposals, horizon, block, isStuck: way.isStuck };
    const ways = model.propose(stream, options, generator).cpu();
    return ways
      .flatten(1, 2)
      .unflatten(1, [(horizon * block) / hold, hold])
      .mean(2);
  }

  /** Costs [S] of chosen sequences [S, K, A], and how far they are from what the prior expects. */
  #withPrior(costs: Tensor, chosen: Tensor, { candidates, spread }: SearchSpace): Tensor {
    const { priorWeight } = this.#options;
    if (priorWeight === 0 || candidates === null) return costs;
    const away = chosen.sub(candidates.select(0, 0)).div(spread.clampMin(1e-6));
    return costs.add(away.square().mean([1, 2]).mul(priorWeight));
  }

  #free(): void {
    if (this.#episode === null) return;
    freePlan(this.#episode);
    this.#episode.stream?.free();
    for (const tensor of this.#episode.goalTensors) tensor.free();
    this.#episode = null;
  }
}

/** What the model expects of the plan it settled on, for the record. */
function outlookOf(future: Rollout, objective: Objective, found: Found): Readonly<Record<string, number>> {
  return {
    cost: objective(future).item(),
    expectedReward: future.reward.mean().item(),
    expectedSuccess: future.success.amax().item(),
    expectedSurprise: future.surprise.mean().item(),
    evaluations: found.evaluations,
  };
}

/** @throws {UsageError} naming the parts there are */
function checkParts({ name, action, state }: Embodiment, parts: PlannedParts): void {
  const { still = [], binary = [], towards = [] } = parts;
  checkPartNames("Planner.reset: what is left still must be parts of an action", name, action, still);
  checkPartNames("Planner.reset: what is binary must be parts of an action", name, action, binary);
  checkPartNames("Planner.reset: what a goal counts in must be parts of the state", name, state, towards);
}

function freePlan(episode: Episode): void {
  episode.plan?.actions.free();
  episode.plan?.elites?.free();
  episode.plan = null;
}

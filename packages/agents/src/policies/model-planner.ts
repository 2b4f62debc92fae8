/** A planner in the model of a run, whichever family that is. */
import type { Decision, Goal, Observation, Policy } from "@orrery/core";
import { choosePrecision, isJepa, openImagination, openModel, readConfig } from "@orrery/models";
import { Planner } from "../planner/planner.ts";
import { checkPlannerOptions, type PlannerOptions } from "../planner/options.ts";
import { makeSearch } from "../search/index.ts";
import { readPlannerSpec } from "./planner-spec.ts";
import type { RunInfo } from "./run.ts";
import type { PolicySpec } from "./spec.ts";

/** How one plans in a family of models where nothing else is asked. */
interface Manner {
  readonly search: string;
  readonly searchOptions: Readonly<Record<string, number>>;
  readonly plannerOptions: Partial<PlannerOptions>;
}

/** A dreamt step costs tens of milliseconds, so a few dreams of held actions are all that real time allows. */
const DREAMING: Manner = {
  search: "shooting",
  searchOptions: { samples: 16 },
  plannerOptions: { horizon: 8, hold: 4, replanEvery: 4 },
};

/**
 * Five blocks of half a second at the kitchen's rate: as far as the papers plan. Where there is a policy prior plans stay
 * close to it, since a model is wrong about what nobody did; another place is tried after a second and a half.
 */
const JOINT_EMBEDDING: Manner = {
  search: "icem",
  searchOptions: { samples: 300, elites: 30, iterations: 5 },
  plannerOptions: { horizon: 5, block: 5, hold: 5, replanEvery: 2, priorWeight: 1000, redrawEvery: 15 },
};

function mannerOf(folder: string): Manner {
  const { config } = readConfig(folder);
  if (!isJepa(config)) return DREAMING;
  const block = Math.min(5, config.net.maxBlock);
  const { plannerOptions, ...rest } = JOINT_EMBEDDING;
  return { ...rest, plannerOptions: { ...plannerOptions, block, hold: block } };
}

/**
 * @throws {UsageError} if the run is no model, or an option belongs neither to the planner nor to its search
 * @throws {ConfigError} if an option is out of range
 */
export function openPlanner({ folder }: RunInfo, { name, options }: PolicySpec): Policy {
  const manner = mannerOf(folder);
  const spec = readPlannerSpec(`policy ${name}:`, options);
  const { search = manner.search, parts } = spec;
  const planning = { ...manner.plannerOptions, ...spec.planning };
  const searching = { ...(search === manner.search ? manner.searchOptions : {}), ...spec.searching };
  // Wrong options show before the model is loaded.
  const made = makeSearch(search, searching);
  checkPlannerOptions(planning);
  const model = openModel(folder);
  const { usesBfloat16 } = choosePrecision("cpu");
  const imagine = (seed: number) => openImagination(model, seed, { usesBfloat16 });
  const planner = new Planner(imagine, made, planning, parts);
  return new OwningPlanner(planner, () => model.free());
}

/** A planner that frees its model with itself. */
class OwningPlanner implements Policy {
  readonly name: string;
  readonly #planner: Planner;
  readonly #freeModel: () => void;

  constructor(planner: Planner, freeModel: () => void) {
    this.name = planner.name;
    this.#planner = planner;
    this.#freeModel = freeModel;
  }

  reset(seed: number, goal: Goal): Promise<void> {
    return this.#planner.reset(seed, goal);
  }

  act(observation: Observation): Promise<Decision> {
    return this.#planner.act(observation);
  }

  async close(): Promise<void> {
    await this.#planner.close();
    this.#freeModel();
  }
}

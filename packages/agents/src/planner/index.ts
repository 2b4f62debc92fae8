/** Planning in a model. */
export { Planner, type Imagine, type PlannedParts } from "./planner.ts";
export { PLANNER_DEFAULTS, type PlannerOptions } from "./options.ts";
export { actionLimits, restingAction } from "./space.ts";
export type { Objective, ObjectiveOptions } from "./objective.ts";

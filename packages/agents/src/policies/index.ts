/** Policies by name. */
export { expertFor } from "./expert.ts";
export { checkFits } from "./fits.ts";
export { HoldPolicy } from "./hold.ts";
export { describePolicy, openPolicyFor, type PolicyDescription } from "./open.ts";
export { RandomPolicy } from "./random.ts";
export { parsePolicySpec, type PolicySpec } from "./spec.ts";
export { readPlannerSpec, type PlannerSpec } from "./planner-spec.ts";

/** Policies measured on tasks. Reachable by itself as well, for processes that need no tensors. */
export {
  checkCell,
  CONTROL_TASKS,
  openArena,
  PUSHT_TASKS,
  type Arena,
  type ArenaOptions,
  type Info,
} from "./arena.ts";
export { FIRST_SEED, runControl, type ControlOptions, type ControlProgress } from "./control.ts";
export { controlMarkdown, percentages } from "./markdown.ts";
export { countPairs, mcnemarExact, newcombePaired, type PairCounts } from "./paired.ts";
export { pairedSuccess, pairTrials, type PairedSuccess } from "./paired-trials.ts";
export { differenceTable, inPercent, type Compared } from "./blocks.ts";
export { loadPolicyModule, type PolicyModule } from "./policy-module.ts";
export { PushTGoalWorld, STEP_BUDGET, STEPS_AHEAD } from "./pusht-goal.ts";
export {
  summarize,
  type CellSummary,
  type ControlSummary,
  type Difference,
  type Estimate,
} from "./summary.ts";
export { stageKeeper, type Stage, type StageRequest } from "./stage.ts";
export { decide, NO_DECISION, runTrial, type TrialKey, type TrialOutcome, type TrialRun } from "./trial.ts";
export { type TrialRecord } from "./trial-log.ts";
export { controlReport, type ControlReportOptions } from "./report.ts";
export { wilson, type Interval } from "../statistics.ts";

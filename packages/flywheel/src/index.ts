/** Public names of this package. */
export { runFlywheel, type FlywheelOptions } from "./loop/flywheel.ts";
export type { FlywheelHooks, FlywheelParts, RecordOrder, TrainFacts, TrainOrder } from "./loop/parts.ts";
export type { FlywheelResult, RoundResult, SelectionSummary, Trained } from "./loop/results.ts";
export {
  checkSettings,
  FLEET_SEED,
  homeSeed,
  SELECTION_DEFAULTS,
  type FlywheelSettings,
  type SelectionSettings,
} from "./loop/settings.ts";
export { judge, standingOf, type Rate, type Standing, type Verdict } from "./loop/gate.ts";
export { Journal, type JournalStep } from "./loop/journal.ts";
export { runFleet, type FleetOptions, type FleetSummary } from "./fleet/run-fleet.ts";
export { selectEpisodes, type Candidate, type SelectionVerdict } from "./select/select.ts";
export { openRelease, registerRelease, type ReleaseRecord } from "./registry/release.ts";
export { traceRelease, type LineageReport, type Tampering } from "./registry/lineage.ts";
export { planFlywheel, type PlanRequest } from "./loop/plan.ts";
export { flywheelReport, flywheelSections, type FlywheelReportOptions } from "./report/build.ts";

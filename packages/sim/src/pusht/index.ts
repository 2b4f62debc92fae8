/** PushT: the field's shared benchmark of pushing a T into place, on our own physics. Public names. */
export {
  AGENT_RADIUS,
  BOARD,
  GOAL,
  SUCCESS_COVERAGE,
  TEE,
  TEE_CENTRE,
  TEE_INERTIA,
  TEE_MASS,
  coverageOf,
  rewardOf,
} from "./board.ts";
export {
  PUSHT_OPERATORS,
  checkPushTOperator,
  runPushTEpisode,
  type PushTOperator,
  type PushTOutcome,
} from "./episode.ts";
export {
  goalDistance,
  imageGoal,
  sampleGoalTask,
  type GoalDistance,
  type ImageGoalTask,
  type Trajectory,
} from "./goals.ts";
export { layoutOfSeed, type Layout } from "./layout.ts";
export { PushTExpert, type ExpertStyle } from "./operators/expert.ts";
export { PushTPlay } from "./operators/play.ts";
export { PushTHuman } from "./operators/human-like.ts";
export { PushTPainter, type PushTScene } from "./picture.ts";
export type { Polygon, Pose, Vec } from "./planar/polygon.ts";
export { PUSHT, recordPushT, type PushTRecordOptions } from "./record.ts";
export { replay, replayRecordings, type ErrorSummary, type Recording, type ReplayReport } from "./replay.ts";
export { CONTROL_RATE_HZ, PushTSimulation, type PushTPhysics, type PushTSnapshot } from "./simulation.ts";
export { PushTWorld, pushTEmbodiment, type PushTOptions, type PushTWorldSnapshot } from "./world.ts";

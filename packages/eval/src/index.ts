/** Public names of this package. */
export * from "./report/index.ts";
export {
  evaluatePrediction,
  type HorizonScores,
  type PredictionOptions,
  type PredictionResult,
  type StateScores,
} from "./prediction/prediction.ts";
export { bootstrap, psnr, wilson, type Interval } from "./statistics.ts";
export { scoreRun, type ScoreRunOptions } from "./prediction/score-run.ts";
export { dreamOn, loadEpisode, recordedActions, type DreamOptions, type DreamResult } from "./dream/dream.ts";
export { filmStrip, sideBySide, truthBesideDream } from "./dream/tiles.ts";
export {
  EQUALS,
  studyLabels,
  type Equal,
  type ConditionResult,
  type LabelStudyOptions,
  type LabelStudyResult,
} from "./labels/study.ts";
export { CONDITION_KINDS, type ConditionKind } from "./labels/conditions.ts";
export { labelReport, nameOf } from "./labels/report.ts";
export { scoreInverse, type InverseScores } from "./labels/score-inverse.ts";
export * from "./control/index.ts";
export * from "./divide/index.ts";
export {
  scoreLatentActions,
  type LatentActionScores,
  type LatentScoreOptions,
} from "./labels/score-latent-actions.ts";

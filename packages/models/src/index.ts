/** Public names of this package. */
export * from "./config.ts";
export * from "./dreamer.ts";
export * from "./imagination.ts";
export * from "./world-model.ts";
export { Dynamics, type DynamicsInput, type DynamicsOutput } from "./nets/dynamics.ts";
export { Tokenizer } from "./nets/tokenizer.ts";
export {
  isFinished,
  isRun,
  loadModel,
  openModel,
  readConfig,
  type AnyModel,
  type Lineage,
} from "./release.ts";
export { openImagination, type ImaginationOptions } from "./families.ts";
export { JepaModel } from "./jepa/model.ts";
export { JepaImagination, type JepaOptions } from "./jepa/imagination.ts";
export { JepaState } from "./jepa/state.ts";
export { measureSpread, sigReg, sigRegAtRest, type SigRegOptions, type Spread } from "./jepa/sigreg.ts";
export {
  trainWorldModel,
  type AnyTrainResult,
  type TrainOptions,
  type TrainProgress,
  type TrainResult,
} from "./train/trainer.ts";
export type { InferredUse } from "./train/latent-rows.ts";
export type { TrainingSource } from "./train/latent-store.ts";
export { choosePrecision } from "./train/precision.ts";
export { readMetrics, type MetricLine } from "./train/metrics.ts";
export { asWorld, type DreamWorldOptions } from "./as-world.ts";
export {
  buildVocabulary,
  TextEncoder,
  wordsOf,
  type TextConfig,
  type TextReading,
  type Tokens,
  type UnknownWords,
} from "./nets/text.ts";
export { inverseConfig, inversePresets, parseInverseConfig, type InverseConfig } from "./inverse/config.ts";
export { inferEpisode, type InferredActions } from "./inverse/infer-episode.ts";
export { InverseDynamics, type ActionBelief } from "./inverse/inverse-dynamics.ts";
export { actionLabels, actionSources, type ActionLabels } from "./inverse/inferred-columns.ts";
export { labelDataset, type LabelOptions, type LabelReport } from "./inverse/label.ts";
export { loadInverseDynamics } from "./inverse/release.ts";
export { trainInverseDynamics, type TrainInverseOptions, type TrainInverseResult } from "./inverse/train.ts";
export { openView, type AddedColumns, type StepPart, type ViewOptions } from "./inverse/view-source.ts";
export {
  latentActionConfig,
  latentActionPresets,
  parseLatentActionConfig,
  type LatentActionConfig,
} from "./latent-actions/config.ts";
export { encodeEpisode, rebuildErrors } from "./latent-actions/encode-episode.ts";
export { LatentActionModel, type LatentBelief } from "./latent-actions/latent-action-model.ts";
export { loadLatentActions } from "./latent-actions/release.ts";
export {
  trainLatentActions,
  type TrainLatentActionsOptions,
  type TrainLatentActionsResult,
} from "./latent-actions/train.ts";
export type { FitProgress } from "./train/fit-clips.ts";

/** What training is made of, for packages that train another kind of network on the same recordings. */
export { writeCheckpoint, readCheckpoint, type Checkpoint, type TrainingState } from "./train/checkpoint.ts";
export { lineageOf, streamFacts } from "./train/facts.ts";
export { MetricLog } from "./train/metrics.ts";
export { Phase, type LossFn, type WeightedLoss } from "./train/phase.ts";
export { choosePrecision } from "./train/precision.ts";
export { claimRunFolder, dropUntrained } from "./train/run-folder.ts";
export { Normalizer } from "./nets/normalizer.ts";
export { toPatches } from "./nets/patches.ts";
export {
  buildVocabulary,
  TextEncoder,
  type TextConfig,
  type TextReading,
  type UnknownWords,
} from "./nets/text.ts";

/** Public names of this package. */
export * from "./config.ts";
export * from "./dreamer.ts";
export * from "./imagination.ts";
export * from "./world-model.ts";
export { Dynamics, type DynamicsInput, type DynamicsOutput } from "./nets/dynamics.ts";
export { Tokenizer } from "./nets/tokenizer.ts";
export { isFinished, isRun, loadModel, readConfig, type Lineage } from "./release.ts";
export { trainWorldModel, type TrainOptions, type TrainProgress, type TrainResult } from "./train/trainer.ts";
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

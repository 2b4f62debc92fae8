/** Public names of this package. */
export * from "./config.ts";
export * from "./world-model.ts";
export { Dynamics, type DynamicsInput, type DynamicsOutput } from "./nets/dynamics.ts";
export { Tokenizer } from "./nets/tokenizer.ts";
export { isRun, loadModel, readConfig, type Lineage } from "./release.ts";
export {
  isFinished,
  trainWorldModel,
  type TrainOptions,
  type TrainProgress,
  type TrainResult,
} from "./train/trainer.ts";
export type { TrainingSource } from "./train/latent-store.ts";
export { choosePrecision } from "./train/precision.ts";
export { readMetrics, type MetricLine } from "./train/metrics.ts";
export { asWorld, type DreamWorldOptions } from "./as-world.ts";

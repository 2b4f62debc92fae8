/** What training is made of, for packages that train another kind of network on the same recordings. */
export { readCheckpoint, type Checkpoint, type TrainingState } from "./train/checkpoint.ts";
export { lineageOf, streamFacts } from "./train/facts.ts";
export type { LossFn } from "./train/phase.ts";
export { Session, type SessionOptions, type TrainProgress } from "./train/session.ts";
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

/** Batches of windows for training, and whole episodes for evaluation (Node only). */
export type { ClipShape } from "./assemble.ts";
export type { ClipEpisode, KeptSpans, SkippedEpisode } from "./catalogue.ts";
export {
  episodeFrames,
  loadFrames,
  type EpisodeFrames,
  type EpisodeFramesOptions,
} from "./episode-frames.ts";
export { makeClipLoader, type ClipLoader, type ClipLoaderState, type ClipLoaderStats } from "./loader.ts";
export type { ClipLoaderOptions, ClipSource } from "./options.ts";
export { vectorStats, type VectorStats } from "./stats.ts";

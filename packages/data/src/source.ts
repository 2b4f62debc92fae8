/**
 * What every importer looks like to the store: a source that lists episodes and streams their steps.
 * Memory must not grow with the input, so steps and pictures are pulled one at a time; the source is never written to.
 */
import type { Embodiment, Provenance, Step } from "@orrery/core";
import type { Feature } from "./lerobot/features.ts";
import type { FeatureStats } from "./lerobot/meta.ts";

/** One episode waiting to be read. */
export interface SourceEpisode {
  /** Stable name within the source, so that an interrupted import can go on after it. */
  readonly id: string;
  readonly embodiment: Embodiment;
  /** Instruction or caption; absent where the source has none. */
  readonly task?: string;
  readonly provenance: Provenance;
  /** Opens the steps, in order. Throws a `DataError` at the first step that cannot be read. */
  steps(options?: StepOptions): AsyncIterable<Step>;
  /**
   * What was noticed in the values while the steps were read and left as it was: numbers that are not finite,
   * clocks that jump, pictures that are missing. Complete once `steps()` has ended.
   */
  findings?(): readonly string[];
  /** Taken from the steps where left out. */
  readonly success?: boolean;
  /** Type, shape and names of extra streams, where the source states them; otherwise the first step's arrays decide. */
  readonly features?: readonly Feature[];
  /**
   * The same episode with its cameras still encoded, for sources whose videos can be copied: much faster, and
   * without loss.
   */
  readonly encoded?: EncodedEpisode;
}

export interface StepOptions {
  /**
   * The caller is done with a step's pictures before it asks for the next, so they may lie in memory that is used again.
   * Sources are free to ignore it.
   */
  readonly borrow?: boolean;
}

export interface EncodedEpisode {
  /** By camera name. Frame t counted from `fromSec` belongs to step t. */
  readonly videos: Readonly<Record<string, EncodedVideo>>;
  /** The steps without the pictures of these cameras. */
  steps(): AsyncIterable<Step>;
}

/** A span of a video file. */
export interface EncodedVideo {
  readonly path: string;
  readonly fromSec: number;
  readonly numFrames: number;
  readonly fps: number;
  /** Of these frames, where they are known already. */
  readonly stats?: FeatureStats;
}

/** Something of the source that was left out, and why. Nothing is dropped without one of these. */
export interface Skip {
  readonly what: string;
  readonly reason: string;
}

export interface EpisodeSource {
  /** Format name as the command line knows it: "rlds", "mcap", "video". */
  readonly format: string;
  /** Lists what would be imported without decoding it, for dry runs. */
  describe(): Promise<SourceSummary>;
  /** Yields episodes and skips in a stable order. */
  episodes(): AsyncIterable<SourceEpisode | Skip>;
  close(): Promise<void>;
}

export interface SourceSummary {
  readonly episodes: number;
  /** Frames in all, where the source says so without decoding. */
  readonly frames?: number;
  readonly notes: readonly string[];
  readonly skipped: readonly Skip[];
}

/** Tells a skip from an episode. */
export function isSkip(item: SourceEpisode | Skip): item is Skip {
  return "reason" in item;
}

export interface SourceOptions {
  /** Overrides the guessed stream. */
  readonly stream?: Provenance["stream"];
  /** Free options of one format: topic map, control rate, camera choice. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** One importer: says whether it recognises a path, and opens it. */
export interface SourceFormat {
  readonly name: string;
  /** 0 = no, 1 = certainly; the registry takes the highest. Reads names and first bytes only. */
  recognise(path: string): Promise<number>;
  open(path: string, options: SourceOptions): Promise<EpisodeSource>;
}

/** What a clip loader is asked for, and the checks on it. */
import { ConfigError } from "@orrery/core";
import type { DatasetReader } from "../reader.ts";
import type { Fit, Size } from "../video/index.ts";
import type { KeptSpans } from "./catalogue.ts";

/** One dataset of the mixture. */
export interface ClipSource {
  readonly dataset: DatasetReader;
  /** Episodes to draw from; all where left out. */
  readonly episodes?: readonly number[];
  /** Rows to draw from: no window crosses the end of a span. Whole episodes where left out. */
  readonly spans?: KeptSpans;
  /** Cameras by name, in the order of the clip's V axis; all colour cameras where left out. */
  readonly cameras?: readonly string[];
  /** Share of the windows that come from here; in proportion to the number of windows where no source has one. */
  readonly weight?: number;
}

export interface ClipLoaderOptions {
  readonly sources: readonly ClipSource[];
  /** B */
  readonly batch: number;
  /** T, frames per window. */
  readonly window: number;
  /** H and W of the frames. */
  readonly size: Size;
  /** What to do with pictures of another aspect; "stretch" where left out. */
  readonly fit?: Fit;
  /**
   * Rows from one frame of a window to the next; 1 where left out. The actions of the rows between are kept: a clip's
   * action is then `frameSkip` actions side by side, rewards are summed and successes joined.
   */
  readonly frameSkip?: number;
  readonly seed: number;
  /** Most bytes of decoded frames held at once; 2 GiB where left out. */
  readonly cacheBytes?: number;
  /** Decoding threads; 2 where left out. */
  readonly workers?: number;
}

export type ResolvedOptions = Required<ClipLoaderOptions>;

/** Fills in what was left out. @throws {ConfigError} naming every value out of range */
export function resolveOptions(options: ClipLoaderOptions): ResolvedOptions {
  const resolved: ResolvedOptions = {
    fit: "stretch",
    frameSkip: 1,
    cacheBytes: 2 * 1024 ** 3,
    workers: 2,
    ...options,
  };
  const { batch, window, size, frameSkip, cacheBytes, workers, sources } = resolved;
  const problems: string[] = [];
  const counts = { batch, window, frameSkip, workers, "size.width": size.width, "size.height": size.height };
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isInteger(value) || value < 1)
      problems.push(`${name} must be a whole number of 1 or more, got ${value}`);
  }
  if (!(cacheBytes > 0)) problems.push(`cacheBytes must be above 0, got ${cacheBytes}`);
  if (sources.length === 0) problems.push("sources must name at least one dataset, got none");
  const weights = sources.map(({ weight }) => weight);
  if (weights.some((w) => w !== undefined) && !weights.every((w) => w !== undefined && w > 0)) {
    problems.push(`either no source has a weight or all have one above 0, got ${weights.join(", ")}`);
  }
  if (problems.length > 0) throw new ConfigError("makeClipLoader", problems);
  return resolved;
}

/** Brings episodes of any source into the store, one by one; what is in survives whatever happens next. */
import { existsSync, rmSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { AbortedError, DataError, OrreryError, UsageError, type Provenance } from "@orrery/core";
import { openDataset } from "../open.ts";
import { isSkip, type EpisodeSource, type Skip, type SourceEpisode } from "../source.ts";
import { DatasetWriter } from "./dataset-writer.ts";
import type { EpisodeRecorder, RecordedEpisode, VideoSettings } from "./episode-recorder.ts";
import type { FileLimits } from "./merge.ts";

export interface ImportProgress {
  /** Episodes looked at so far, and in all where the source knows. */
  readonly episodes: number;
  readonly totalEpisodes: number;
  /** Steps taken over so far. */
  readonly frames: number;
}

export interface ImportOptions {
  /** Only say what would be done. */
  readonly dryRun?: boolean;
  readonly video?: VideoSettings;
  readonly licence?: string;
  readonly limits?: Partial<FileLimits>;
  /** Encode again even where videos could be copied, so that all have the store's codec and keyframe spacing. */
  readonly reencode?: boolean;
  /** Leave provenance as it is: for exports, which nobody resumes. */
  readonly keepProvenance?: boolean;
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Stops between two steps; finished episodes are kept and a second import goes on after them. */
  readonly signal?: AbortSignal;
}

export interface ImportReport {
  readonly dataset: string;
  /** Episodes taken over now (or that would be, in a dry run), and those that an earlier import brought. */
  readonly episodes: number;
  readonly alreadyThere: number;
  /** Null in a dry run where the source does not say it without decoding. */
  readonly frames: number | null;
  /** Everything that was left out, with its reason. */
  readonly skipped: readonly Skip[];
  /** What was noticed and kept as it was, per episode or source. */
  readonly notes: readonly string[];
}

/**
 * An import has the machine to itself, unlike a recording, and one encoder thread beside it would leave cores idle. A
 * fixed number, since H.264 comes out a little different with each.
 */
const ENCODER_THREADS = 3;

/** Label that ties an episode to its place in the source. */
export const SOURCE_ID = "source_id";

/**
 * Reads `source` into the dataset at `to`, which is made where it does not exist. The caller closes the source.
 * @throws {DataError} if nothing could be taken over, the disk is full, or the dataset is of another body
 * @throws {AbortedError} if the signal fires
 */
export async function importDataset(
  source: EpisodeSource,
  to: string,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const summary = await source.describe();
  if (options.dryRun) {
    const { episodes, frames = null, notes, skipped } = summary;
    return { dataset: resolve(to), episodes, alreadyThere: 0, frames, skipped, notes };
  }
  const run = new ImportRun(source.format, to, options, summary.episodes);
  try {
    for await (const item of source.episodes()) await run.take(item);
    return run.finish(summary.notes);
  } finally {
    run.close();
  }
}

class ImportRun {
  readonly #format: string;
  readonly #to: string;
  readonly #options: ImportOptions;
  readonly #totalEpisodes: number;
  readonly #skipped: Skip[] = [];
  readonly #notes: string[] = [];
  readonly #wasThere: boolean;
  #known: Set<string> | undefined;
  /** Episodes that this run has met: a second one of the same name could never be told from the first. */
  readonly #now = new Set<string>();
  #writer: DatasetWriter | undefined;
  #seen = 0;
  #taken = 0;
  #alreadyThere = 0;
  #frames = 0;

  constructor(format: string, to: string, options: ImportOptions, totalEpisodes: number) {
    this.#format = format;
    this.#to = resolve(to);
    this.#options = options;
    this.#totalEpisodes = totalEpisodes;
    this.#wasThere = existsSync(this.#to);
  }

  async take(item: SourceEpisode | Skip): Promise<void> {
    if (isSkip(item)) {
      this.#skipped.push(item);
      return;
    }
    this.#assertNotStopped();
    this.#known ??= await knownEpisodes(this.#to);
    this.#seen++;
    const id = identity(item.provenance, `${this.#format}:${item.id}`);
    if (this.#now.has(id))
      this.#skipped.push({
        what: item.id,
        reason: "an episode of this name came before; the first is taken",
      });
    else if (this.#known.has(id)) this.#alreadyThere++;
    else await this.#record(item);
    this.#now.add(id);
    this.#progress();
  }

  finish(notes: readonly string[]): ImportReport {
    if (this.#taken + this.#alreadyThere === 0 && this.#seen > 0) {
      const reasons = this.#skipped.slice(0, 3).map(({ what, reason }) => `${what}: ${reason}`);
      throw new DataError(
        `import ${this.#format}: none of ${this.#seen} episodes could be taken over (${reasons.join("; ")}).`,
      );
    }
    if (this.#seen === 0) {
      throw new DataError(
        `import ${this.#format}: the source must hold at least one episode, found none${this.#skipped[0] ? ` (${this.#skipped[0].what}: ${this.#skipped[0].reason})` : ""}.`,
      );
    }
    return {
      dataset: this.#to,
      episodes: this.#taken,
      alreadyThere: this.#alreadyThere,
      frames: this.#frames,
      skipped: this.#skipped,
      notes: [...notes, ...this.#notes],
    };
  }

  /** Merges what is in; a dataset that was begun for nothing is removed again. */
  close(): void {
    const writer = this.#writer;
    this.#writer = undefined;
    writer?.close();
    if (writer?.numEpisodes === 0 && !this.#wasThere) rmSync(this.#to, { recursive: true, force: true });
  }

  async #record(item: SourceEpisode): Promise<void> {
    this.#writer ??= await this.#openWriter(item);
    const recorder = this.#writer.recorder();
    try {
      const recorded = await this.#readSteps(recorder, item);
      this.#writer.append(recorded);
      this.#taken++;
      this.#frames += recorded.length;
      for (const finding of item.findings?.() ?? []) this.#notes.push(`${item.id}: ${finding}`);
    } catch (error) {
      recorder.abort();
      // Our own side failing, such as a full disk, must not pass for a bad episode.
      const isOurs = error instanceof DataError && error.path?.startsWith(this.#writer.root + sep);
      if (isOurs || error instanceof AbortedError || !(error instanceof OrreryError)) throw error;
      this.#skipped.push({ what: item.id, reason: error.message });
    }
  }

  #openWriter({ embodiment }: SourceEpisode): Promise<DatasetWriter> {
    const { video, licence, limits } = this.#options;
    return DatasetWriter.open(this.#to, {
      embodiment,
      video: { threads: ENCODER_THREADS, ...video },
      ...(licence === undefined ? {} : { licence }),
      ...(limits ? { limits } : {}),
    });
  }

  async #readSteps(recorder: EpisodeRecorder, item: SourceEpisode): Promise<RecordedEpisode> {
    if (item.features) recorder.declare(item.features);
    const { encoded } = item;
    const isCopied = encoded !== undefined && !this.#options.reencode && attachAll(recorder, item);
    if (!isCopied && item.features) recorder.declare(item.features);
    for await (const step of isCopied ? encoded.steps() : item.steps({ borrow: true })) {
      this.#assertNotStopped();
      recorder.add(step);
    }
    const { licence, keepProvenance } = this.#options;
    const id = { [SOURCE_ID]: `${this.#format}:${item.id}` };
    const provenance: Provenance = {
      ...item.provenance,
      ...(licence === undefined ? {} : { licence }),
      ...(keepProvenance ? {} : { labels: { ...item.provenance.labels, ...id } }),
    };
    return recorder.finish({
      provenance,
      ...(item.task === undefined ? {} : { task: item.task }),
      ...(item.success === undefined ? {} : { success: item.success }),
    });
  }

  #assertNotStopped(): void {
    if (!this.#options.signal?.aborted) return;
    throw new AbortedError(
      `import: stopped; ${this.#taken} episodes are in ${this.#to}. Run the same command again to go on after them.`,
    );
  }

  #progress(): void {
    this.#options.onProgress?.({
      episodes: this.#seen,
      totalEpisodes: this.#totalEpisodes,
      frames: this.#frames,
    });
  }
}

/** Copies all of an episode's videos, or none: a video that must be encoded anyway would be decoded with the rest. */
function attachAll(recorder: EpisodeRecorder, { encoded }: SourceEpisode): boolean {
  for (const [camera, video] of Object.entries(encoded?.videos ?? {})) {
    if (recorder.attachVideo(camera, video)) continue;
    recorder.abort();
    return false;
  }
  return true;
}

/** Episodes that an earlier import brought. */
async function knownEpisodes(to: string): Promise<Set<string>> {
  if (!existsSync(join(to, "meta/info.json"))) return new Set();
  const reader = await openDataset(to);
  return new Set(
    reader.episodes.map(({ provenance }) => identity(provenance, String(provenance.labels?.[SOURCE_ID]))),
  );
}

function identity({ source }: Partial<Provenance>, id: string): string {
  return `${source ?? ""}\n${id}`;
}

/**
 * Refuses a destination inside its own source, which would grow while it is read.
 * @throws {UsageError} if `to` is `from` or lies inside it
 */
export function assertApart(from: string, to: string): void {
  const [source, target] = [resolve(from), resolve(to)];
  if (target === source || target.startsWith(source + sep)) {
    throw new UsageError(
      `import: the destination must lie outside the source ${source}, got ${target}. Choose another folder.`,
    );
  }
}

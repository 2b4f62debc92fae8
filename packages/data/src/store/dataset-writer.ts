/**
 * Writes LeRobotDataset v3.0. Finished episodes are staged one by one, each by a single rename, and merged into big
 * files when there are enough of them or at `close`. The merge takes effect with the rename of one episodes table.
 * So a crash at any moment loses at most the episode being recorded, and what is on disk opens.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { DataError, messageOf, type Embodiment } from "@orrery/core";
import { cureFor, syncFolder, takeLock, writeFileAtomic, writeJsonAtomic } from "@orrery/core/node";
import { FolderFiles } from "../files-node.ts";
import { EMBODIMENT_PATH } from "../lerobot/embodiment.ts";
import { assertSameFeatures, completeFeatures, featuresJson } from "../lerobot/feature-set.ts";
import { isCamera, type Feature } from "../lerobot/features.ts";
import {
  readStaged,
  STAGING,
  stagedFeatures,
  stagedFolder,
  type StagedEntry,
  type StagedEpisode,
} from "../lerobot/staged.ts";
import { Problems } from "../problems.ts";
import { nestStats } from "../stats.ts";
import { datasetCard } from "./card.ts";
import { addStats, assertSameBody, readCommitted, type Committed } from "./committed.ts";
import { EpisodeRecorder, type RecordedEpisode, type VideoSettings } from "./episode-recorder.ts";
import { firstFreePlace, namesIn, placePath, placesIn } from "./layout.ts";
import { mergeStaged, videoInfo, type FileLimits } from "./merge.ts";
import { emptyInfo } from "./new-info.ts";
import { episodesTable, tasksTable } from "./tables.ts";

export interface WriterOptions {
  readonly embodiment: Embodiment;
  /** Frames per second; the embodiment's control rate where left out. */
  readonly fps?: number;
  readonly video?: VideoSettings;
  /** Shown on the dataset's card. */
  readonly licence?: string;
  /** Files are begun anew past these sizes; LeRobot's own limits where left out. */
  readonly limits?: Partial<FileLimits>;
}

const DEFAULT_LIMITS: FileLimits = { chunksSize: 1000, dataBytes: 100e6, videoBytes: 200e6 };

export class DatasetWriter {
  readonly root: string;
  readonly #options: WriterOptions;
  readonly #limits: FileLimits;
  readonly #unlock: () => void;
  #committed: Committed;
  #staged: StagedEntry[];
  #isOpen = true;

  private constructor(
    root: string,
    options: WriterOptions,
    unlock: () => void,
    state: { committed: Committed; staged: StagedEntry[] },
  ) {
    this.root = root;
    this.#options = options;
    this.#unlock = unlock;
    this.#committed = state.committed;
    this.#staged = state.staged;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits, chunksSize: state.committed.info.chunksSize };
  }

  /**
   * Makes a dataset, or opens one of ours to append to. Episodes that a crash left unmerged are kept.
   * @throws {DataError} if the folder holds something else, is being written, or records another body or rate
   */
  static async open(path: string, options: WriterOptions): Promise<DatasetWriter> {
    const root = resolve(path);
    const isEmpty = !existsSync(join(root, "meta/info.json")) && holdsNothing(root);
    if (!isEmpty && !existsSync(join(root, "meta/info.json"))) {
      throw new DataError(
        `openDatasetWriter: ${root} must be a dataset or an empty folder, it holds other files. Choose another name.`,
        { path: root },
      );
    }
    const unlock = takeLock(join(root, STAGING, "lock"), "openDatasetWriter", root);
    try {
      const fps = options.fps ?? options.embodiment.controlRateHz;
      if (isEmpty) writeNewDataset(root, options.embodiment, fps, { ...DEFAULT_LIMITS, ...options.limits });
      const { committed, isStale } = await readCommitted(root);
      assertSameBody(root, committed.info, options.embodiment, fps);
      const staged = await readOwnStaged(root, committed.numEpisodes);
      const writer = new DatasetWriter(root, options, unlock, { committed, staged });
      if (isStale) writer.#writeSummaries(committed);
      return writer;
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** Where recorders put the episodes that this writer is to append: pass it to worker threads. */
  get recordingFolder(): string {
    return join(this.root, STAGING, "recording");
  }

  /** Episodes in the dataset, those not yet merged included. */
  get numEpisodes(): number {
    return this.#committed.numEpisodes + this.#staged.length;
  }

  /** A recorder for this thread; workers make their own with `recordingFolder`. */
  recorder(): EpisodeRecorder {
    const { embodiment, video } = this.#options;
    const { fps } = this.#committed.info;
    return new EpisodeRecorder({
      folder: this.recordingFolder,
      embodiment,
      fps,
      ...(video ? { video } : {}),
    });
  }

  /**
   * Adds a recorded episode as the next one; from then on it survives a crash. The recording's folder is taken over.
   * @returns its index
   * @throws {DataError} if it does not fit the dataset's features; the recording is then left where it is
   */
  append(recorded: RecordedEpisode): number {
    if (!this.#isOpen) {
      throw new DataError(`DatasetWriter.append: ${this.root} is closed already.`, { path: this.root });
    }
    const episode = JSON.parse(readFileSync(join(recorded.folder, "episode.json"), "utf8")) as StagedEpisode;
    const isFixed = this.#committed.numEpisodes > 0;
    assertSameFeatures(this.root, this.#features(), completeFeatures(stagedFeatures([episode])), isFixed);
    const index = this.numEpisodes;
    const folder = stagedFolder(index);
    try {
      renameSync(recorded.folder, join(this.root, folder));
      syncFolder(join(this.root, STAGING));
    } catch (error) {
      throw new DataError(
        `DatasetWriter.append: could not move ${recorded.folder} to ${folder} (${messageOf(error)}). Record into the writer's recordingFolder. ${cureFor(error)}`,
        { path: this.root, cause: error },
      );
    }
    this.#staged.push({ folder, index, episode });
    if (this.#stagedBytes() >= Math.min(this.#limits.videoBytes, this.#limits.dataBytes)) this.flush();
    return index;
  }

  /**
   * Merges staged episodes into the dataset's files, so that other tools see them.
   * @throws {DataError} if the disk is full; the staged episodes are then kept for the next try
   */
  flush(): void {
    const staged = this.#staged;
    if (staged.length === 0) return;
    const before = this.#committed;
    const features = this.#features();
    const tasks = withTasks(before.tasks, staged);
    const rows = mergeStaged({
      root: this.root,
      staged,
      features,
      tasks,
      firstRow: before.numFrames,
      limits: this.#limits,
    });
    const after: Committed = {
      info: { ...before.info, features },
      numEpisodes: before.numEpisodes + rows.length,
      numFrames: before.numFrames + rows.reduce((sum, { length }) => sum + length, 0),
      tasks,
      stats: rows.reduce((total, row) => addStats(total, row.stats), before.stats),
    };
    // Features and tasks first: a table of episodes must never be there without them.
    if (before.numEpisodes === 0) this.#writeInfo({ ...after, numEpisodes: 0, numFrames: 0 });
    writeFileAtomic(join(this.root, "meta/tasks.parquet"), tasksTable(tasks));
    const tables = join(this.root, "meta/episodes");
    const place = firstFreePlace(tables, this.#limits.chunksSize);
    writeFileAtomic(join(tables, placePath(place, ".parquet")), episodesTable(rows, features, place));
    // The episodes are in. Everything below can be made again from what is on disk.
    this.#committed = after;
    this.#staged = [];
    this.#writeSummaries(after);
    for (const { folder } of staged) rmSync(join(this.root, folder), { recursive: true, force: true });
  }

  /** Merges what is staged and gives the dataset free for others. Harmless when called twice. */
  close(): void {
    if (!this.#isOpen) return;
    try {
      this.flush();
      rmSync(join(this.root, STAGING), { recursive: true, force: true });
    } finally {
      this.#isOpen = false;
      this.#unlock();
    }
  }

  /** Features fixed by what is merged, or collected from what is staged so far. */
  #features(): readonly Feature[] {
    if (this.#committed.numEpisodes > 0) return this.#committed.info.features;
    return completeFeatures(stagedFeatures(this.#staged.map(({ episode }) => episode)));
  }

  #stagedBytes(): number {
    let bytes = 0;
    for (const { episode } of this.#staged) {
      bytes += episode.bytes + episode.videos.reduce((sum, video) => sum + video.bytes, 0);
    }
    return bytes;
  }

  /** What can be derived from the tables: statistics, totals, the card. */
  #writeSummaries(committed: Committed): void {
    const { info, stats } = committed;
    const nested = info.features.flatMap((feature) => {
      const own = stats[feature.name];
      return own ? [[feature.name, nestStats(own, isCamera(feature))]] : [];
    });
    writeJsonAtomic(join(this.root, "meta/stats.json"), Object.fromEntries(nested));
    const { licence, embodiment } = this.#options;
    const card = datasetCard({
      name: basename(this.root),
      embodiment,
      fps: info.fps,
      total: { episodes: committed.numEpisodes, frames: committed.numFrames, tasks: committed.tasks.length },
      features: info.features,
      ...(licence === undefined ? {} : { licence }),
    });
    writeFileAtomic(join(this.root, "README.md"), card);
    // Totals last: they say that all the rest is there.
    this.#writeInfo(committed);
  }

  #writeInfo({ info, numEpisodes, numFrames, tasks }: Committed): void {
    const claims = (key: string): Record<string, unknown> => {
      const file = placesIn(join(this.root, "videos", key)).at(-1);
      return file ? videoInfo(file.path) : {};
    };
    writeJsonAtomic(join(this.root, "meta/info.json"), {
      ...info.raw,
      total_episodes: numEpisodes,
      total_frames: numFrames,
      total_tasks: tasks.length,
      splits: { train: `0:${numEpisodes}` },
      features: featuresJson(info.features, info.fps, claims),
    });
  }
}

/** Makes a v3.0 dataset at `path`, or opens one of ours to append to. See `DatasetWriter.open`. */
export function openDatasetWriter(path: string, options: WriterOptions): Promise<DatasetWriter> {
  return DatasetWriter.open(path, options);
}

/** Files of a new dataset before `info.json`, which makes it one. */
const BEGINNINGS = ["embodiment.json", "tasks.parquet"];

/** True for an empty folder, and for one where the making of a dataset was cut short, which is then begun anew. */
function holdsNothing(root: string): boolean {
  const isBeginning = (name: string): boolean => BEGINNINGS.includes(name) || name.endsWith(".tmp");
  return (
    namesIn(root).every((name) => name === STAGING || name === "meta") &&
    namesIn(join(root, "meta")).every(isBeginning)
  );
}

function writeNewDataset(root: string, embodiment: Embodiment, fps: number, limits: FileLimits): void {
  mkdirSync(join(root, "meta"), { recursive: true });
  writeJsonAtomic(join(root, EMBODIMENT_PATH), embodiment);
  writeFileAtomic(join(root, "meta/tasks.parquet"), tasksTable([]));
  writeJsonAtomic(join(root, "meta/info.json"), emptyInfo(embodiment.name, fps, limits));
}

/** Episodes that a crash left unmerged. They follow the merged ones without a gap, or something was deleted. */
async function readOwnStaged(root: string, firstIndex: number): Promise<StagedEntry[]> {
  const problems = new Problems();
  const staged = await readStaged(new FolderFiles(root), firstIndex, problems);
  const gap = staged.findIndex((entry, i) => entry.index !== firstIndex + i);
  const [broken] = problems.list;
  if (gap < 0 && !broken) return staged;
  const found = broken ? `${broken.where}: ${broken.message}` : `the next one is ${staged[gap]?.folder}`;
  throw new DataError(
    `openDatasetWriter: ${root} must hold ${stagedFolder(firstIndex + Math.max(0, gap))}, ${found}. Restore the folder, or delete the staged episodes after it.`,
    { path: root },
  );
}

/** LeRobot wants a task for every episode, so one without has the empty text. */
function withTasks(known: readonly string[], staged: readonly StagedEntry[]): string[] {
  const tasks = new Set(known);
  for (const { episode } of staged)
    for (const task of episode.tasks.length > 0 ? episode.tasks : [""]) tasks.add(task);
  return [...tasks];
}

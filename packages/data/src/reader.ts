/**
 * LeRobotDataset v3.0, v2.1 and v2.0 behind one interface. Opening reads metadata only; rows come episode by
 * episode. What is wrong is collected in `problems` and survived wherever some of the data can still be used.
 */
import { DataError, type Embodiment } from "@orrery/core";
import { assembleColumns, type ColumnSet } from "./assemble.ts";
import type { Column } from "./column.ts";
import type { EpisodeColumns, EpisodeInfo } from "./episode-info.ts";
import { Listing, type DatasetFiles } from "./files.ts";
import { cameraName, isCamera, type Feature } from "./lerobot/features.ts";
import { readInfo, type DatasetInfo } from "./lerobot/info.ts";
import { parseStatsFile, type DatasetMeta, type EpisodeEntry, type StatsByFeature } from "./lerobot/meta.ts";
import { readMetaV2 } from "./lerobot/meta-v2.ts";
import { readMetaV3 } from "./lerobot/meta-v3.ts";
import { RowStore } from "./lerobot/rows.ts";
import { bookkeeping, decodeStagedColumns, readStaged, type StagedEntry } from "./lerobot/staged.ts";
import { compareTotals, findEpisodes, noteFloat64, readEmbodiment, withStaged } from "./opening.ts";
import { Problems, type Problem } from "./problems.ts";

/** One camera as declared. */
export interface CameraInfo {
  /** "top" for the feature "observation.images.top". */
  readonly name: string;
  /** Feature key. */
  readonly key: string;
  readonly kind: "video" | "pictures";
  readonly width: number;
  readonly height: number;
  readonly codec?: string;
  /** Depth maps are listed, but are no RGB pictures. */
  readonly isDepth: boolean;
}

interface Parts {
  readonly files: DatasetFiles;
  readonly info: DatasetInfo;
  readonly meta: DatasetMeta;
  readonly staged: readonly StagedEntry[];
  readonly embodiment: Embodiment;
  readonly episodes: readonly EpisodeInfo[];
  readonly problems: Problems;
}

export class DatasetReader {
  readonly files: DatasetFiles;
  readonly info: DatasetInfo;
  readonly embodiment: Embodiment;
  readonly cameras: readonly CameraInfo[];
  /** Task texts by task index. */
  readonly tasks: readonly string[];
  /** In order of index. Check `readable` before reading: metadata may list episodes whose rows are missing. */
  readonly episodes: readonly EpisodeInfo[];
  readonly #meta: DatasetMeta;
  readonly #entries: ReadonlyMap<number, EpisodeEntry>;
  readonly #rows: RowStore;
  readonly #staged: ReadonlyMap<number, StagedEntry>;
  readonly #problems: Problems;

  private constructor({ files, info, meta, staged, embodiment, episodes, problems }: Parts) {
    this.#staged = new Map(staged.map((entry) => [entry.index, entry]));
    this.files = files;
    this.info = info;
    this.embodiment = embodiment;
    this.cameras = info.features.filter(isCamera).map(cameraInfo);
    this.tasks = meta.tasks;
    this.episodes = episodes;
    this.#meta = meta;
    this.#entries = new Map(meta.episodes.map((entry) => [entry.index, entry]));
    this.#problems = problems;
    const columns = info.features.filter((feature) => !isCamera(feature));
    this.#rows = new RowStore(files, columns, problems);
  }

  /** Opens a dataset anywhere; see `openDataset` for a folder. @throws {DataError} if it is none */
  static async open(files: DatasetFiles): Promise<DatasetReader> {
    const problems = new Problems();
    const listing = new Listing(files);
    const merged = await readInfo(files, problems);
    const readMeta = merged.version === "v3.0" ? readMetaV3 : readMetaV2;
    const mergedMeta = await readMeta(files, listing, merged, problems);
    compareTotals(merged, mergedMeta, problems);
    const staged =
      merged.version === "v3.0" ? await readStaged(files, mergedMeta.episodes.length, problems) : [];
    const { info, meta } = withStaged(merged, mergedMeta, staged, problems);
    noteFloat64(info, problems);
    const embodiment = await readEmbodiment(files, listing, info, problems);
    const episodes = await findEpisodes(files, listing, info, meta, problems);
    return new DatasetReader({ files, info, meta, staged, embodiment, episodes, problems });
  }

  get fps(): number {
    return this.info.fps;
  }

  get features(): readonly Feature[] {
    return this.info.features;
  }

  /** What was found wrong so far; reading episodes may add to it. */
  get problems(): readonly Problem[] {
    return this.#problems.list;
  }

  /** Frames of the episodes that can be read. */
  get numFrames(): number {
    return this.episodes.reduce((sum, episode) => sum + (episode.readable ? episode.length : 0), 0);
  }

  /**
   * State, action and the rest of one episode.
   * `length` can be less than the episode's claimed length where the file holds fewer rows.
   * @throws {DataError} if there is no such episode or its rows cannot be read
   */
  async readEpisode(index: number): Promise<EpisodeColumns> {
    return assembleColumns(await this.readColumns(index), this.#problems);
  }

  /** The same rows by feature, in the dtype they are stored in; for checks and exports. */
  async readColumns(index: number): Promise<ColumnSet> {
    const entry = this.#entry(index);
    const staged = this.#staged.get(index);
    const { path, from, to } = await this.#span(entry);
    const columns = staged ? await this.#readStagedRows(staged) : await this.#rows.read(path, from, to);
    for (const feature of this.features) {
      if (isCamera(feature) || columns.has(feature.name) || staged) continue;
      this.#problems.add(
        "warning",
        path,
        `declared feature "${feature.name}" must be a column, it is missing.`,
        "Nothing, if you do not need it.",
      );
    }
    return {
      episode: index,
      length: to - from,
      fps: this.fps,
      features: this.features,
      tasks: this.tasks,
      taskTexts: entry.tasks,
      columns,
    };
  }

  /** Encoded pictures (PNG, JPEG) of a camera that is kept in the rows, for rows [from, to) of the episode. */
  async readPictures(index: number, camera: string, from = 0, to = Infinity): Promise<Uint8Array[]> {
    const info = this.cameras.find((candidate) => candidate.name === camera && candidate.kind === "pictures");
    if (!info)
      throw new DataError(
        `readPictures: ${this.files.root} must keep camera "${camera}" in its rows, it has ${this.cameras.map((c) => `${c.name} (${c.kind})`).join(", ") || "no cameras"}.`,
      );
    const span = await this.#span(this.#entry(index));
    return this.#rows.readPictures(span.path, info.key, span.from + from, Math.min(span.to, span.from + to));
  }

  /** Statistics of one episode, null where the dataset has none. */
  episodeStats(index: number): Promise<StatsByFeature | null> {
    return this.#meta.episodeStats(index);
  }

  /** Statistics over the whole dataset (meta/stats.json), null where it has none that can be read. */
  async stats(): Promise<StatsByFeature | null> {
    const path = "meta/stats.json";
    if (!(await this.files.list("meta")).includes("stats.json")) return null;
    try {
      return parseStatsFile(await this.files.text(path));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const cure = "Compute the statistics anew; nothing here needs them.";
      this.#problems.add("error", path, `it must be JSON (${error.message}).`, cure);
      return null;
    }
  }

  /** True for an episode that waits to be merged: the dataset's totals and statistics do not count it yet. */
  isStaged(index: number): boolean {
    return this.#staged.has(index);
  }

  /** True where a writer of ours was stopped between listing episodes and summing them up. */
  get isInterrupted(): boolean {
    const merged = this.episodes.length - this.#staged.size;
    return this.info.raw["orrery"] !== undefined && this.info.claimed.episodes !== merged;
  }

  /** Names of the parquet columns behind an episode, for checks. */
  async storedColumns(index: number): Promise<readonly string[]> {
    const { path } = await this.#span(this.#entry(index));
    return this.#staged.has(index)
      ? this.features.map((feature) => feature.name)
      : (await this.#rows.file(path)).columns;
  }

  /** Where the metadata says an episode is, relative to the dataset. */
  entry(index: number): EpisodeEntry {
    return this.#entry(index);
  }

  async #readStagedRows({ folder, index, episode }: StagedEntry): Promise<ReadonlyMap<string, Column>> {
    const path = `${folder}/columns.bin`;
    const bytes = await (await this.files.open(path)).slice(0);
    const before = this.episodes
      .filter((other) => other.index < index)
      .reduce((sum, { length }) => sum + length, 0);
    const task = this.tasks.indexOf(episode.tasks[0] ?? "");
    return new Map([
      ...decodeStagedColumns(this.files.locate(path), episode, bytes),
      ...bookkeeping(index, before, episode.length, this.fps, task),
    ]);
  }

  #entry(index: number): EpisodeEntry {
    const entry = this.#entries.get(index);
    if (entry) return entry;
    const last = this.episodes.at(-1)?.index ?? -1;
    throw new DataError(
      `readEpisode: episode must be one of 0 to ${last}, got ${index} (${this.files.root}).`,
    );
  }

  /** Rows of an episode inside its file, checked against the file's own episode_index where offsets can be wrong. */
  async #span(entry: EpisodeEntry): Promise<{ path: string; from: number; to: number }> {
    const { path, from } = entry.rows;
    if (this.#staged.has(entry.index)) return { path, from, to: entry.length };
    const file = await this.#rows.file(path);
    if (this.info.version !== "v3.0") {
      if (file.numRows !== entry.length) {
        this.#problems.add(
          "warning",
          `episode ${entry.index}`,
          `the metadata counts ${entry.length} rows, ${path} has ${file.numRows}; the file is believed.`,
          "Correct meta/episodes.jsonl.",
        );
      }
      return { path, from: 0, to: file.numRows };
    }
    const span = { path, from, to: from + entry.length };
    const index = (await this.#rows.read(path, span.from, Math.min(span.to, file.numRows))).get(
      "episode_index",
    );
    if (
      !index ||
      (index.data.length === entry.length && Array.from(index.data, Number).every((i) => i === entry.index))
    ) {
      return { ...span, to: Math.min(span.to, file.numRows) };
    }
    const found = await this.#rows.locate(path, entry.index);
    if (!found) {
      throw new DataError(
        `readEpisode: ${path} must hold the rows of episode ${entry.index}, none of its ${file.numRows} rows does. Fetch the file again.`,
        { path },
      );
    }
    this.#problems.add(
      "warning",
      `episode ${entry.index}`,
      `meta/episodes says rows ${span.from} to ${span.to} of ${path}, they are ${found.from} to ${found.to}; the file is believed.`,
      "Correct meta/episodes.",
    );
    return { path, ...found };
  }
}

function cameraInfo(feature: Feature): CameraInfo {
  const [height = 0, width = 0] = feature.shape;
  return {
    name: cameraName(feature.name),
    key: feature.name,
    kind: feature.dtype === "video" ? "video" : "pictures",
    width,
    height,
    ...(feature.video?.codec ? { codec: feature.video.codec } : {}),
    isDepth: feature.video?.isDepth ?? false,
  };
}

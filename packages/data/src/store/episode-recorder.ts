/**
 * Records one episode after another, each into a folder of its own that a `DatasetWriter` then takes over by a
 * rename. A recorder needs nothing of the writer but a folder on the same disk, so every worker thread has its own.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  DataError,
  messageOf,
  namesOf,
  ShapeError,
  UsageError,
  widthOf,
  type Embodiment,
  type Image,
  type Provenance,
  type Step,
} from "@orrery/core";
import { cureFor, syncFolder, writeJsonAtomic } from "@orrery/core/node";
import type { Column } from "../column.ts";
import { RECORDED_CLOCK, type Feature } from "../lerobot/features.ts";
import type { FeatureStats } from "../lerobot/meta.ts";
import type { StagedEpisode, StagedVideo } from "../lerobot/staged.ts";
import type { EncodedVideo } from "../source.ts";
import { columnStats } from "../stats.ts";
import { BorrowedImage } from "../video/borrowed.ts";
import type { VideoCodec } from "../video/index.ts";
import { copyTrack, encodeTrack, type CameraTrack } from "./camera-track.ts";
import { ColumnBuffer } from "./column-buffer.ts";
import { syncFile, writeColumns, type WrittenColumns } from "./episode-files.ts";

/** How frames are encoded; the video writer's own defaults hold where left out. */
export interface VideoSettings {
  readonly codec?: VideoCodec;
  readonly gop?: number;
  readonly crf?: number;
  readonly preset?: string;
  readonly chroma?: 420 | 444;
  /** Encoder threads of each camera; the encoded bytes depend on the number, and on nothing else of the machine. */
  readonly threads?: number;
}

export interface RecorderOptions {
  /** Where episodes are put while they are recorded: `DatasetWriter.recordingFolder`. */
  readonly folder: string;
  readonly embodiment: Embodiment;
  /** Frames per second of the dataset. */
  readonly fps: number;
  readonly video?: VideoSettings;
}

/** What is known of an episode once it has ended. */
export interface EpisodeEnding {
  /** Instruction; several where the episode has several. */
  readonly task?: string | readonly string[];
  readonly provenance: Provenance;
  /** Taken from the steps where left out: true if any step succeeded. */
  readonly success?: boolean;
}

/** An episode ready for `DatasetWriter.append`. Plain data, so it can be posted between threads. */
export interface RecordedEpisode {
  readonly folder: string;
  readonly length: number;
  readonly success?: boolean;
  /** Rows that hold a NaN or an infinity in some column; they are kept as they are. */
  readonly nonFiniteRows: number;
}

/** The clock of a step may differ from frame over rate by this much before it is kept as a column of its own. */
const CLOCK_TOLERANCE_SEC = 1e-4;

export class EpisodeRecorder {
  readonly #options: RecorderOptions;
  readonly #stateWidth: number;
  readonly #actionWidth: number;
  #folder: string | null = null;
  #length = 0;
  #columns = new Map<string, ColumnBuffer>();
  #tracks = new Map<string, CameraTrack>();
  #declared: ReadonlyMap<string, Feature> = new Map();

  constructor(options: RecorderOptions) {
    if (!(options.fps > 0)) throw new UsageError(`EpisodeRecorder: fps must be above 0, got ${options.fps}.`);
    this.#options = options;
    this.#stateWidth = widthOf(options.embodiment.state);
    this.#actionWidth = widthOf(options.embodiment.action);
  }

  /** Steps of the episode so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * States type, shape and names of extra streams of the next episode; without it the first step's arrays decide.
   * Call before its first step.
   */
  declare(features: readonly Feature[]): void {
    this.#declared = new Map(features.map((feature) => [feature.name, feature]));
  }

  /**
   * Gives the next episode a camera whose video exists already; its steps then come without that camera's pictures.
   * @returns false where the video cannot be copied without encoding: decode it and pass pictures instead
   * @throws {DataError} if the video is damaged or the disk is full
   */
  attachVideo(camera: string, video: EncodedVideo): boolean {
    this.#folder ??= this.#makeFolder();
    const track = copyTrack(this.#folder, camera, video);
    if (track) this.#tracks.set(camera, track);
    return track !== null;
  }

  /**
   * Takes one step; everything is copied. Parts that a step lacks are kept as absent.
   * @throws {ShapeError} if state or action do not fit the embodiment
   * @throws {DataError} if a camera comes and goes within the episode, or the disk is full
   */
  add(step: Step): void {
    this.#folder ??= this.#makeFolder();
    const t = this.#length;
    const { embodiment, fps } = this.#options;
    if (step.state)
      this.#vector("observation.state", step.state, this.#stateWidth, () => namesOf(embodiment.state), t);
    if (step.action)
      this.#vector("action", step.action, this.#actionWidth, () => namesOf(embodiment.action), t);
    if (step.reward !== undefined) this.#column("next.reward", "float32", 1, null).set(t, [step.reward]);
    if (step.done !== undefined) this.#column("next.done", "bool", 1, null).set(t, [step.done ? 1 : 0]);
    if (step.success !== undefined)
      this.#column("next.success", "bool", 1, null).set(t, [step.success ? 1 : 0]);
    const clock = step.timestampSec ?? t / fps;
    // Sources keep seconds as float32, which grows coarser than the tolerance in long episodes.
    const tolerance = CLOCK_TOLERANCE_SEC + (t / fps) * 2 ** -23;
    if (this.#columns.has(RECORDED_CLOCK) || Math.abs(clock - t / fps) > tolerance) {
      // The first steps may have been on time; their clock is filled in when the first late one comes.
      const isNew = !this.#columns.has(RECORDED_CLOCK);
      const column = this.#column(RECORDED_CLOCK, "float64", 1, null);
      if (isNew) for (let i = 0; i < t; i++) column.set(i, [i / fps]);
      column.set(t, [clock]);
    }
    for (const [name, values] of Object.entries(step.extra ?? {})) this.#extra(name, values, t);
    this.#pictures(step, t);
    this.#length++;
  }

  /**
   * Ends the episode and makes it durable. The recorder is then ready for the next one.
   * @throws {DataError} if there was no step, or the disk is full; the episode is then dropped
   */
  finish(ending: EpisodeEnding): RecordedEpisode {
    const folder = this.#folder;
    if (!folder || this.#length === 0)
      throw new DataError("EpisodeRecorder.finish: the episode must have at least one step, got none.");
    try {
      const videos = this.#closeTracks(folder);
      const columns = [...this.#columns.values()].map((buffer) => buffer.finish(this.#length));
      const episode = this.#describe(columns, videos, ending, writeColumns(folder, this.#columns, columns));
      writeJsonAtomic(join(folder, "episode.json"), episode);
      syncFolder(folder);
      const { length, success } = episode;
      const nonFiniteRows = countNonFinite(columns, this.#columns);
      this.#forget();
      return { folder, length, ...(success === undefined ? {} : { success }), nonFiniteRows };
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /** Drops the episode being recorded; harmless when there is none. */
  abort(): void {
    const folder = this.#folder;
    for (const track of this.#tracks.values()) track.abort();
    this.#forget();
    if (folder) rmSync(folder, { recursive: true, force: true });
  }

  #makeFolder(): string {
    try {
      mkdirSync(this.#options.folder, { recursive: true });
      return mkdtempSync(join(this.#options.folder, "episode-"));
    } catch (error) {
      throw new DataError(
        `EpisodeRecorder: could not make a folder in ${this.#options.folder} (${messageOf(error)}). ${cureFor(error)}`,
        { path: this.#options.folder, cause: error },
      );
    }
  }

  #vector(name: string, values: ArrayLike<number>, width: number, names: () => string[], t: number): void {
    if (values.length !== width) {
      throw new ShapeError(
        "EpisodeRecorder.add",
        `step ${t}, ${name}`,
        `[${width}]`,
        [values.length],
        "The embodiment says how wide it is.",
      );
    }
    this.#column(name, "float32", width, names).set(t, values);
  }

  #extra(name: string, values: ArrayLike<number>, t: number): void {
    // "/" separates the parts of column names in LeRobot's tables, so no feature may hold one.
    const key = name.replace(/\/+/g, ".").replace(/^\./, "");
    const declared = this.#declared.get(key);
    const column = this.#column(
      key,
      declared?.dtype ?? dtypeOf(values),
      declared?.width ?? values.length,
      () => [...(declared?.names ?? [])],
      declared?.shape,
    );
    if (values.length !== column.width) {
      throw new ShapeError(
        "EpisodeRecorder.add",
        `step ${t}, extra "${name}"`,
        `[${column.width}]`,
        [values.length],
        "A stream keeps its width.",
      );
    }
    column.set(t, values);
  }

  #column(
    name: string,
    dtype: string,
    width: number,
    names: (() => string[]) | null,
    shape: readonly number[] = [width],
  ): ColumnBuffer {
    let column = this.#columns.get(name);
    if (!column) {
      const labels = names?.() ?? [];
      column = new ColumnBuffer({ name, dtype, width, shape, names: labels.length > 0 ? labels : null });
      this.#columns.set(name, column);
    }
    return column;
  }

  #pictures(step: Step, t: number): void {
    const names = Object.keys(step.images);
    const expected = [...this.#tracks].filter(([, track]) => track.numFrames === t).map(([name]) => name);
    if (t > 0 && (names.length !== expected.length || !names.every((name) => this.#tracks.has(name)))) {
      throw new DataError(
        `EpisodeRecorder.add: step ${t} must have a picture of each camera of step 0 (${expected.join(", ") || "none"}), got ${names.join(", ") || "none"}. Repeat the last picture, or leave the camera out.`,
      );
    }
    for (const name of names) {
      const image = step.images[name];
      if (image) (this.#tracks.get(name) ?? this.#openTrack(name, image)).add(image);
    }
  }

  #openTrack(name: string, image: Image): CameraTrack {
    const { fps, video } = this.#options;
    const { width, height } = image;
    const colour = image instanceof BorrowedImage ? { colour: image.colour } : {};
    const track = encodeTrack(this.#folder ?? "", name, { width, height, fps, ...video, ...colour });
    this.#tracks.set(name, track);
    return track;
  }

  #closeTracks(folder: string): StagedVideo[] {
    return [...this.#tracks].map(([name, track]) => {
      track.close();
      if (track.numFrames !== this.#length) {
        throw new DataError(
          `EpisodeRecorder.finish: camera "${name}" must have one frame per step (${this.#length}), got ${track.numFrames}. Leave the camera out, or cut the episode.`,
        );
      }
      const { key, file, width, height } = track;
      syncFile(join(folder, file));
      return { key, file, width, height, bytes: statSync(join(folder, file)).size };
    });
  }

  #describe(
    columns: readonly Column[],
    videos: readonly StagedVideo[],
    ending: EpisodeEnding,
    places: WrittenColumns,
  ): StagedEpisode {
    const { task, provenance } = ending;
    const stats: Record<string, FeatureStats> = {};
    for (const column of columns) {
      const result = columnStats(column);
      if (result) stats[column.name] = result;
    }
    for (const track of this.#tracks.values()) {
      const result = track.stats();
      if (result) stats[track.key] = result;
    }
    const outcomes = columns.find((column) => column.name === "next.success")?.data;
    const success = ending.success ?? (outcomes instanceof Uint8Array ? outcomes.includes(1) : undefined);
    return {
      version: 1,
      length: this.#length,
      fps: this.#options.fps,
      tasks: task === undefined ? [] : typeof task === "string" ? [task] : task,
      provenance,
      ...(success === undefined ? {} : { success }),
      columns: places.columns,
      videos,
      stats,
      bytes: places.bytes,
    };
  }

  #forget(): void {
    this.#folder = null;
    this.#length = 0;
    this.#columns = new Map();
    this.#tracks = new Map();
    this.#declared = new Map();
  }
}

/** The typed array says the dtype; plain arrays are float32. */
function dtypeOf(values: ArrayLike<number>): string {
  if (values instanceof Float64Array) return "float64";
  if (values instanceof Int32Array) return "int32";
  if (values instanceof Uint8Array) return "uint8";
  return "float32";
}

function countNonFinite(columns: readonly Column[], buffers: ReadonlyMap<string, ColumnBuffer>): number {
  const rows = new Set<number>();
  for (const { name, mask } of columns) {
    const there = buffers.get(name)?.present;
    for (let t = 0; t < mask.length; t++) if (there?.[t] === 1 && mask[t] === 0) rows.add(t);
  }
  return rows.size;
}

/** What a dataset or a store holds, in numbers for people and for `--json`. Reads metadata only. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DataError, namesOf, UsageError, widthOf, type StatePart } from "@orrery/core";
import { extraFeatures, vectorFeatures } from "./lerobot/embodiment.ts";
import type { Feature } from "./lerobot/features.ts";
import { openDataset } from "./open.ts";
import type { Problem } from "./problems.ts";

/** A vector of an embodiment: how many numbers, and what they are called. */
export interface VectorDescription {
  readonly width: number;
  readonly names: readonly string[];
  /** False where the body has it and no column of the dataset holds it, as in video that was labelled. */
  readonly isRecorded: boolean;
}

export interface CameraDescription {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly codec?: string;
  /** Episodes that have it. */
  readonly episodes: number;
}

export interface DatasetDescription {
  readonly name: string;
  readonly path: string;
  /** "v3.0" and so on. */
  readonly version: string;
  readonly robot: string;
  /** Episodes that can be read; `listed` counts those in the metadata. */
  readonly episodes: number;
  readonly listed: number;
  readonly frames: number;
  readonly fps: number;
  readonly hours: number;
  readonly tasks: readonly string[];
  readonly cameras: readonly CameraDescription[];
  readonly state: VectorDescription;
  readonly action: VectorDescription;
  /** Columns beside these, such as sensors or inferred actions. */
  readonly extra: readonly { readonly name: string; readonly width: number }[];
  /** Episodes per stream; those without one count as "unknown". */
  readonly streams: Readonly<Record<string, number>>;
  readonly licences: readonly string[];
  /** Share of successes among the episodes where somebody said, null where nobody did. */
  readonly successRate: number | null;
  readonly problems: readonly Problem[];
}

/** @throws {DataError} if there is no dataset at `path` */
export async function describeDataset(path: string): Promise<DatasetDescription> {
  const reader = await openDataset(path);
  const usable = reader.episodes.filter((episode) => episode.readable);
  const { state, action } = reader.embodiment;
  const streams: Record<string, number> = {};
  for (const { provenance } of usable) {
    const stream = provenance.stream ?? "unknown";
    streams[stream] = (streams[stream] ?? 0) + 1;
  }
  const judged = usable.filter((episode) => episode.success !== undefined);
  const frames = reader.numFrames;
  return {
    name: resolve(path).split("/").at(-1) ?? path,
    path: resolve(path),
    version: reader.info.version,
    robot: reader.embodiment.name,
    episodes: usable.length,
    listed: reader.episodes.length,
    frames,
    fps: reader.fps,
    hours: frames / reader.fps / 3600,
    tasks: reader.tasks.filter((task) => task !== ""),
    cameras: reader.cameras.map(({ name, width, height, codec }) => ({
      name,
      width,
      height,
      ...(codec === undefined ? {} : { codec }),
      episodes: usable.filter((episode) => episode.cameras[name] !== undefined).length,
    })),
    state: vector(state, reader.features, "observation.state"),
    action: vector(action, reader.features, "action"),
    extra: extraFeatures(reader.features).map(({ name, width }) => ({ name, width })),
    streams,
    licences: [...new Set(usable.flatMap(({ provenance }) => provenance.licence ?? []))],
    successRate:
      judged.length > 0 ? judged.filter((episode) => episode.success).length / judged.length : null,
    problems: reader.problems,
  };
}

function vector(
  parts: readonly StatePart[],
  features: readonly Feature[],
  key: "observation.state" | "action",
): VectorDescription {
  const isRecorded = vectorFeatures(features, key).length > 0;
  return { width: widthOf(parts), names: namesOf(parts), isRecorded };
}

/** A dataset of a store, or why it cannot be opened. */
export type StoreEntry =
  | { readonly name: string; readonly dataset: DatasetDescription }
  | { readonly name: string; readonly error: string };

/**
 * All datasets directly inside a folder, by name.
 * @throws {UsageError} if there is no such folder
 * @throws {DataError} if it cannot be listed
 */
export async function listStore(path: string): Promise<StoreEntry[]> {
  const root = resolve(path);
  if (!existsSync(root))
    throw new UsageError(
      `listStore: ${root} must be a folder of datasets, nothing is there. Check the path.`,
    );
  let names: string[];
  try {
    names = (await readdir(root, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    throw new DataError(
      `listStore: ${root} must be a folder of datasets, it cannot be listed (${String(error)}). Check the path.`,
      { path: root, cause: error },
    );
  }
  const entries: StoreEntry[] = [];
  for (const name of names.sort()) {
    const inside = await readdir(join(root, name, "meta")).catch((): string[] => []);
    if (!inside.includes("info.json")) continue;
    try {
      entries.push({ name, dataset: await describeDataset(join(root, name)) });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      entries.push({ name, error: error.message });
    }
  }
  return entries;
}

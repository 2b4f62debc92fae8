/** The parquet tables of a v3.0 dataset: rows, episodes and tasks, as bytes. */
import type { Provenance } from "@orrery/core";
import { isFiniteRow, type Column } from "../column.ts";
import { isCamera, type Feature } from "../lerobot/features.ts";
import type { FeatureStats } from "../lerobot/meta.ts";
import { ParquetBuilder, type ParquetColumn } from "../parquet/write.ts";
import { nestStats, QUANTILES } from "../stats.ts";
import type { FilePlace } from "./layout.ts";

/** Where an episode's camera frames were put. */
export interface VideoPlace extends FilePlace {
  readonly fromSec: number;
  readonly toSec: number;
}

/** One row of meta/episodes. */
export interface EpisodeRow {
  readonly index: number;
  readonly length: number;
  readonly tasks: readonly string[];
  readonly data: FilePlace;
  readonly fromIndex: number;
  /** By camera key; absent where the episode lacks the camera. */
  readonly videos: Readonly<Record<string, VideoPlace>>;
  readonly stats: Readonly<Record<string, FeatureStats>>;
  readonly provenance: Partial<Provenance>;
  readonly success?: boolean;
}

/** Columns of the data files: features in order, without videos. */
export function dataColumns(features: readonly Feature[]): ParquetColumn[] {
  return features
    .filter((feature) => !isCamera(feature))
    .map(({ name, dtype, shape }) => ({
      name,
      dtype,
      depth: shape.length === 1 && shape[0] === 1 ? 0 : shape.length,
    }));
}

/** One value per row as parquet wants it: null where absent, plain nested arrays for vectors. */
export function columnRows(feature: Feature, column: Column | undefined, length: number): unknown[] {
  if (!column) return Array.from({ length }, () => null);
  const { data, width, mask } = column;
  return Array.from({ length }, (_, t) => {
    // A NaN that was recorded stays in the file; only what was never given is null.
    if (mask[t] === 0 && isFiniteRow(data, t * width, width)) return null;
    const values = Array.from<number | string>(data.slice(t * width, (t + 1) * width));
    if (feature.shape.length === 1 && width === 1) return toLeaf(feature.dtype, values[0]);
    return nest(values, feature.shape);
  });
}

function toLeaf(dtype: string, value: number | string | undefined): unknown {
  return dtype === "bool" ? value === 1 : value;
}

function nest(values: readonly (number | string)[], shape: readonly number[]): unknown[] {
  if (shape.length <= 1) return [...values];
  const [rows = 0, ...rest] = shape;
  const step = values.length / Math.max(1, rows);
  return Array.from({ length: rows }, (_, i) => nest(values.slice(i * step, (i + 1) * step), rest));
}

const STAT_KINDS = ["min", "max", "mean", "std", "count", ...Object.keys(QUANTILES)];

/** meta/episodes/chunk-*\/file-*.parquet. `place` is the table's own place. */
export function episodesTable(
  rows: readonly EpisodeRow[],
  features: readonly Feature[],
  place: FilePlace,
): Uint8Array {
  const columns: ParquetColumn[] = [];
  const values = new Map<string, unknown[]>();
  const add = (name: string, dtype: string, depth: number, get: (row: EpisodeRow) => unknown): void => {
    columns.push({ name, dtype, depth });
    values.set(
      name,
      rows.map((row) => get(row) ?? null),
    );
  };
  add("episode_index", "int64", 0, (row) => row.index);
  add("tasks", "string", 1, (row) => [...row.tasks]);
  add("length", "int64", 0, (row) => row.length);
  add("data/chunk_index", "int64", 0, (row) => row.data.chunk);
  add("data/file_index", "int64", 0, (row) => row.data.file);
  add("dataset_from_index", "int64", 0, (row) => row.fromIndex);
  add("dataset_to_index", "int64", 0, (row) => row.fromIndex + row.length);
  for (const { name } of features.filter(isCamera)) {
    add(`videos/${name}/chunk_index`, "int64", 0, (row) => row.videos[name]?.chunk);
    add(`videos/${name}/file_index`, "int64", 0, (row) => row.videos[name]?.file);
    add(`videos/${name}/from_timestamp`, "float64", 0, (row) => row.videos[name]?.fromSec);
    add(`videos/${name}/to_timestamp`, "float64", 0, (row) => row.videos[name]?.toSec);
  }
  for (const feature of features) {
    if (feature.dtype === "string") continue;
    const nested = rows.map((row) => {
      const stats = row.stats[feature.name];
      return stats ? nestStats(stats, isCamera(feature)) : null;
    });
    for (const kind of STAT_KINDS) {
      const depth = kind !== "count" && isCamera(feature) ? 3 : 1;
      columns.push({
        name: `stats/${feature.name}/${kind}`,
        dtype: kind === "count" ? "int64" : "float64",
        depth,
      });
      values.set(
        `stats/${feature.name}/${kind}`,
        nested.map((stats) => stats?.[kind] ?? null),
      );
    }
  }
  add("meta/episodes/chunk_index", "int64", 0, () => place.chunk);
  add("meta/episodes/file_index", "int64", 0, () => place.file);
  addProvenance(add);
  const builder = new ParquetBuilder(columns);
  builder.addGroup(values, rows.length);
  return builder.finish();
}

/** What the format has no place for; other tools read past columns they do not know. */
function addProvenance(
  add: (name: string, dtype: string, depth: number, get: (row: EpisodeRow) => unknown) => void,
): void {
  add("stream", "string", 0, ({ provenance }) => provenance.stream);
  add("operator", "string", 0, ({ provenance }) => provenance.operator);
  add("licence", "string", 0, ({ provenance }) => provenance.licence);
  add("source", "string", 0, ({ provenance }) => provenance.source);
  add("source_hash", "string", 0, ({ provenance }) => provenance.sourceHash);
  add("seed", "int64", 0, ({ provenance }) => provenance.seed);
  add("labels", "string", 0, ({ provenance }) =>
    provenance.labels ? JSON.stringify(provenance.labels) : null,
  );
  add("success", "bool", 0, (row) => row.success);
}

/** meta/tasks.parquet: a pandas frame whose index is the text. Without the metadata LeRobot would read numbers. */
export function tasksTable(tasks: readonly string[]): Uint8Array {
  const pandas = {
    index_columns: ["task"],
    column_indexes: [
      {
        name: null,
        field_name: null,
        pandas_type: "unicode",
        numpy_type: "object",
        metadata: { encoding: "UTF-8" },
      },
    ],
    columns: [
      {
        name: "task_index",
        field_name: "task_index",
        pandas_type: "int64",
        numpy_type: "int64",
        metadata: null,
      },
      { name: "task", field_name: "task", pandas_type: "unicode", numpy_type: "object", metadata: null },
    ],
    creator: { library: "orrery", version: "0.1.0" },
    pandas_version: "2.2.3",
  };
  const builder = new ParquetBuilder(
    [
      { name: "task_index", dtype: "int64", depth: 0 },
      { name: "task", dtype: "string", depth: 0 },
    ],
    [{ key: "pandas", value: JSON.stringify(pandas) }],
  );
  const values = new Map<string, unknown[]>([
    ["task_index", tasks.map((_, i) => i)],
    ["task", [...tasks]],
  ]);
  builder.addGroup(values, tasks.length);
  return builder.finish();
}

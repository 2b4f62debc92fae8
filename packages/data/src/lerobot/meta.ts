/** What both generations of metadata are read into. */
import { isRecord, STREAMS, type Provenance, type Stream } from "@orrery/core";

/** Statistics of one feature; arrays per number, pictures per channel. Missing ones are absent. */
export interface FeatureStats {
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly count: number;
  readonly q01?: readonly number[];
  readonly q10?: readonly number[];
  readonly q50?: readonly number[];
  readonly q90?: readonly number[];
  readonly q99?: readonly number[];
}

export type StatsByFeature = Readonly<Record<string, FeatureStats>>;

/** Path and span of one camera's frames, relative to the dataset, as the metadata claims it. */
export interface VideoSpan {
  readonly path: string;
  readonly fromSec: number;
  readonly toSec: number;
}

export interface EpisodeEntry {
  readonly index: number;
  readonly length: number;
  readonly tasks: readonly string[];
  readonly provenance: Partial<Provenance>;
  readonly success?: boolean;
  /** Parquet file and first row inside it. */
  readonly rows: { readonly path: string; readonly from: number };
  /** By feature key. */
  readonly videos: Readonly<Record<string, VideoSpan>>;
}

export interface DatasetMeta {
  /** Task text by task index; holes are empty strings. */
  readonly tasks: readonly string[];
  readonly episodes: readonly EpisodeEntry[];
  /** Statistics of one episode, null where there are none. */
  episodeStats(index: number): Promise<StatsByFeature | null>;
}

/** Reads statistics as LeRobot nests them: numbers, or [[[n]], [[n]], [[n]]] for pictures. */
export function parseStats(json: unknown): FeatureStats | null {
  if (typeof json !== "object" || json === null) return null;
  const record = json as Record<string, unknown>;
  const [min, max, mean, std] = ["min", "max", "mean", "std"].map((key) => leaves(record[key]));
  if (!min?.length || !max?.length || !mean?.length || !std?.length) return null;
  const quantiles = ["q01", "q10", "q50", "q90", "q99"]
    .map((key) => [key, leaves(record[key])] as const)
    .filter(([, values]) => values.length > 0);
  return { min, max, mean, std, count: leaves(record["count"])[0] ?? 0, ...Object.fromEntries(quantiles) };
}

/** Reads meta/stats.json; features without usable statistics are left out. */
export function parseStatsFile(text: string): StatsByFeature {
  const json: unknown = JSON.parse(text);
  const out: Record<string, FeatureStats> = {};
  for (const [name, value] of Object.entries(isRecord(json) ? json : {})) {
    const stats = parseStats(value);
    if (stats) out[name] = stats;
  }
  return out;
}

/** All numbers of a nested value, in order; booleans count as 0 and 1. */
export function leaves(value: unknown): number[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap(leaves);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, Number);
  return [Number(value)];
}

/** Indices above this are damage: the list has a place for each index below the highest. */
const MAX_TASK_INDEX = 1e6;

/** Tasks in index order, with empty strings for holes in the numbering. */
export function tasksByIndex(rows: readonly { index: number; text: string }[]): string[] {
  const tasks: string[] = [];
  for (const { index, text } of rows)
    if (Number.isInteger(index) && index >= 0 && index <= MAX_TASK_INDEX) tasks[index] = text;
  return Array.from(tasks, (text) => text ?? "");
}

/** Our own columns of meta/episodes; absent in datasets that others wrote. */
export function parseProvenance(row: Readonly<Record<string, unknown>>): Partial<Provenance> {
  const text = (key: string): string | undefined => (typeof row[key] === "string" ? row[key] : undefined);
  const stream = STREAMS.find((name) => name === row["stream"]) as Stream | undefined;
  const [operator, licence, source, sourceHash] = [
    text("operator"),
    text("licence"),
    text("source"),
    text("source_hash"),
  ];
  const seed = row["seed"];
  const labels = parseLabels(text("labels"));
  return {
    ...(stream ? { stream } : {}),
    ...(operator === undefined ? {} : { operator }),
    ...(licence === undefined ? {} : { licence }),
    ...(source === undefined ? {} : { source }),
    ...(sourceHash === undefined ? {} : { sourceHash }),
    ...(typeof seed === "number" || typeof seed === "bigint" ? { seed: Number(seed) } : {}),
    ...(labels ? { labels } : {}),
  };
}

function parseLabels(json: string | undefined): Provenance["labels"] | undefined {
  if (json === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return isRecord(value) ? (value as NonNullable<Provenance["labels"]>) : undefined;
  } catch {
    return { unparsed: json };
  }
}

/** The inverse of `parseProvenance`, for formats that keep a line of JSON per episode. */
export function provenanceJson({
  sourceHash,
  labels,
  ...rest
}: Partial<Provenance>): Record<string, unknown> {
  return {
    ...rest,
    ...(sourceHash === undefined ? {} : { source_hash: sourceHash }),
    ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
  };
}

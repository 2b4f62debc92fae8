/** A mixture opened: its datasets as sources of the clip loader, with the shares that follow from the weights. */
import { resolve } from "node:path";
import { UsageError, type Stream } from "@orrery/core";
import type { ClipSource } from "../clips/index.ts";
import { lengthOf } from "../curate/spans.ts";
import { openDataset } from "../open.ts";
import type { DatasetReader } from "../reader.ts";
import { curatedSpans } from "./curated.ts";
import { pairCameras } from "./pair-cameras.ts";
import {
  episodesOf,
  loadMixtureFile,
  parseMixture,
  type MixtureFile,
  type MixtureSourceSpec,
  type MixtureSpec,
} from "./mixture-file.ts";

/** Episodes of one stream of one dataset. The loader draws from it in the share `weight`. */
export interface MixtureSource extends ClipSource {
  readonly episodes: readonly number[];
  /** Share of the windows; all sources add up to 1. */
  readonly weight: number;
  readonly path: string;
  readonly stream: Stream | "unknown";
  /** Of recording that is drawn from: what curation keeps, or all of it. */
  readonly hours: number;
}

export interface StreamTotal {
  readonly stream: Stream | "unknown";
  readonly hours: number;
  readonly episodes: number;
  /** Share of the windows. */
  readonly weight: number;
}

export interface Mixture {
  readonly name: string;
  readonly sources: readonly MixtureSource[];
  /** In the order of first appearance. */
  readonly streams: readonly StreamTotal[];
  /** What was left out of the datasets, and why. */
  readonly notes: readonly string[];
}

/**
 * Opens a mixture file: `makeClipLoader({ sources: mixture.sources, ... })` takes the result as it is.
 * @throws {UsageError} if the file is missing, a stream is weighted that no episode has, or a source has no episode
 * @throws {ConfigError} if the file has unknown keys or values out of range
 * @throws {DataError} if a dataset is missing, or `curated` and has not been
 */
export async function readMixture(path: string): Promise<Mixture> {
  return openMixture(loadMixtureFile(path));
}

/** The same for a mixture in memory, with dataset paths that can be opened. */
export async function openMixture(spec: MixtureSpec): Promise<Mixture> {
  const file = parseMixture(spec);
  const notes: string[] = [];
  const parts: Part[] = [];
  for (const source of file.sources) {
    const path = resolve(source.dataset);
    const dataset = await openDataset(path);
    parts.push(...(await splitByStream(source, path, dataset, notes)));
  }
  const sources = weigh(file, pairCameras(parts, notes));
  return { name: file.name, sources, streams: sumStreams(sources), notes };
}

interface Part extends Omit<MixtureSource, "weight"> {
  /** The dataset's own weight, where it has one, and how much of the dataset this part is. */
  readonly given?: number;
  readonly portion: number;
}

/** One part per stream, since shares are given to streams and a dataset may hold several. */
async function splitByStream(
  spec: MixtureSourceSpec,
  path: string,
  dataset: DatasetReader,
  notes: string[],
): Promise<Part[]> {
  const spans = spec.curated ? await curatedSpans(path, dataset, notes) : null;
  const chosen = spec.episodes === undefined ? null : new Set(episodesOf(spec.episodes));
  const missing = [...(chosen ?? [])].filter(
    (index) => !dataset.episodes.some((episode) => episode.index === index),
  );
  if (missing.length > 0) {
    throw new UsageError(
      `mixture: episodes ${spec.episodes} must be in ${path}, ${missing.length} are not, first ${missing[0]}. It has 0 to ${dataset.episodes.at(-1)?.index ?? -1}.`,
    );
  }
  const byStream = new Map<Stream | "unknown", { episodes: number[]; frames: number }>();
  let left = 0;
  for (const { index, length, provenance, readable } of dataset.episodes) {
    if (chosen && !chosen.has(index)) continue;
    const frames = readable ? (spans ? lengthOf(spans.get(index) ?? []) : length) : 0;
    if (frames === 0) {
      left++;
      continue;
    }
    const stream = provenance.stream ?? "unknown";
    const part = byStream.get(stream) ?? { episodes: [], frames: 0 };
    part.episodes.push(index);
    part.frames += frames;
    byStream.set(stream, part);
  }
  if (left > 0)
    notes.push(`${path}: ${left} episodes are left out, because nothing of them is kept or readable.`);
  const total = [...byStream.values()].reduce((sum, { frames }) => sum + frames, 0);
  if (total === 0) {
    throw new UsageError(
      `mixture: ${path} must have an episode to draw from, all of them are left out. Remove the source, or curate with other thresholds.`,
    );
  }
  const parts: Part[] = [];
  for (const [stream, { episodes, frames }] of byStream) {
    const hours = frames / dataset.fps / 3600;
    parts.push({
      // A reader of its own: the trainer tells sources apart by theirs.
      dataset: parts.length === 0 ? dataset : await openDataset(path),
      episodes,
      ...(spans ? { spans } : {}),
      ...(spec.cameras ? { cameras: spec.cameras } : {}),
      path,
      stream,
      hours,
      ...(spec.weight === undefined ? {} : { given: spec.weight }),
      portion: frames / total,
    });
  }
  return parts;
}

/**
 * Weight of each part among those it shares with: its stream where streams have shares of their own, else all. Hours
 * where none of them has a weight; otherwise those without count as one, since hours and weights cannot be compared.
 */
function rawWeights(file: MixtureFile, parts: readonly Part[]): Map<Part, number> {
  const circle = ({ stream }: Part): string => (file.streams ? stream : "all");
  const weighted = new Set(parts.filter(({ given }) => given !== undefined).map(circle));
  return new Map(
    parts.map((part) => [part, weighted.has(circle(part)) ? (part.given ?? 1) * part.portion : part.hours]),
  );
}

/** A source's share: that of its stream, times its own within the stream. */
function weigh(file: MixtureFile, parts: readonly Part[]): MixtureSource[] {
  const raw = rawWeights(file, parts);
  const inStream = new Map<Part["stream"], number>();
  for (const [{ stream }, own] of raw) inStream.set(stream, (inStream.get(stream) ?? 0) + own);
  const given = file.streams ?? {};
  const problems = Object.keys(given).filter((stream) => !inStream.has(stream as Part["stream"]));
  const without = file.streams ? [...inStream.keys()].filter((stream) => given[stream] === undefined) : [];
  if (problems.length > 0 || without.length > 0) {
    const found = [...inStream.keys()].join(", ");
    const wrong = [
      ...problems.map((stream) => `"${stream}" has a weight but no episode`),
      ...without.map((stream) => `"${stream}" has episodes but no weight`),
    ];
    throw new UsageError(
      `mixture ${file.name}: where streams are weighted, each must have both a weight and episodes; ${wrong.join(", ")}. The episodes are of: ${found}.`,
    );
  }
  const streamWeight = (stream: Part["stream"]): number => given[stream] ?? (inStream.get(stream) as number);
  const total = [...inStream.keys()].reduce((sum, stream) => sum + streamWeight(stream), 0);
  return [...raw].map(([{ given: _given, portion: _portion, ...source }, own]) => ({
    ...source,
    weight: (streamWeight(source.stream) / total) * (own / (inStream.get(source.stream) as number)),
  }));
}

function sumStreams(sources: readonly MixtureSource[]): StreamTotal[] {
  const totals = new Map<Stream | "unknown", StreamTotal>();
  for (const { stream, hours, episodes, weight } of sources) {
    const sum = totals.get(stream) ?? { stream, hours: 0, episodes: 0, weight: 0 };
    totals.set(stream, {
      stream,
      hours: sum.hours + hours,
      episodes: sum.episodes + episodes.length,
      weight: sum.weight + weight,
    });
  }
  return [...totals.values()];
}

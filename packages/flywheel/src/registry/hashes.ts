/** Fingerprints of what a release was made from: of episodes by their content, of files by their bytes. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { join, relative } from "node:path";
import { openDataset, type DatasetReader, type EpisodeColumns } from "@orrery/data";

/** What an episode is known by later. */
export interface EpisodeHash {
  readonly index: number;
  /** SHA-256 over its rows, its instructions, its provenance and where its pictures lie. */
  readonly sha256: string;
}

export interface FileHash {
  /** Relative to the dataset or run. */
  readonly path: string;
  readonly sha256: string;
}

export interface DatasetHash {
  readonly episodes: readonly EpisodeHash[];
  /** Videos that hold their pictures. */
  readonly videos: readonly FileHash[];
}

const CHUNK_BYTES = 1 << 20;

/** Of a file's bytes, read piece by piece. */
export function hashFile(path: string): string {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK_BYTES);
  const fd = openSync(path, "r");
  try {
    for (;;) {
      const count = readSync(fd, chunk, 0, CHUNK_BYTES, null);
      if (count === 0) return hash.digest("hex");
      hash.update(chunk.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Hashes of the chosen episodes of a dataset and of the videos that they are in.
 * @throws {DataError} if the dataset or an episode cannot be read
 */
export async function hashDataset(path: string, episodes: readonly number[]): Promise<DatasetHash> {
  const dataset = await openDataset(path);
  const videos = new Map<string, string>();
  const hashes: EpisodeHash[] = [];
  for (const index of episodes) {
    hashes.push({ index, sha256: await hashEpisode(dataset, path, index) });
    for (const source of Object.values(infoOf(dataset, index)?.cameras ?? {})) {
      if (source.kind === "video" && !videos.has(source.path)) videos.set(source.path, hashFile(source.path));
    }
  }
  return {
    episodes: hashes,
    videos: [...videos]
      .map(([file, sha256]) => ({ path: relative(path, file), sha256 }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

async function hashEpisode(dataset: DatasetReader, root: string, index: number): Promise<string> {
  const columns = await dataset.readEpisode(index);
  const info = infoOf(dataset, index);
  const hash = createHash("sha256");
  const places = Object.entries(info?.cameras ?? {}).map(([camera, source]) =>
    source.kind === "video"
      ? [camera, relative(root, source.path), source.fromSec, source.toSec]
      : [camera, source.kind],
  );
  hash.update(JSON.stringify([columns.length, info?.tasks, info?.provenance, info?.success, places]));
  for (const [name, values] of arraysOf(columns)) {
    hash.update(name);
    if (values !== null) hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest("hex");
}

function infoOf(dataset: DatasetReader, index: number): DatasetReader["episodes"][number] | undefined {
  return dataset.episodes.find((episode) => episode.index === index);
}

function arraysOf(columns: EpisodeColumns): (readonly [string, Float32Array | Uint8Array | null])[] {
  return [
    ["state", columns.state],
    ["stateMask", columns.stateMask],
    ["action", columns.action],
    ["actionMask", columns.actionMask],
    ["reward", columns.reward],
    ["rewardMask", columns.rewardMask],
    ["done", columns.done],
    ["success", columns.success],
  ];
}

/** Paths of a run's files that make the model what it is: weights, configuration and body. */
export function hashRun(run: string, names: readonly string[]): FileHash[] {
  return names.toSorted().map((path) => ({ path, sha256: hashFile(join(run, path)) }));
}

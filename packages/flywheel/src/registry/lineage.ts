/**
 * Where a release comes from and what it was found to be worth: back over its parents to every episode, forward to the
 * trials that judged it and the releases made from it. Everything that has a hash is checked against what is on disk.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "@orrery/core";
import { hashDataset, hashFile, type DatasetHash } from "./hashes.ts";
import { openRelease, type ReleaseData, type ReleaseRecord } from "./release.ts";
import { readTrials, summarizeTrials, type TrialSummary } from "./trials.ts";

/** Something that is not what it was when the release was made. */
export interface Tampering {
  /** Release whose record names it. */
  readonly release: string;
  /** Relative to the flywheel's folder. */
  readonly path: string;
  readonly problem: string;
}

export interface Ancestor extends Omit<ReleaseRecord, "data" | "files"> {
  readonly data: readonly {
    readonly path: string;
    readonly stream: string;
    readonly weight: number;
    readonly episodes: number;
    /** Over the hashes of the episodes, in their order. */
    readonly sha256: string;
  }[];
}

export interface LineageReport {
  readonly release: ReleaseRecord;
  /** The release itself first, then its parents and theirs, each once. */
  readonly ancestors: readonly Ancestor[];
  /** Parents that are named and missing. */
  readonly missing: readonly string[];
  /** Ids of the releases that were trained on from this one. */
  readonly children: readonly string[];
  readonly trials: readonly TrialSummary[];
  readonly tampering: readonly Tampering[];
}

/** @throws {UsageError} if there is no such release; @throws {DataError} if a record is damaged */
export async function traceRelease(path: string): Promise<LineageReport> {
  const { record, root, all } = openRelease(path);
  const { found, missing } = ancestorsOf(record, all);
  const tampering: Tampering[] = [];
  const seen = new Map<string, DatasetHash | string>();
  for (const release of found) tampering.push(...(await check(release, root, seen)));
  const trials = readTrials(root).filter(({ fingerprint }) => fingerprint === record.fingerprint);
  return {
    release: record,
    ancestors: found.map(briefly),
    missing,
    children: all.filter(({ parents }) => parents.includes(record.id)).map(({ id }) => id),
    trials: summarizeTrials(trials),
    tampering,
  };
}

function ancestorsOf(
  record: ReleaseRecord,
  all: readonly ReleaseRecord[],
): { found: ReleaseRecord[]; missing: string[] } {
  const found: ReleaseRecord[] = [];
  const missing: string[] = [];
  const queue = [record.id];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    const next = all.find((release) => release.id === id);
    if (next === undefined) missing.push(id);
    else if (!found.includes(next)) {
      found.push(next);
      queue.push(...next.parents);
    }
  }
  return { found, missing };
}

function briefly({ data, files: _files, ...rest }: ReleaseRecord): Ancestor {
  return {
    ...rest,
    data: data.map(({ path, stream, weight, episodes }) => {
      const hash = createHash("sha256");
      for (const { sha256 } of episodes) hash.update(sha256);
      return { path, stream, weight, episodes: episodes.length, sha256: hash.digest("hex") };
    }),
  };
}

/** @param seen datasets that were hashed already, for releases share theirs */
async function check(
  release: ReleaseRecord,
  root: string,
  seen: Map<string, DatasetHash | string>,
): Promise<Tampering[]> {
  const problems: Tampering[] = [];
  const note = (path: string, problem: string): void =>
    void problems.push({ release: release.id, path, problem });
  for (const { path, sha256 } of release.files) {
    const place = join("releases", release.name, path);
    if (!existsSync(join(root, place))) note(place, "the file is missing");
    else if (hashFile(join(root, place)) !== sha256)
      note(place, "its bytes have changed since the release was made");
  }
  for (const data of release.data) {
    const now = await hashNow(data, root, seen);
    if (typeof now === "string") {
      note(data.path, `it cannot be read (${now})`);
      continue;
    }
    for (const { index, sha256 } of data.episodes) {
      if (now.episodes.find((episode) => episode.index === index)?.sha256 !== sha256)
        note(data.path, `episode ${index} has changed since the release was made`);
    }
    for (const { path, sha256 } of data.videos) {
      if (now.videos.find((video) => video.path === path)?.sha256 !== sha256)
        note(join(data.path, path), "its bytes have changed since the release was made");
    }
  }
  return problems;
}

async function hashNow(
  { path, episodes }: ReleaseData,
  root: string,
  seen: Map<string, DatasetHash | string>,
): Promise<DatasetHash | string> {
  const indices = episodes.map(({ index }) => index);
  const key = `${path}\n${indices.join()}`;
  const known = seen.get(key);
  if (known !== undefined) return known;
  const now = await hashDataset(join(root, path), indices).catch((error: unknown) => messageOf(error));
  seen.set(key, now);
  return now;
}

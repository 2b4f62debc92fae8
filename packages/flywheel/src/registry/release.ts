/**
 * The record of a release: `release.json` in its run folder says what it was made from and by what, in hashes, so that
 * anything changed since then shows. Releases lie side by side under `releases/`, which makes the folder the registry.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { DataError, messageOf, UsageError } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { codeVersion, type CodeVersion } from "./code-version.ts";
import { hashDataset, hashRun, type DatasetHash, type FileHash } from "./hashes.ts";

const FORMAT = 1;
const FILE = "release.json";

/** What a release was for: the start, a turn of the loop, or the same training without new data. */
export type ReleaseRole = "base" | "candidate" | "control";

export interface ReleaseData extends DatasetHash {
  /** Relative to the flywheel's folder. */
  readonly path: string;
  readonly stream: string;
  /** Share of the training windows. */
  readonly weight: number;
}

export interface ReleaseRecord {
  readonly format: number;
  /** Name and the beginning of a hash over everything below that decides on the weights. */
  readonly id: string;
  /** Its folder: r0, r1, c1. */
  readonly name: string;
  readonly role: ReleaseRole;
  readonly round: number;
  /** Ids of the releases that its training began with; none for the first. */
  readonly parents: readonly string[];
  readonly data: readonly ReleaseData[];
  readonly files: readonly FileHash[];
  /** What the harness knows its weights by; trials of it bear this. */
  readonly fingerprint: string;
  readonly code: CodeVersion;
  readonly config: string;
  readonly seed: number;
  readonly steps: Readonly<Record<string, number>>;
  readonly trainingSec: number;
}

export interface ReleaseFacts extends Pick<
  ReleaseRecord,
  "role" | "round" | "parents" | "fingerprint" | "config" | "seed" | "steps" | "trainingSec"
> {
  readonly run: string;
  /** Folder of the flywheel, which paths are relative to. */
  readonly root: string;
  readonly sources: readonly {
    readonly path: string;
    readonly episodes: readonly number[];
    readonly stream: string;
    readonly weight: number;
  }[];
}

/** Hashes what a trained run was made from, and keeps the record in its folder. */
export async function registerRelease(facts: ReleaseFacts): Promise<ReleaseRecord> {
  const { run, root, sources, ...rest } = facts;
  const data: ReleaseData[] = [];
  for (const { path, episodes, stream, weight } of sources) {
    data.push({ path: relative(root, path), stream, weight, ...(await hashDataset(path, episodes)) });
  }
  const files = hashRun(run, releaseFiles(run));
  const name = basename(run);
  const decisive = JSON.stringify([files, data, rest.parents, rest.config, rest.seed]);
  const digest = createHash("sha256").update(decisive).digest("hex");
  const record: ReleaseRecord = {
    format: FORMAT,
    id: `${name}-${digest.slice(0, 12)}`,
    name,
    ...rest,
    data,
    files,
    code: codeVersion(),
  };
  writeJsonAtomic(join(run, FILE), record);
  return record;
}

/** A release found, and its siblings. */
export interface Registry {
  readonly run: string;
  readonly record: ReleaseRecord;
  /** The flywheel's folder. */
  readonly root: string;
  readonly all: readonly ReleaseRecord[];
}

/**
 * Opens a release by its folder, or by `<folder of the flywheel>/<id or name>`.
 * @throws {UsageError} if there is none; @throws {DataError} if its record is damaged
 */
export function openRelease(path: string): Registry {
  const run = findRun(path);
  const folder = dirname(run);
  const all = readdirSync(folder)
    .toSorted()
    .filter((name) => existsSync(join(folder, name, FILE)))
    .map((name) => readRecord(join(folder, name)));
  return { run, record: readRecord(run), root: dirname(folder), all };
}

function findRun(path: string): string {
  if (existsSync(join(path, FILE))) return resolve(path);
  const folder = join(dirname(path), "releases");
  const wanted = basename(path);
  const known = existsSync(folder)
    ? readdirSync(folder).filter((name) => existsSync(join(folder, name, FILE)))
    : [];
  const found = known.find((name) => name === wanted || readRecord(join(folder, name)).id === wanted);
  if (found !== undefined) return resolve(folder, found);
  const hint = known.length > 0 ? `There are ${known.join(", ")}.` : "A flywheel keeps them under releases/.";
  throw new UsageError(`lineage: ${path} must be a release with a ${FILE}, there is none. ${hint}`);
}

function readRecord(run: string): ReleaseRecord {
  const path = join(run, FILE);
  try {
    const record = JSON.parse(readFileSync(path, "utf8")) as ReleaseRecord;
    if (record.format !== FORMAT) throw new Error(`format must be ${FORMAT}, got ${record.format}`);
    return record;
  } catch (cause) {
    throw new DataError(`lineage: ${path} cannot be used (${messageOf(cause)}). Restore it from a copy.`, {
      path,
      cause,
    });
  }
}

/** What the model is made of, and its trunk: what is trained on from the release begins there. */
function releaseFiles(run: string): string[] {
  const trunk = existsSync(join(run, "trunk"))
    ? readdirSync(join(run, "trunk"), { recursive: true, encoding: "utf8" }).map((name) =>
        join("trunk", name),
      )
    : [];
  return [...readdirSync(run), ...trunk].filter(
    (name) =>
      name.endsWith(".safetensors") || ["config.json", "embodiment.json", "lineage.json"].includes(name),
  );
}

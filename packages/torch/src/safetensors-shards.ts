/**
 * A model's weights as one safetensors file or as numbered shards with an index, as Hugging Face lays them out:
 * `model.safetensors`, or `model-00001-of-00003.safetensors` ... and `model.safetensors.index.json`.
 *
 * Every shard and the index carry the same digest of the whole set, so that a set torn by a crash between two
 * renames is noticed when it is read, not when the model misbehaves.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf } from "@orrery/core";
import { writeFileAtomic } from "@orrery/core/node";
import { encodeHeader } from "./safetensors.ts";
import {
  rawTensorBytes,
  SafetensorsFile,
  writeSafetensors,
  type LazyRawTensor,
  type RawTensor,
} from "./safetensors-file.ts";

/** Files of a release stay below this, so that any host and any e-mail gateway takes them. */
export const MAX_SHARD_BYTES = 16_000_000;

const DIGEST_KEY = "orrery.set_sha256";

export interface ShardOptions {
  /** First part of the file names. */
  readonly stem?: string;
  /** Limit for a whole file, header included; a single larger tensor still gets a file of its own. */
  readonly maxShardBytes?: number;
  /** Added to the metadata of every file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes `tensors` into `folder`, in shards where one file would be too large, and removes the files of an earlier
 * set of the same stem. Each file is atomic; a crash in between is detected by `openShards`.
 *
 * @returns the file names written, index last
 * @throws {DataError} if writing fails
 */
export function writeShards(
  folder: string,
  tensors: Iterable<RawTensor | LazyRawTensor>,
  options: ShardOptions = {},
): string[] {
  const { stem = "model", maxShardBytes = MAX_SHARD_BYTES } = options;
  const list = [...tensors];
  const metadata = { ...options.metadata, [DIGEST_KEY]: digestOf(list) };
  const shards = splitIntoShards(list, maxShardBytes, metadata);
  const names = shards.map((_, i) =>
    shards.length === 1 ? `${stem}.safetensors` : shardName(stem, i, shards.length),
  );

  const weightMap: Record<string, string> = {};
  for (const [i, shard] of shards.entries()) {
    const file = names[i] as string;
    writeSafetensors(join(folder, file), shard, metadata);
    for (const { name } of shard) weightMap[name] = file;
  }
  if (shards.length > 1) {
    const totalSize = list.reduce((sum, tensor) => sum + rawTensorBytes(tensor), 0);
    const index = {
      metadata: { total_size: totalSize, [DIGEST_KEY]: metadata[DIGEST_KEY] },
      weight_map: weightMap,
    };
    names.push(indexName(stem));
    writeFileAtomic(join(folder, indexName(stem)), `${JSON.stringify(index, null, 2)}\n`);
  }
  removeEarlierSet(folder, stem, new Set(names));
  return names;
}

/** An open set of shards; reads like a single file. */
export class ShardSet implements Disposable {
  readonly #files: readonly SafetensorsFile[];
  readonly #fileOf: ReadonlyMap<string, SafetensorsFile>;

  constructor(files: readonly SafetensorsFile[], fileOf: ReadonlyMap<string, SafetensorsFile>) {
    this.#files = files;
    this.#fileOf = fileOf;
  }

  get names(): string[] {
    return [...this.#fileOf.keys()];
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.#files[0]?.header.metadata ?? new Map();
  }

  /** @throws {DataError} if no file of the set holds `name` */
  read(name: string): RawTensor {
    const file = this.#fileOf.get(name);
    if (file === undefined)
      throw new DataError(`ShardSet.read: no tensor "${name}" among ${this.#fileOf.size}.`);
    return file.read(name);
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Opens what `writeShards` or another tool wrote: `path` is a `.safetensors` file, an index, or the folder of either.
 * @throws {DataError} if files are missing, disagree with the index, or stem from two different saves
 */
export function openShards(path: string, stem = "model"): ShardSet {
  if (path.endsWith(".json")) return openIndexed(path);
  if (path.endsWith(".safetensors")) return openSingle(path);
  const index = join(path, indexName(stem));
  return existsSync(index) ? openIndexed(index) : openSingle(join(path, `${stem}.safetensors`));
}

function openSingle(path: string): ShardSet {
  const file = new SafetensorsFile(path);
  return new ShardSet([file], new Map(file.names.map((name) => [name, file])));
}

function openIndexed(path: string): ShardSet {
  const { weightMap, digest } = parseIndex(path);
  const folder = join(path, "..");
  const files = new Map<string, SafetensorsFile>();
  const fileOf = new Map<string, SafetensorsFile>();
  try {
    for (const [name, fileName] of weightMap) {
      const file = files.get(fileName) ?? new SafetensorsFile(join(folder, fileName));
      files.set(fileName, file);
      if (!file.header.entries.has(name)) {
        throw new DataError(
          `openShards: the index puts "${name}" into ${fileName}, which lacks it (${path}).`,
          { path },
        );
      }
      const found = file.header.metadata.get(DIGEST_KEY);
      if (digest !== undefined && found !== digest) {
        throw new DataError(
          `openShards: ${fileName} belongs to another save than the index (${found ?? "none"}, not ${digest}). Was saving interrupted? Save again or restore both (${path}).`,
          { path },
        );
      }
      fileOf.set(name, file);
    }
    return new ShardSet([...files.values()], fileOf);
  } catch (error) {
    for (const file of files.values()) file.close();
    throw error;
  }
}

function parseIndex(path: string): { weightMap: [string, string][]; digest: string | undefined } {
  let root: { weight_map?: unknown; metadata?: Record<string, unknown> } | null;
  try {
    root = JSON.parse(readFileSync(path, "utf8")) as typeof root;
  } catch (cause) {
    throw new DataError(`openShards: cannot read the index ${path} (${messageOf(cause)}).`, { path, cause });
  }
  const map = root?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new DataError(`openShards: the index must have an object "weight_map" (${path}).`, { path });
  }
  const weightMap = Object.entries(map).map(([name, file]): [string, string] => {
    // A plain file name only: an index from elsewhere must not make us open files outside its folder.
    if (typeof file !== "string" || !/^[^/\\]+\.safetensors$/.test(file)) {
      throw new DataError(
        `openShards: "${name}" must map to a .safetensors file name, found ${JSON.stringify(file)} (${path}).`,
        { path },
      );
    }
    return [name, file];
  });
  const digest = root?.metadata?.[DIGEST_KEY];
  return { weightMap, digest: typeof digest === "string" ? digest : undefined };
}

/** Fills files in the given order; the header is counted by encoding it, which is cheap beside the data. */
function splitIntoShards<T extends RawTensor | LazyRawTensor>(
  tensors: readonly T[],
  maxBytes: number,
  metadata: Readonly<Record<string, string>>,
): T[][] {
  const fixed = encodeHeader([], { format: "pt", ...metadata }).bytes.length + 8;
  const shards: T[][] = [[]];
  let size = fixed;
  for (const tensor of tensors) {
    const bytes = rawTensorBytes(tensor) + encodeHeader([tensor], {}).bytes.length + 16; // 16: offsets may grow longer
    let shard = shards.at(-1) as T[];
    if (shard.length > 0 && size + bytes > maxBytes) {
      shards.push((shard = []));
      size = fixed;
    }
    shard.push(tensor);
    size += bytes;
  }
  return shards;
}

/** Depends on names, dtypes, shapes and data, in the order of the names. */
function digestOf(tensors: readonly (RawTensor | LazyRawTensor)[]): string {
  const hash = createHash("sha256");
  for (const tensor of [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    hash.update(JSON.stringify([tensor.name, tensor.dtype, tensor.shape]));
    hash.update(typeof tensor.bytes === "function" ? tensor.bytes() : tensor.bytes);
  }
  return hash.digest("hex");
}

function removeEarlierSet(folder: string, stem: string, keep: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(stem) || keep.has(name)) continue;
    const rest = name.slice(stem.length);
    if (/^(-\d{5}-of-\d{5})?\.safetensors$/.test(rest) || rest === ".safetensors.index.json") {
      rmSync(join(folder, name));
    }
  }
}

function shardName(stem: string, index: number, count: number): string {
  const five = (n: number): string => String(n).padStart(5, "0");
  return `${stem}-${five(index + 1)}-of-${five(count)}.safetensors`;
}

function indexName(stem: string): string {
  return `${stem}.safetensors.index.json`;
}

/** Tensors to and from safetensors files. */
import { UsageError } from "@orrery/core";
import { fromBytes } from "./create.ts";
import { isFloatingPoint, type DType } from "./dtype.ts";
import { scope } from "./memory.ts";
import { writeSafetensors, type LazyRawTensor, type RawTensor } from "./safetensors-file.ts";
import { openShards, writeShards, type ShardOptions } from "./safetensors-shards.ts";
import type { SafetensorsDtype } from "./safetensors.ts";
import type { Tensor } from "./tensor.ts";

const toFile: Readonly<Partial<Record<DType, SafetensorsDtype>>> = {
  bool: "BOOL",
  uint8: "U8",
  int8: "I8",
  int16: "I16",
  int32: "I32",
  int64: "I64",
  float16: "F16",
  bfloat16: "BF16",
  float32: "F32",
  float64: "F64",
};

const fromFile = new Map(Object.entries(toFile).map(([dtype, name]) => [name, dtype as DType]));

export interface SaveOptions extends ShardOptions {
  /** Converts floating point tensors while writing, for a release that is meant to be run rather than trained on. */
  readonly floatDtype?: "float32" | "bfloat16" | "float16";
}

/**
 * Writes a release's weights into `folder`: one file, or shards of at most 16 MB with an index.
 *
 * @returns the file names written
 * @throws {DataError} if writing fails
 */
export function saveTensors(
  folder: string,
  tensors: ReadonlyMap<string, Tensor>,
  options: SaveOptions = {},
): string[] {
  return writeShards(folder, asRaw(tensors, options.floatDtype), options);
}

/**
 * Writes all tensors into one file, for checkpoints.
 * @throws {DataError} if writing fails; the old file is then untouched
 */
export function saveTensorFile(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  writeSafetensors(path, asRaw(tensors), metadata);
}

/**
 * Reads tensors from a file, an index, or the folder of either.
 *
 * @param names only these, in this order; all by default
 * @returns on the CPU, owned by the caller
 * @throws {DataError} if the files do not hold or lack a name
 * @throws {UsageError} if a tensor has a dtype that libtorch has not
 */
export function loadTensors(path: string, names?: readonly string[]): Map<string, Tensor> {
  using files = openShards(path);
  return new Map((names ?? files.names).map((name) => [name, toTensor(files.read(name), path)]));
}

function toTensor({ name, dtype, shape, bytes }: RawTensor, path: string): Tensor {
  const own = fromFile.get(dtype);
  if (own === undefined) {
    const known = [...fromFile.keys()].join(", ");
    throw new UsageError(
      `loadTensors: "${name}" must be one of ${known}, got ${dtype} (${path}). Convert it first.`,
    );
  }
  return fromBytes(bytes, shape, own, { share: true }); // fresh memory that nobody else refers to
}

/** Bytes are fetched one tensor at a time, so that a model on a GPU is never on the CPU as a whole. */
function asRaw(tensors: ReadonlyMap<string, Tensor>, floatDtype?: DType): LazyRawTensor[] {
  return [...tensors].map(([name, tensor]) => {
    const target = floatDtype !== undefined && isFloatingPoint(tensor.dtype) ? floatDtype : tensor.dtype;
    const dtype = toFile[target];
    if (dtype === undefined) {
      throw new UsageError(
        `saveTensors: safetensors has no ${target}, the dtype of "${name}". Use ops.viewAsReal.`,
      );
    }
    const bytes = (): Uint8Array => scope(() => tensor.detach().to(target).cpu().rawBytes());
    return { name, dtype, shape: tensor.shape, bytes };
  });
}

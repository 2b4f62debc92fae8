/** One safetensors file: opened without loading its data, read tensor by tensor, written whole or not at all. */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { DataError, messageOf, UsageError } from "@orrery/core";
import { cureFor, syncFolder, temporaryName } from "@orrery/core/node";
import {
  encodeHeader,
  parseHeader,
  parseHeaderLength,
  SAFETENSORS_ITEM_BYTES,
  type SafetensorsDtype,
  type SafetensorsHeader,
} from "./safetensors.ts";

/** A tensor as bytes, row major and little endian. */
export interface RawTensor {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A tensor that is fetched when it is written, so that one at a time is in memory. */
export interface LazyRawTensor extends Omit<RawTensor, "bytes"> {
  bytes(): Uint8Array;
}

/** An open file. Close it, or declare it with `using`. */
export class SafetensorsFile implements Disposable {
  readonly path: string;
  readonly header: SafetensorsHeader;
  readonly #fd: number;
  readonly #dataStart: number;
  #isOpen = true;

  /** @throws {DataError} if the file cannot be read or its header does not hold */
  constructor(path: string) {
    this.path = path;
    this.#fd = openForReading(path);
    try {
      const fileBytes = fstatSync(this.#fd).size;
      const headerBytes = parseHeaderLength(
        readAt(this.#fd, 0, Math.min(8, fileBytes), path),
        fileBytes,
        path,
      );
      this.#dataStart = 8 + headerBytes;
      this.header = parseHeader(readAt(this.#fd, 8, headerBytes, path), fileBytes - this.#dataStart, path);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  get names(): string[] {
    return [...this.header.entries.keys()];
  }

  /**
   * Reads one tensor into fresh memory.
   * @throws {UsageError} if there is no such name
   * @throws {DataError} if the file has shrunk since it was opened
   */
  read(name: string): RawTensor {
    const entry = this.header.entries.get(name);
    if (entry === undefined) {
      const some = this.names.slice(0, 5).join(", ");
      throw new UsageError(`SafetensorsFile.read: no tensor "${name}" in ${this.path}; it has ${some}, ...`);
    }
    const bytes = readAt(this.#fd, this.#dataStart + entry.begin, entry.end - entry.begin, this.path);
    return { name, dtype: entry.dtype, shape: entry.shape, bytes };
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Writes `tensors` to `path` through a temporary file, fsync and rename, making parent folders. Lazy tensors are
 * fetched one at a time. `format: "pt"` goes into the metadata, which PyTorch's loaders ask for.
 *
 * @returns the size of the file in bytes
 * @throws {DataError} if the disk is full or the folder cannot be written; the old file is then untouched
 */
export function writeSafetensors(
  path: string,
  tensors: Iterable<RawTensor | LazyRawTensor>,
  metadata: Readonly<Record<string, string>> = {},
): number {
  const byName = new Map<string, RawTensor | LazyRawTensor>();
  const list = [...tensors];
  for (const tensor of list) byName.set(tensor.name, tensor);
  const header = encodeHeader(list, { format: "pt", ...metadata });
  const temporary = temporaryName(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const fd = openSync(temporary, "wx");
    let size = writeAll(fd, header.bytes);
    try {
      for (const entry of header.entries) {
        size += writeAll(fd, checkedBytes(byName.get(entry.name) as RawTensor | LazyRawTensor));
      }
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
    return size;
  } catch (error) {
    rmSync(temporary, { force: true });
    if (error instanceof UsageError) throw error;
    throw new DataError(
      `writeSafetensors: could not write ${path} (${messageOf(error)}). ${cureFor(error)}`,
      {
        path,
        cause: error,
      },
    );
  }
}

/** Bytes that `tensor` takes in a file. */
export function rawTensorBytes(tensor: Pick<RawTensor, "dtype" | "shape">): number {
  return tensor.shape.reduce((n, size) => n * size, SAFETENSORS_ITEM_BYTES[tensor.dtype]);
}

/** A wrong length here would shift every later tensor of the file, so it never gets that far. */
function checkedBytes(tensor: RawTensor | LazyRawTensor): Uint8Array {
  const bytes = typeof tensor.bytes === "function" ? tensor.bytes() : tensor.bytes;
  const expected = rawTensorBytes(tensor);
  if (bytes.byteLength !== expected) {
    throw new UsageError(
      `writeSafetensors: "${tensor.name}" of ${tensor.dtype} [${tensor.shape.join(", ")}] must have ${expected} bytes, got ${bytes.byteLength}.`,
    );
  }
  return bytes;
}

function openForReading(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new DataError(`readSafetensors: cannot open ${path} (${messageOf(cause)}). Check the path.`, {
      path,
      cause,
    });
  }
}

function readAt(fd: number, position: number, length: number, path: string): Uint8Array {
  // A buffer of its own, never a slice of Node's pool: typed views of any item size must be aligned.
  const bytes = new Uint8Array(new ArrayBuffer(length));
  for (let at = 0; at < length;) {
    const count = readSync(fd, bytes, at, length - at, position + at);
    if (count === 0) {
      throw new DataError(
        `readSafetensors: ${length} bytes were expected at ${position}, only ${at} are there. Was the file cut while open? (${path})`,
        { path },
      );
    }
    at += count;
  }
  return bytes;
}

function writeAll(fd: number, bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
  return bytes.length;
}

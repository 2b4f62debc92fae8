/** Where a zarr group keeps its keys: a folder, or a zip archive of one. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "@orrery/core";
import { kindOf, readSmallFile } from "../shared/files.ts";
import { LIMITS } from "../shared/limits.ts";
import { ZipFile, type ZipMember } from "../shared/zip.ts";

export interface ZarrStore {
  /** Shown in messages. */
  readonly name: string;
  /** Bytes of a key, or undefined where it is not stored. @throws {DataError} above `maxBytes` */
  get(key: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Names of the arrays directly inside a group, sorted. */
  arrays(group: string): Promise<string[]>;
  close(): Promise<void>;
}

/** @throws {DataError} if the path is neither a folder nor a zip archive with a zarr v2 group inside */
export async function openZarrStore(path: string): Promise<ZarrStore> {
  const store = (await kindOf(path)) === "folder" ? new FolderStore(path) : await ZipStore.open(path);
  if ((await store.arrays("data")).length > 0) return store;
  await store.close();
  throw new DataError(
    `import zarr: ${path} must be a zarr v2 group with data/<key>/.zarray and meta/episode_ends, found no such array.`,
    { path },
  );
}

class FolderStore implements ZarrStore {
  readonly name: string;

  constructor(path: string) {
    this.name = path;
  }

  async get(key: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const path = join(this.name, key);
    return (await kindOf(path)) === "file" ? readSmallFile(path, maxBytes) : undefined;
  }

  async arrays(group: string): Promise<string[]> {
    const folder = join(this.name, group);
    if ((await kindOf(folder)) !== "folder") return [];
    const found: string[] = [];
    for (const name of (await readdir(folder)).sort()) {
      if ((await kindOf(join(folder, name, ".zarray"))) === "file") found.push(name);
    }
    return found;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class ZipStore implements ZarrStore {
  readonly name: string;
  readonly #zip: ZipFile;
  readonly #members: ReadonlyMap<string, ZipMember>;

  private constructor(zip: ZipFile, members: ReadonlyMap<string, ZipMember>) {
    this.name = zip.path;
    this.#zip = zip;
    this.#members = members;
  }

  /** The group may lie at the archive's root or inside one folder of it. */
  static async open(path: string): Promise<ZipStore> {
    const zip = await ZipFile.open(path);
    const ends = zip.members.find((m) => /(^|\/)meta\/episode_ends\/\.zarray$/.test(m.name))?.name ?? "";
    const prefix = ends.slice(0, -"meta/episode_ends/.zarray".length);
    const inside = zip.members.filter((m) => m.name.startsWith(prefix));
    return new ZipStore(zip, new Map(inside.map((m) => [m.name.slice(prefix.length), m])));
  }

  async get(key: string, maxBytes = LIMITS.wholeArrayBytes): Promise<Uint8Array | undefined> {
    const member = this.#members.get(key);
    return member && this.#zip.readAll(member, maxBytes);
  }

  arrays(group: string): Promise<string[]> {
    const names = [...this.#members.keys()].flatMap((key) => {
      const parts = key.split("/");
      return parts.length === 3 && parts[0] === group && parts[2] === ".zarray" ? [parts[1] ?? ""] : [];
    });
    return Promise.resolve(names.sort());
  }

  close(): Promise<void> {
    return this.#zip.close();
  }
}

/** The formats that can be brought in, by name or by a look at the path. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError, UsageError } from "@orrery/core";
import { IMPORTERS } from "./importers/index.ts";
import { lerobotFormat } from "./lerobot/source.ts";
import type { EpisodeSource, SourceFormat, SourceOptions } from "./source.ts";

/** Entries of a folder that are looked at, and that are named, where the folder itself is no recording. */
const ENTRIES_TRIED = 50;
const ENTRIES_NAMED = 3;

export class FormatRegistry {
  readonly #formats = new Map<string, SourceFormat>();

  constructor(formats: readonly SourceFormat[]) {
    for (const format of formats) this.register(format);
  }

  /** Adds a format, or replaces the one of that name. */
  register(format: SourceFormat): void {
    this.#formats.set(format.name, format);
  }

  get names(): string[] {
    return [...this.#formats.keys()];
  }

  /** @throws {UsageError} if there is no such format */
  get(name: string): SourceFormat {
    const format = this.#formats.get(name);
    if (format) return format;
    throw new UsageError(`formats: the format must be one of ${this.names.join(", ")}, got "${name}".`);
  }

  /**
   * The format that is surest of a path; the first one registered wins a tie.
   * @throws {UsageError} if the path does not exist, or no format recognises it
   * @throws {DataError} if it is an empty folder
   */
  async guess(path: string): Promise<SourceFormat> {
    mustExist(path);
    const isFolder = statSync(path).isDirectory();
    if (isFolder && readdirSync(path).length === 0)
      throw new DataError(`import: ${path} must hold recordings, it is empty. Check the path.`, { path });
    const best = await this.#surest(path);
    if (best) return best;
    const inside = isFolder ? await this.#recognisedInside(path) : [];
    const hint =
      inside.length === 0 ? "Name one with --format" : `It holds ${inside.join(" and ")}: import that`;
    throw new UsageError(
      `import: ${path} must be of a known format (${this.names.join(", ")}), none recognises it. ${hint}.`,
    );
  }

  async #surest(path: string): Promise<SourceFormat | undefined> {
    let best: SourceFormat | undefined;
    let surest = 0;
    for (const format of this.#formats.values()) {
      const sure = await format.recognise(path);
      if (sure > surest) [best, surest] = [format, sure];
    }
    return best;
  }

  /** The first few entries of a folder that are recordings by themselves, as "tub.tar.gz (tub)". */
  async #recognisedInside(folder: string): Promise<string[]> {
    const found: string[] = [];
    for (const name of readdirSync(folder).sort().slice(0, ENTRIES_TRIED)) {
      const format = await this.#surest(join(folder, name));
      if (format && found.push(`${name} (${format.name})`) === ENTRIES_NAMED) break;
    }
    return found;
  }

  /** Opens a path in the format named, or the one guessed. */
  async open(
    path: string,
    options: SourceOptions & { readonly format?: string } = {},
  ): Promise<EpisodeSource> {
    const { format, ...rest } = options;
    mustExist(path);
    return (format === undefined ? await this.guess(path) : this.get(format)).open(path, rest);
  }
}

function mustExist(path: string): void {
  if (!existsSync(path)) throw new UsageError(`import: ${path} must exist, it does not. Check the path.`);
}

/** All formats of this package; other packages may register more. */
export const formats = new FormatRegistry([lerobotFormat, ...IMPORTERS]);

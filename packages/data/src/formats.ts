/** The formats that can be brought in, by name or by a look at the path. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { DataError, UsageError } from "@orrery/core";
import { IMPORTERS } from "./importers/index.ts";
import { lerobotFormat } from "./lerobot/source.ts";
import type { EpisodeSource, SourceFormat, SourceOptions } from "./source.ts";

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
    if (statSync(path).isDirectory() && readdirSync(path).length === 0)
      throw new DataError(`import: ${path} must hold recordings, it is empty. Check the path.`, { path });
    let best: SourceFormat | undefined;
    let surest = 0;
    for (const format of this.#formats.values()) {
      const sure = await format.recognise(path);
      if (sure > surest) [best, surest] = [format, sure];
    }
    if (best) return best;
    throw new UsageError(
      `import: ${path} must be of a known format (${this.names.join(", ")}), none recognises it. Name one with --format.`,
    );
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

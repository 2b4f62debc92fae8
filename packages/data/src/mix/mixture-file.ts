/**
 * A mixture on disk: which datasets are learnt from, and how often each is drawn. Meant to be read and edited by people.
 *
 * ```json
 * {
 *   "name": "kitchen",
 *   "streams": { "teleop": 3, "sim": 1 },
 *   "sources": [
 *     { "dataset": "../store/banana", "weight": 2, "episodes": "0-63" },
 *     { "dataset": "../store/reach", "curated": false }
 *   ]
 * }
 * ```
 */
import { readFileSync } from "node:fs";
import { isAbsolute, relative, resolve, dirname } from "node:path";
import { ConfigError, messageOf, STREAMS, UsageError } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { z } from "zod";

const weight = z.number().positive();

const SourceSchema = z.strictObject({
  /** Folder of the dataset, relative to the file. */
  dataset: z.string().min(1),
  /** Share within its stream; left out, it is 1 beside others that have one, and the hours kept where none has. */
  weight: weight.optional(),
  /** "0-63" or "3,7,9-11"; all where left out. */
  episodes: z
    .string()
    .regex(/^\s*\d+(\s*-\s*\d+)?(\s*,\s*\d+(\s*-\s*\d+)?)*\s*$/, 'must read like "0-63" or "3,7,9-11"')
    .optional(),
  /** Take only what curation keeps; the dataset must then be curated. */
  curated: z.boolean().default(true),
  cameras: z.array(z.string().min(1)).min(1).optional(),
});

const MixtureSchema = z.strictObject({
  name: z.string().min(1),
  /** Share of each stream; where left out, a stream weighs as much as its sources together. */
  streams: z.partialRecord(z.enum([...STREAMS, "unknown"]), weight).optional(),
  sources: z.array(SourceSchema).min(1),
});

export type MixtureFile = z.output<typeof MixtureSchema>;
export type MixtureSpec = z.input<typeof MixtureSchema>;
export type MixtureSourceSpec = z.output<typeof SourceSchema>;

/** @throws {ConfigError} naming every unknown key and value out of range */
export function parseMixture(value: unknown, where = "mixture"): MixtureFile {
  const result = MixtureSchema.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigError(
    where,
    result.error.issues.map((issue) => `${issue.path.join(".") || "file"}: ${issue.message}`),
  );
}

/** Reads a mixture, its dataset paths made absolute. @throws {UsageError} if the file is missing or no JSON */
export function loadMixtureFile(path: string): MixtureFile {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(
      `mixture: ${path} must be a JSON file (${messageOf(error)}). Make one with: ./orrery data mix`,
      { cause: error },
    );
  }
  const file = parseMixture(value, `mixture ${path}`);
  const folder = dirname(resolve(path));
  return {
    ...file,
    sources: file.sources.map((source) => ({ ...source, dataset: resolve(folder, source.dataset) })),
  };
}

/** Writes a mixture; absolute dataset paths become relative to it, so that a store can be moved with its mixtures. */
export function writeMixtureFile(path: string, spec: MixtureSpec): void {
  const folder = dirname(resolve(path));
  const file = parseMixture(spec);
  const sources = file.sources.map((source) => ({
    ...source,
    dataset: isAbsolute(source.dataset) ? relative(folder, source.dataset) || "." : source.dataset,
  }));
  writeJsonAtomic(path, { ...file, sources });
}

/** Episode indices of "0-3,7", ascending. */
export function episodesOf(text: string): number[] {
  const indices = new Set<number>();
  for (const part of text.split(",")) {
    const [first = 0, last = first] = part.split("-").map(Number);
    for (let i = first; i <= last; i++) indices.add(i);
  }
  return [...indices].sort((a, b) => a - b);
}

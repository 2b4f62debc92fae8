/** What the importers' tests share: the real samples, temporary folders, and reading a source to its end. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError, type Step } from "@orrery/core";
import { afterAll } from "vitest";
import { type EpisodeSource, isSkip, type Skip, type SourceEpisode } from "../../source.ts";

const REPOSITORY = resolve(fileURLToPath(new URL("../../../../../", import.meta.url)));

/** Path of a real recording, or undefined where the samples are not on this machine. */
export function sample(name: string): string | undefined {
  const path = join(process.env["ORRERY_TEST_DATA"] ?? join(REPOSITORY, "../shared/data"), name);
  if (existsSync(path)) return path;
  process.stderr.write(`skipped: no sample "${name}" at ${path}; set ORRERY_TEST_DATA to run this test\n`);
  return undefined;
}

/** A new folder that is removed after the test file. */
export function scratchFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "orrery-importers-"));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface Collected {
  readonly episodes: { readonly episode: SourceEpisode; readonly steps: readonly Step[] }[];
  readonly skips: Skip[];
}

/** Reads a source to its end and closes it, as the store does. Only for small sources: all steps are kept. */
export async function collect(source: EpisodeSource): Promise<Collected> {
  const collected: Collected = { episodes: [], skips: [] };
  try {
    for await (const item of source.episodes()) {
      if (isSkip(item)) collected.skips.push(item);
      else collected.episodes.push({ episode: item, steps: await collectSteps(item.steps()) });
    }
  } finally {
    await source.close();
  }
  return collected;
}

export async function collectSteps(steps: AsyncIterable<Step>): Promise<Step[]> {
  const list: Step[] = [];
  for await (const step of steps) list.push(step);
  return list;
}

/**
 * Opens and reads a source of hostile bytes: it may refuse with a `DataError` or report skips, and must do nothing
 * else. Any other error is a defect and is thrown on.
 */
export async function survives(open: () => Promise<EpisodeSource>): Promise<"refused" | "read"> {
  try {
    const source = await open();
    try {
      for await (const item of source.episodes()) {
        if (isSkip(item)) continue;
        // Enough steps to reach the decoders, few enough to bound the time of one run.
        const steps = item.steps()[Symbol.asyncIterator]();
        for (let left = 3; left > 0 && !(await steps.next()).done; left--);
        await steps.return?.();
      }
    } finally {
      await source.close();
    }
    return "read";
  } catch (error) {
    if (error instanceof DataError) return "refused";
    throw error;
  }
}

/**
 * Options of one property test: bounded and repeatable by default. ORRERY_FUZZ=50 runs fifty times as long from another
 * seed, for hunting.
 */
export function fuzz(numRuns: number, seed: number): { numRuns: number; seed: number } {
  const times = Number(process.env["ORRERY_FUZZ"] ?? 1);
  return { numRuns: Math.ceil(numRuns * times), seed: seed + (times === 1 ? 0 : Math.round(times * 7919)) };
}

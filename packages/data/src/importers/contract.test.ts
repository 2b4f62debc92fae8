/**
 * What holds for every importer, on a real recording of each kind: a dry run counts what an import then brings, the
 * import is a valid dataset, a second one brings nothing twice, the stream is as asked, and the source is as it was.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkDataset } from "../check/check.ts";
import { formats } from "../formats.ts";
import { openDataset } from "../open.ts";
import { importDataset, type ImportReport } from "../store/import.ts";
import { sample, scratchFolder } from "./shared/testing.ts";

const folder = scratchFolder();

/** Samples small enough to import in a second or two. */
const CASES: readonly (readonly [name: string, settings?: Readonly<Record<string, unknown>>])[] = [
  ["octo-bridge-rlds"],
  ["robosuite-wipe-hdf5"],
  ["ivideogpt-npz/bair_sample.npz"],
  ["languagetable-irasim"],
  ["donkeycar-tub/tub.tar.gz"],
  ["comma2k19-segment"],
  ["commavq-tokens"],
  ["rosbag1-samples/example.bag", { rateHz: 5 }],
  ["mcap-fixtures", { rateHz: 5 }],
  ["aria-mps-sample"],
  ["nasa-13013", { size: "64x36", rateHz: 5 }],
];

/** Every file with its size and time of change. */
function facts(path: string): string[] {
  const stat = statSync(path);
  if (stat.isFile()) return [`${path} ${stat.size} ${stat.mtimeMs}`];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(path, name));
      return `${name} ${size} ${mtimeMs}`;
    });
}

async function run(path: string, to: string, settings: object, dryRun = false): Promise<ImportReport> {
  const source = await formats.open(path, { stream: "fleet", settings: { ...settings } });
  try {
    return await importDataset(source, to, { dryRun, video: { preset: "ultrafast" } });
  } finally {
    await source.close();
  }
}

for (const [name, settings = {}] of CASES) {
  const path = sample(name);
  test.skipIf(!path)(name, async () => {
    if (!path) return;
    const before = facts(path);
    const to = join(folder, name.replaceAll(/\W/g, "-"));
    const planned = await run(path, to, settings, true);
    expect(existsSync(to)).toBe(false);
    const first = await run(path, to, settings);
    expect(first.alreadyThere).toBe(0);
    // A plan cannot know which episodes turn out unreadable, and says how many it counts on.
    expect(planned.episodes).toBeGreaterThanOrEqual(first.episodes);
    expect(planned.episodes - first.episodes).toBeLessThanOrEqual(first.skipped.length);
    for (const { what, reason } of first.skipped)
      expect([what, reason].every((text) => text !== "")).toBe(true);
    const again = await run(path, to, settings);
    expect([again.episodes, again.alreadyThere]).toEqual([0, first.episodes]);

    const { problems, episodes, frames } = await checkDataset(to);
    // What the source holds is kept, a NaN too; the check says so and finds nothing else.
    const errors = problems.filter(
      ({ severity, message }) => severity === "error" && !/must be finite/.test(message),
    );
    expect(errors).toEqual([]);
    expect([episodes, frames]).toEqual([first.episodes, first.frames]);
    const reader = await openDataset(to);
    expect(new Set(reader.episodes.map(({ provenance }) => provenance.stream))).toEqual(new Set(["fleet"]));
    expect(facts(path)).toEqual(before);
  });
}

/** Datasets with random damage: whatever a file says, reading ends in rows, in a problem on the list, or in a `DataError`. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "@orrery/core";
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { checkDataset } from "../check/check.ts";
import { fuzz } from "../importers/shared/testing.ts";
import { openDataset } from "../open.ts";
import { openDatasetWriter } from "../store/dataset-writer.ts";
import { makeV21, temporaryFolder } from "../testing-datasets.ts";
import { TOY, toyStep } from "../testing.ts";

let v21: string;
let v30: string;
beforeAll(async () => {
  v21 = makeV21([3, 4]).root;
  v30 = join(temporaryFolder("hostile"), "v30");
  const writer = await openDatasetWriter(v30, { embodiment: TOY });
  for (const [episode, length] of [3, 4].entries()) {
    const recorder = writer.recorder();
    for (let t = 0; t < length; t++) recorder.add(toyStep(episode, t, length));
    writer.append(recorder.finish({ task: "count", provenance: { stream: "sim" } }));
  }
  writer.close();
});

/** Reads all there is. @returns false where it is refused as a whole */
async function readsOrRefuses(root: string): Promise<boolean> {
  try {
    const reader = await openDataset(root);
    for (const { index, readable } of reader.episodes.slice(0, 5)) {
      if (!readable) continue;
      try {
        const { length, state } = await reader.readEpisode(index);
        if (state) expect(state.length % Math.max(1, length)).toBe(0);
        await reader.episodeStats(index);
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
      }
    }
    await checkDataset(root);
    return true;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

const edits = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
  minLength: 1,
  maxLength: 6,
});

for (const [name, of] of Object.entries({ "v2.1": () => v21, "v3.0": () => v30 })) {
  test(`${name}: random bytes in any file of it`, async () => {
    const root = join(temporaryFolder("damaged"), "d");
    cpSync(of(), root, { recursive: true });
    const files = readdirSync(root, { recursive: true, encoding: "utf8", withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(json|jsonl|parquet)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    const refused = { yes: 0, no: 0 };
    await fc.assert(
      fc.asyncProperty(fc.nat(files.length - 1), edits, fc.nat(7), async (which, places, cut) => {
        const path = files[which] as string;
        const good = readFileSync(path);
        const bad = Buffer.from(good);
        for (const [at, value] of places) bad[Math.floor(at * (bad.length - 1))] = value;
        const end = cut === 0 ? Math.floor((places[0]?.[0] ?? 0) * bad.length) : bad.length;
        writeFileSync(path, bad.subarray(0, end));
        refused[(await readsOrRefuses(root)) ? "no" : "yes"]++;
        writeFileSync(path, good);
      }),
      fuzz(120, 31),
    );
    expect(Math.min(refused.yes, refused.no)).toBeGreaterThan(0); // damage of both kinds was tried
  });

  test(`${name}: senseless values in its JSON`, async () => {
    const root = join(temporaryFolder("senseless"), "d");
    cpSync(of(), root, { recursive: true });
    const path = join(root, "meta/info.json");
    const info = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    const value = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        -1,
        0,
        1e300,
        2 ** 53,
        "../../etc/passwd",
        "{x:999999999d}",
        [],
        {},
        true,
      ),
      fc.anything({ maxDepth: 2 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(info)), value, async (key, wrong) => {
        writeFileSync(path, JSON.stringify({ ...info, [key]: wrong }, bigintText));
        await readsOrRefuses(root);
      }),
      fuzz(120, 33),
    );
  });

  test(`${name}: senseless features`, async () => {
    const root = join(temporaryFolder("features"), "d");
    cpSync(of(), root, { recursive: true });
    const path = join(root, "meta/info.json");
    const info = JSON.parse(readFileSync(path, "utf8")) as { features: Record<string, object> };
    const field = fc.constantFrom("dtype", "shape", "names", "info");
    const value = fc.oneof(
      fc.constantFrom<unknown>(
        "video",
        "float32",
        "complex128",
        [1e9],
        [-1],
        [2 ** 40, 2 ** 40],
        [[]],
        null,
        "x",
      ),
      fc.anything({ maxDepth: 2 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(info.features)),
        field,
        value,
        async (key, name, wrong) => {
          const features = { ...info.features, [key]: { ...info.features[key], [name]: wrong } };
          writeFileSync(path, JSON.stringify({ ...info, features }, bigintText));
          await readsOrRefuses(root);
        },
      ),
      fuzz(120, 35),
    );
  });
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}

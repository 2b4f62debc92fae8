import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { recordEpisodes } from "./record-episodes.ts";

const folder = mkdtempSync(join(tmpdir(), "orrery-same-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Hash of every file of a dataset, by its name in it. */
function hashesOf(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .toSorted()
      .map((path) => [
        path.slice(root.length + 1),
        createHash("sha256").update(readFileSync(path)).digest("hex"),
      ]),
  );
}

test("one thread and two write the same bytes: tables, videos and all", async () => {
  const record = async (workers: number): Promise<Record<string, string>> => {
    const to = join(folder, `${workers}`, "set"); // a dataset knows its own name
    const cameras = [
      { name: "head", width: 32, height: 32 },
      { name: "left_wrist", width: 32, height: 32 },
    ];
    await recordEpisodes({
      task: "pick",
      operator: "play",
      episodes: 3,
      seed: 21,
      to,
      cameras,
      workers,
      timeLimitSec: 3,
    });
    return hashesOf(to);
  };
  const one = await record(1);
  const names = Object.keys(one).join(" ");
  expect(names).toMatch(/\.parquet/);
  expect(names).toMatch(/\.mp4/);
  expect(await record(2)).toEqual(one);
});

/** Nothing is lost: kill -9 while recording, and a disk that fills up. */
import { spawn } from "node:child_process";
import fs, { existsSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeRng } from "@orrery/core";
import { afterEach, expect, test } from "vitest";
import { checkDataset } from "../check/check.ts";
import { openDataset } from "../open.ts";
import { TOY, toyStep } from "../testing.ts";
import { temporaryFolder } from "../testing-datasets.ts";
import { openDatasetWriter, type DatasetWriter } from "./dataset-writer.ts";

const CHILD = fileURLToPath(new URL("./crash.child.ts", import.meta.url));

/** Starts the recorder, kills it `afterMs` after its first finished episode, and returns the last count it printed. */
function recordUntilKilled(root: string, afterMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", CHILD, root], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let safe = 0;
    let complaints = "";
    child.stderr.on("data", (text: Buffer) => (complaints += text.toString()));
    child.stdout.on("data", (text: Buffer) => {
      if (safe === 0) setTimeout(() => child.kill("SIGKILL"), afterMs);
      safe = Number(text.toString().trim().split("\n").at(-1));
    });
    child.on("exit", (code) =>
      code === null && safe > 0
        ? resolve(safe)
        : reject(new Error(`child ended with ${code}: ${complaints}`)),
    );
  });
}

test("kill -9 while recording loses at most the episode in hand, again and again", async () => {
  const root = join(temporaryFolder("killed"), "toy");
  const rng = makeRng(3, "kill");
  let before = 0;
  for (let round = 0; round < 4; round++) {
    const safe = await recordUntilKilled(root, rng.uniform(20, 300));
    const check = await checkDataset(root);
    // The kill may fall between an append and its line on stdout.
    expect([safe, safe + 1]).toContain(check.episodes);
    expect(safe).toBeGreaterThan(before);
    expect(check.problems.filter((problem) => problem.severity !== "note")).toEqual([]);
    expect([check.frames, check.videoFrames]).toEqual([10 * check.episodes, 10 * check.episodes]);
    const reader = await openDataset(root);
    for (const { index } of reader.episodes) expect((await reader.readEpisode(index)).state?.[0]).toBe(index);
    before = safe;
  }
  const writer = await openDatasetWriter(root, { embodiment: TOY });
  writer.close();
  expect((await checkDataset(root)).problems).toEqual([]);
  expect(existsSync(join(root, ".staging"))).toBe(false);
});

const { writeSync } = fs;
afterEach(() => {
  fs.writeSync = writeSync;
  syncBuiltinESMExports();
});

/** Lets so many more bytes through, then reports a full disk. */
function fillDiskAfter(bytes: number): void {
  let left = bytes;
  fs.writeSync = ((fd: number, data: Uint8Array, ...rest: number[]) => {
    left -= data.length;
    if (left < 0)
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    return (writeSync as (...args: unknown[]) => number)(fd, data, ...rest);
  }) as typeof fs.writeSync;
  syncBuiltinESMExports();
}

function record(writer: DatasetWriter, episode: number): void {
  const recorder = writer.recorder();
  for (let t = 0; t < 50; t++) recorder.add(toyStep(episode, t, 50, false));
  writer.append(recorder.finish({ provenance: { stream: "sim" } }));
}

test("a disk that fills up while an episode ends costs that episode and says so", async () => {
  const root = join(temporaryFolder("full"), "toy");
  const writer = await openDatasetWriter(root, { embodiment: { ...TOY, cameras: [] } });
  record(writer, 0);
  fillDiskAfter(300);
  expect(() => record(writer, 1)).toThrow(/columns\.bin \(ENOSPC.*The disk is full: free some space/);
  fs.writeSync = writeSync;
  syncBuiltinESMExports();
  record(writer, 1);
  writer.close();
  expect(await checkDataset(root)).toMatchObject({ episodes: 2, problems: [] });
});

test("a disk that fills up at any point of a merge loses nothing", async () => {
  for (const bytes of [0, 1_000, 4_000, 6_000, 12_000, 18_000, 24_000]) {
    const root = join(temporaryFolder("full"), "toy");
    const embodiment = { ...TOY, cameras: [] };
    const writer = await openDatasetWriter(root, { embodiment });
    for (let episode = 0; episode < 3; episode++) record(writer, episode);
    fillDiskAfter(bytes);
    let failed = false;
    try {
      writer.close();
    } catch (error) {
      failed = true;
      expect(String(error)).toMatch(/The disk is full/);
    }
    const check = await checkDataset(root);
    expect([bytes, check.episodes, check.problems.filter(({ severity }) => severity !== "note")]).toEqual([
      bytes,
      3,
      [],
    ]);
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
    if (bytes === 0) expect(failed).toBe(true);
    const again = await openDatasetWriter(root, { embodiment });
    again.close();
    expect(await checkDataset(root)).toMatchObject({ episodes: 3, frames: 150, problems: [] });
  }
});

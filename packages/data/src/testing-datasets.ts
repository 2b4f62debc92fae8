/** What tests of this package need on disk: real recordings, and small datasets made to order. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { ParquetBuilder, type ParquetColumn } from "./parquet/write.ts";

const RECORDINGS =
  process.env["ORRERY_TEST_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));

/** Path of a real recording, or null with a word of why where it is not on this machine. */
export function recording(name: string): string | null {
  const path = join(RECORDINGS, name);
  if (existsSync(path)) return path;
  console.warn(`skipped: there is no recording ${path}; set ORRERY_TEST_DATA to the folder that holds it`);
  return null;
}

const temporary: string[] = [];
afterAll(() => {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that goes away after the test file. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `orrery-${name}-`));
  temporary.push(folder);
  return folder;
}

/** A column of a handmade parquet file: its rows as parquet takes them. */
export interface HandmadeColumn {
  readonly dtype: string;
  readonly depth: number;
  readonly rows: readonly unknown[];
}

export function writeParquet(path: string, columns: Readonly<Record<string, HandmadeColumn>>): void {
  const entries = Object.entries(columns);
  const layout: ParquetColumn[] = entries.map(([name, { dtype, depth }]) => ({ name, dtype, depth }));
  const builder = new ParquetBuilder(layout);
  const numRows = entries[0]?.[1].rows.length ?? 0;
  builder.addGroup(new Map(entries.map(([name, { rows }]) => [name, rows])), numRows);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, builder.finish());
}

/** Folders and files of a v2.1 dataset, each of which a test may then spoil. */
export interface HandmadeDataset {
  readonly root: string;
  readonly info: Record<string, unknown>;
  readonly dataFile: (episode: number) => string;
}

/** A v2.1 dataset of `lengths.length` episodes with a two-number state that counts [episode, t]. */
export function makeV21(
  lengths: readonly number[],
  change: { info?: Record<string, unknown>; features?: Record<string, unknown>; stateType?: string } = {},
): HandmadeDataset {
  const root = temporaryFolder("v21");
  const dataFile = (episode: number): string =>
    join(root, `data/chunk-000/episode_${String(episode).padStart(6, "0")}.parquet`);
  const scalar = (dtype: string): unknown => ({ dtype, shape: [1], names: null });
  const info = {
    codebase_version: "v2.1",
    robot_type: "toy",
    total_episodes: lengths.length,
    total_frames: lengths.reduce((a, b) => a + b, 0),
    total_tasks: 1,
    chunks_size: 1000,
    fps: 10,
    data_path: "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
    video_path: "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
    features: {
      "observation.state": { dtype: "float32", shape: [2], names: ["a", "b"] },
      timestamp: scalar("float32"),
      frame_index: scalar("int64"),
      episode_index: scalar("int64"),
      index: scalar("int64"),
      task_index: scalar("int64"),
      ...change.features,
    },
    ...change.info,
  };
  mkdirSync(join(root, "meta"), { recursive: true });
  writeFileSync(join(root, "meta/info.json"), JSON.stringify(info));
  writeFileSync(join(root, "meta/tasks.jsonl"), '{"task_index": 0, "task": "count"}\n');
  const lines = lengths.map((length, i) => JSON.stringify({ episode_index: i, tasks: ["count"], length }));
  writeFileSync(join(root, "meta/episodes.jsonl"), lines.join("\n"));
  for (const [episode, length] of lengths.entries()) {
    const rows = <T>(make: (t: number) => T): T[] => Array.from({ length }, (_, t) => make(t));
    writeParquet(dataFile(episode), {
      "observation.state": {
        dtype: change.stateType ?? "float32",
        depth: 1,
        rows: rows((t) => [episode, t]),
      },
      timestamp: { dtype: "float32", depth: 0, rows: rows((t) => t / 10) },
      frame_index: { dtype: "int64", depth: 0, rows: rows((t) => t) },
      episode_index: { dtype: "int64", depth: 0, rows: rows(() => episode) },
      index: { dtype: "int64", depth: 0, rows: rows((t) => t) },
      task_index: { dtype: "int64", depth: 0, rows: rows(() => 0) },
    });
  }
  return { root, info, dataFile };
}

/** `orrery bench import`: importing video beside ffmpeg doing no more than decoding and encoding it, and random access. */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { accessSpeeds, type AccessSpeed } from "./access.ts";
import { compareImport, type ImportComparison } from "./import.ts";
import { chooseInputs } from "./inputs.ts";

export type { AccessSpeed, ImportComparison };

/** The least share of ffmpeg's speed that an import must keep. */
export const IMPORT_BAR = 0.6;

export interface ImportBench {
  /** Our frames per second over ffmpeg's, for the codec where that is lowest; null where ffmpeg is not installed. */
  readonly ratio: number | null;
  /** Frames per second of that codec (of the slowest, without ffmpeg). */
  readonly ours: number;
  readonly peer: number | null;
  readonly imports: readonly ImportComparison[];
  readonly access: readonly AccessSpeed[];
  readonly machine: string;
}

export interface ImportBenchOptions {
  /** Folder that is searched for videos. */
  readonly folder: string;
  /** One round and fewer accesses; its numbers are rough. */
  readonly isQuick?: boolean;
  readonly onProgress?: (text: string) => void;
}

/** About two minutes on two cores, or 40 seconds when quick. @throws {DataError} if the folder holds no video */
export async function benchImport(options: ImportBenchOptions): Promise<ImportBench> {
  const { folder, isQuick = false, onProgress = () => {} } = options;
  const scratch = mkdtempSync(join(tmpdir(), "orrery-bench-"));
  try {
    const inputs = await chooseInputs(folder, scratch);
    const imports: ImportComparison[] = [];
    for (const input of inputs) {
      onProgress(`${input.codec}: import beside ffmpeg`);
      const row = await compareImport(input, scratch, isQuick ? 1 : 3);
      imports.push(row);
      onProgress(`${input.codec}: ${row.ours.toFixed(0)} frames/s, ratio ${row.ratio?.toFixed(2) ?? "-"}`);
    }
    const access = await accessSpeeds(inputs, scratch, { accesses: isQuick ? 40 : 200, onProgress });
    const worst = imports.reduce((a, b) => ((b.ratio ?? b.ours) < (a.ratio ?? a.ours) ? b : a));
    const machine = `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${availableParallelism()} threads, Node ${process.version}`;
    const { ratio, ours, peer } = worst;
    return { ratio, ours, peer, imports, access, machine };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The folder that a run is written to: never one that holds something else, and not left behind where nothing was learnt. */
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "@orrery/core";
import { isRun } from "../release.ts";

/** What a start that was cut short may leave before there is a run. */
const LEFTOVERS = new Set(["lineage.json", "embodiment.json"]);

/** @throws {UsageError} unless `out` is new or empty, or holds the run that is to be resumed */
export function claimRunFolder(out: string, resume: boolean): void {
  if (isRun(out) && !resume) {
    throw new UsageError(
      `train: ${out} holds a run already. Add --resume to go on with it, or name another folder.`,
    );
  }
  if (resume && !isRun(out)) {
    throw new UsageError(
      `train: ${out} must hold a run to resume, there is none. Leave out --resume to begin one.`,
    );
  }
  if (resume || !existsSync(out)) return;
  const found = statSync(out).isDirectory()
    ? readdirSync(out).filter((name) => !LEFTOVERS.has(name) && !name.endsWith(".tmp"))
    : ["a file"];
  if (found.length > 0) {
    throw new UsageError(
      `train: ${out} must be an empty or a new folder, it holds ${found[0]}${found.length > 1 ? ` and ${found.length - 1} more` : ""}. Name another folder.`,
    );
  }
}

/** Empties the folder of a new run that failed before its first checkpoint, so that the next try finds it as it was. */
export function dropUntrained(out: string): void {
  if (!existsSync(out) || existsSync(join(out, "training", "latest.json"))) return;
  rmSync(out, { recursive: true, force: true });
}

/** Where the sample recordings lie that a bench works on: its first argument, or `ORRERY_TEST_DATA`. */
import { existsSync } from "node:fs";
import { UsageError } from "@orrery/core";

/** @throws {UsageError} if neither names a folder that is there */
export function recordingsFolder(): string {
  const folder = process.argv[2] ?? process.env["ORRERY_TEST_DATA"];
  if (folder !== undefined && existsSync(folder)) return folder;
  throw new UsageError(
    `bench: a folder of recordings must be named, as an argument or in ORRERY_TEST_DATA; got ${folder ?? "none"}.`,
  );
}

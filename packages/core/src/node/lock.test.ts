import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeLock } from "./lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a second taker is told who holds the lock, until it is given back", () => {
  const path = join(folder, "deep/lock");
  const release = takeLock(path, "first", folder);
  expect(() => takeLock(path, "second", folder)).toThrow(
    `second: ${folder} is being written by process ${process.pid} on ${hostname()}.`,
  );
  release();
  expect(existsSync(path)).toBe(false);
  takeLock(path, "second", folder)();
});

test("a lock left by a process that is gone is taken over, one of another machine is not", () => {
  const path = join(folder, "lock");
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writeFileSync(path, JSON.stringify({ pid, host: hostname() }));
  takeLock(path, "next", folder)();
  writeFileSync(path, JSON.stringify({ pid, host: "elsewhere" }));
  expect(() => takeLock(path, "next", folder)).toThrow(/on elsewhere/);
});

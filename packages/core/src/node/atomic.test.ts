import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataError } from "../errors.ts";
import { cureFor, temporaryName, writeFileAtomic, writeJsonAtomic } from "./atomic.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atomic-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("writes a new file with its folders and leaves nothing else behind", () => {
  const path = join(folder, "a/b/c.bin");
  const bytes = new Uint8Array(3_000_000).map((_, i) => i);
  writeFileAtomic(path, bytes);
  expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
  expect(readdirSync(join(folder, "a/b"))).toEqual(["c.bin"]);
});

test("replaces a file whole, text as UTF-8", () => {
  const path = join(folder, "x.txt");
  writeFileAtomic(path, "a long first text");
  writeFileAtomic(path, "kürzer");
  expect(readFileSync(path, "utf8")).toBe("kürzer");
});

test("writes JSON with four spaces and a last newline", () => {
  const path = join(folder, "x.json");
  writeJsonAtomic(path, { a: [1] });
  expect(readFileSync(path, "utf8")).toBe('{\n    "a": [\n        1\n    ]\n}\n');
});

test("a failure names the file and the cure, keeps the cause, and leaves what was there", () => {
  const path = join(folder, "taken");
  mkdirSync(join(path, "full"), { recursive: true });
  writeFileSync(join(path, "full/kept.txt"), "kept");
  let caught: unknown;
  try {
    writeFileAtomic(path, "cannot replace a folder that holds something");
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(DataError);
  expect((caught as DataError).message).toContain(`could not write ${path}`);
  expect((caught as DataError).message).toContain("What was there before is unchanged.");
  expect((caught as DataError).cause).toBeInstanceOf(Error);
  expect(readFileSync(join(path, "full/kept.txt"), "utf8")).toBe("kept");
  expect(readdirSync(folder)).toEqual(["taken"]);
});

/** A file system of 64 KiB, where the machine lets us mount one. */
function mountTiny(at: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", at], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("a full disk keeps the old file and says so", (context) => {
  if (!mountTiny(folder)) context.skip("mounting a small file system needs root");
  try {
    const path = join(folder, "data.bin");
    writeFileAtomic(path, "old");
    expect(() => writeFileAtomic(path, new Uint8Array(1 << 20))).toThrow(/disk is full: free some space/);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["data.bin"]);
  } finally {
    execFileSync("umount", [folder]);
  }
});

test("a folder that may not be written is named", (context) => {
  if (process.getuid?.() === 0) context.skip("root may write anywhere");
  chmodSync(folder, 0o500);
  expect(() => writeFileAtomic(join(folder, "x"), "y")).toThrow(/Choose a folder you may write to/);
});

test("temporary names lie beside the file and never repeat", () => {
  const names = new Set(Array.from({ length: 100 }, () => temporaryName("/a/b.txt")));
  expect(names.size).toBe(100);
  for (const name of names) expect(name).toMatch(/^\/a\/b\.txt\..*\.tmp$/);
  expect(existsSync("/a")).toBe(false);
});

test("each kind of failed write has its cure", () => {
  expect(cureFor({ code: "ENOSPC" })).toContain("disk is full");
  expect(cureFor({ code: "EROFS" })).toContain("may write to");
  expect(cureFor(null)).toContain("unchanged");
});

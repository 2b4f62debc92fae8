import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formats } from "./formats.ts";
import { recording } from "./testing-datasets.ts";

test("a path that is not there, an empty folder and an unknown file are told apart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "orrery-formats-"));
  try {
    await expect(formats.guess(join(folder, "nowhere"))).rejects.toThrow(/must exist, it does not/);
    await expect(formats.guess(folder)).rejects.toThrow(/must hold recordings, it is empty/);
    writeFileSync(join(folder, "notes.txt"), "no recording");
    await expect(formats.guess(folder)).rejects.toThrow(/none recognises it\. Name one with --format/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a folder around a recording is refused with the name of what lies in it", async () => {
  const path = recording("donkeycar-tub"); // an archive beside its licence
  if (path === null) return;
  await expect(formats.guess(path)).rejects.toThrow(/It holds tub\.tar\.gz \(tub\): import that/);
});

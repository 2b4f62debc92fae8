import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { decodeImage, probeVideo } from "@orrery/data";
import { afterAll, expect, test } from "vitest";
import { addSim } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "sim-view-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function view(...flags: string[]): Promise<void> {
  const program = new Command().exitOverride();
  addSim(program);
  await program.parseAsync(["sim", "view", "--task", "reach", "--size", "16", "--json", ...flags], {
    from: "user",
  });
}

test("a sheet has a row per episode, a video a frame per control step", async () => {
  const sheet = join(folder, "sheet.png");
  await view("--episodes", "2", "--columns", "3", "--family", "light", "--out", sheet);
  // Three pictures of 16 pixels with 2 between them, in two rows.
  expect(await decodeImage(readFileSync(sheet))).toMatchObject({ width: 52, height: 34 });

  const video = join(folder, "reach.mp4");
  await view("--time-limit", "1", "--operator", "play", "--out", video);
  expect(probeVideo(video).frameCount).toBe(10);
}, 30_000);

test("contradictions are named before anything is written", async () => {
  const out = join(folder, "none.png");
  await expect(view("--out", join(folder, "none.gif"))).rejects.toThrow(/\.png or \.mp4/);
  await expect(view("--out", out, "--family", "light", "--split", "seen")).rejects.toThrow(/not both/);
  await expect(view("--out", out, "--strength", "0.5")).rejects.toThrow(/--family/);
  await expect(view("--out", out, "--family", "gravity")).rejects.toThrow(/novel-light/);
  expect(existsSync(out)).toBe(false);
});

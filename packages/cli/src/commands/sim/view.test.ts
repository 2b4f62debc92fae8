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
  await program.parseAsync(["sim", "view", "--size", "16", "--json", ...flags], { from: "user" });
}

const REACH = ["--task", "reach"] as const;
/** Pictures are 16 pixels wide with 2 between them, a line of letters 10. */
const sizeOf = async (file: string): Promise<object> => {
  const { width, height } = await decodeImage(readFileSync(file));
  return { width, height };
};

test("a sheet has a row per episode, a video a frame per control step", async () => {
  const sheet = join(folder, "sheet.png");
  await view(...REACH, "--episodes", "2", "--columns", "3", "--family", "light", "--out", sheet);
  expect(await sizeOf(sheet)).toEqual({ width: 52, height: 2 * (16 + 10) + 2 });

  const video = join(folder, "reach.mp4");
  await view(...REACH, "--time-limit", "1", "--operator", "play", "--camera", "room", "--out", video);
  expect(probeVideo(video).frameCount).toBe(10);
});

test("PushT, concept scenes and objects are shown too", async () => {
  const pusht = join(folder, "pusht.png");
  await view(
    "--task",
    "pusht",
    "--operator",
    "human-like",
    "--episodes",
    "1",
    "--columns",
    "4",
    "--out",
    pusht,
  );
  expect(await sizeOf(pusht)).toEqual({ width: 70, height: 26 });
  const concept = join(folder, "concept.png");
  await view("--concept", "solidity", "--columns", "5", "--out", concept);
  expect(await sizeOf(concept)).toEqual({ width: 88, height: 6 * 28 - 2 }); // six variants
  const film = join(folder, "concept.mp4");
  await view("--concept", "inertia", "--out", film);
  expect(probeVideo(film).frameCount).toBe(40);
  const mug = join(folder, "mug.png");
  await view("--object", "mug", "--columns", "2", "--out", mug);
  expect(await sizeOf(mug)).toEqual({ width: 34, height: 26 });
});

const OUT = join(folder, "none.png");
test.each([
  ["an unknown task", ["--task", "pcik"], /one of reach, push.*"pcik".*mean "pick"/],
  ["an unknown family", [...REACH, "--family", "lights"], /one of light, .*"lights".*mean "light"/],
  ["an unknown split", [...REACH, "--split", "novel-masses"], /"novel-masses".*mean "novel-mass"/],
  ["an unknown operator", [...REACH, "--operator", "exprt"], /"exprt".*mean "expert"/],
  ["an unknown camera", [...REACH, "--camera", "heads"], /room, got "heads".*mean "head"/],
  ["an unknown concept", ["--concept", "permanance"], /"permanance".*mean "permanence"/],
  ["an unknown object", ["--object", "bannana"], /one of cube, .*"bannana".*mean "banana"/],
  ["a seed beyond 32 bits", [...REACH, "--seed", "4294967296"], /seed must be .* 4294967295, got 4294967296/],
  ["nothing to show", [], /one of --task, --concept and --object, got none/],
  ["two things to show", [...REACH, "--object", "mug"], /got 2/],
  ["a family and a split", [...REACH, "--family", "light", "--split", "seen"], /not both/],
  ["a strength of nothing", [...REACH, "--strength", "0.5"], /--family/],
  ["an operator of a concept", ["--concept", "inertia", "--operator", "play"], /--operator needs a --task/],
  ["a body on PushT", ["--task", "pusht", "--body", "neo"], /PushT has no choice of body/],
])("%s is named before anything is written", async (_what, flags, message) => {
  await expect(view("--out", OUT, ...flags)).rejects.toThrow(message);
  expect(existsSync(OUT)).toBe(false);
});

test("a wrong file ending, a strength beyond 1 and a negative seed are refused", async () => {
  await expect(view(...REACH, "--out", join(folder, "none.gif"))).rejects.toThrow(/\.png or \.mp4/);
  await expect(view("--task", "all", "--out", join(folder, "all.mp4"))).rejects.toThrow(/makes a \.png/);
  const light = [...REACH, "--family", "light", "--out", OUT];
  await expect(view(...light, "--strength", "1.5")).rejects.toThrow(/from 0 to 1, got "1.5"/);
  await expect(view(...light, "--seed", "-1")).rejects.toThrow(/whole number, got "-1"/);
});

/** What `flywheel` and `lineage` refuse, before anything is recorded. Whole turns are tested in the flywheel package. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Journal, planFlywheel } from "@orrery/flywheel";
import "@orrery/flywheel/kitchen"; // what a command loads when it runs is not to be part of a test's time
import { Command } from "commander";
import { afterEach, expect, test } from "vitest";
import { temporaryFolder } from "../testing.ts";
import { addFlywheel } from "./flywheel.ts";
import { addLineage } from "./lineage.ts";

const INTERRUPTS = ["SIGINT", "SIGTERM"] as const;

async function run(...args: string[]): Promise<void> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addFlywheel(program);
  addLineage(program);
  await program.parseAsync(args, { from: "user" });
}

// Each call listens for Ctrl-C until its process ends, and here one process makes many.
const listeners = new Set(INTERRUPTS.flatMap((name) => process.listeners(name)));
afterEach(() => {
  for (const name of INTERRUPTS) {
    for (const listener of process.listeners(name)) {
      if (!listeners.has(listener)) process.off(name, listener);
    }
  }
});

const request = { minutes: 1, tasks: ["reach"], rounds: 1, robots: 1, seed: 0 };

test.each([
  ["a preset nobody knows", ["--config", "jepa-huge"], /jepa-huge.*jepa-tiny/],
  ["a task nobody knows", ["--tasks", "levitate"], /must be one of .*got "levitate"/],
  ["homes nobody knows", ["--homes", "mars"], /must be one of .*got "mars"/],
  ["a search nobody knows", ["--planner", "search=oracle"], /must be one of cem.*got "oracle"/],
  [
    "a planner's option that is no number",
    ["--planner", "samples=many"],
    /samples must be a number, got "many"/,
  ],
  ["a task of PushT", ["--tasks", "pusht-goal"], /turns in the kitchen, pusht-goal has no homes/],
  ["a body nobody knows", ["--body", "atlas"], /neo, arm6, got "atlas"/],
  ["a task for two hands", ["--body", "arm6", "--tasks", "hand-over"], /2 arms for hand-over, arm6 has 1/],
  [
    "a camera of another body",
    ["--body", "arm6", "--cameras", "head:64x64"],
    /camera of arm6 must be one of .*got "head"/,
  ],
  [
    "pictures of another size than the model's",
    ["--cameras", "head:96x64"],
    /size of the model's pictures, 64x64, got head:96x64/,
  ],
  [
    "play that no clip fits into",
    ["--play-limit", "0.5"],
    /recordings of play must last the 16 rows of a training clip, 1\.6 s at 10 Hz, got 0\.5 s/,
  ],
  ["no rounds", ["--rounds", "0"], /must be 1 or more/],
  ["a task twice", ["--tasks", "reach,reach"], /got "reach" twice/],
  ["an empty name", ["--tasks", "reach,"], /parted by single commas/],
  ["nothing to resume", ["--resume"], /must hold a flywheel to resume/],
])("%s is refused before anything is recorded", async (_what, flags, message) => {
  const out = join(temporaryFolder("flywheel"), "loop");
  await expect(run("flywheel", "--out", out, ...flags)).rejects.toThrow(message);
  expect(existsSync(join(out, "store"))).toBe(false);
});

test("a folder with something else in it, and one that another process turns, are left alone", async () => {
  const out = temporaryFolder("flywheel");
  writeFileSync(join(out, "notes.txt"), "mine");
  await expect(run("flywheel", "--out", out)).rejects.toThrow(/must be an empty or a new folder.*notes\.txt/);
  writeFileSync(join(out, "lock"), JSON.stringify({ pid: process.ppid, host: hostname() }));
  await expect(run("flywheel", "--out", out)).rejects.toThrow(
    `is being written by process ${process.ppid} on ${hostname()}`,
  );
  expect(readdirSync(out)).toEqual(["lock", "notes.txt"]);
});

test("a loop that is resumed with an option that differs is told which; without options it is as begun", async () => {
  const out = join(temporaryFolder("flywheel"), "loop");
  mkdirSync(out);
  // A task that is refused, so that a resumed loop gets no further.
  const settings = planFlywheel({ ...request, tasks: ["levitate"] });
  Journal.open(out, settings, false);
  await expect(run("flywheel", "--out", out)).rejects.toThrow(/holds a flywheel already. Add --resume/);
  await expect(run("flywheel", "--out", out, "--resume", "--tasks", "reach")).rejects.toThrow(
    /minutes is 1, asked for 90; tasks is \["levitate"\], asked for \["reach"\]/,
  );
  await expect(run("flywheel", "--out", out, "--resume")).rejects.toThrow(/levitate/);
});

test("a file of settings is heard where the command line is silent, and must hold settings", async () => {
  const folder = temporaryFolder("settings");
  const file = join(folder, "loop.json");
  const out = join(folder, "loop");
  writeFileSync(
    file,
    JSON.stringify({ robots: 3, trials: "many", selection: { leastFailure: 1 }, homez: "seen" }),
  );
  await expect(run("flywheel", "--out", out, "--settings", file)).rejects.toThrow(
    /"robots" is an option: leave it out and say --robots.*"trials" must be a number, got "many".*"selection.leastFailure" is none of.*"homez" is none of/,
  );
  // The task is refused after all else was heard.
  writeFileSync(file, JSON.stringify({ tasks: ["levitate"], body: "atlas" }));
  await expect(run("flywheel", "--out", out, "--settings", file)).rejects.toThrow(/got "atlas"/);
  await expect(run("flywheel", "--out", out, "--settings", file, "--body", "arm6")).rejects.toThrow(
    /got "levitate"/,
  );
  const { tasks, minutes, rounds } = request;
  writeFileSync(file, JSON.stringify({ tasks, minutes, rounds }));
  Journal.open(out, planFlywheel({ ...request, settings: { body: "arm6", playSec: 1.6 } }), false);
  await expect(
    run("flywheel", "--out", out, "--resume", "--settings", file, "--body", "neo"),
  ).rejects.toThrow(/with other settings: body is "arm6", asked for "neo"; playSec is 1.6, asked for 4/);
});

test("a loop begun by an older version says so before anything else", async () => {
  const out = join(temporaryFolder("flywheel"), "loop");
  mkdirSync(out);
  writeFileSync(
    join(out, "journal.json"),
    JSON.stringify({ format: 1, settings: { minutes: 1 }, steps: [] }),
  );
  await expect(run("flywheel", "--out", out, "--resume")).rejects.toThrow(
    /must be of format 4, it is of format 1.*another version.*begin anew in another folder/,
  );
  for (const text of ['{"format": 4, "settings": {}, "steps": []}', "{", "null", '{"format": 4}']) {
    writeFileSync(join(out, "journal.json"), text);
    await expect(run("flywheel", "--out", out, "--resume")).rejects.toThrow(/cannot be used as a journal \(/);
  }
});

test("lineage says where releases are when there is none", async () => {
  await expect(run("lineage", join(temporaryFolder("lineage"), "r1"))).rejects.toThrow(
    /must be a release.*A flywheel keeps them under releases/,
  );
});

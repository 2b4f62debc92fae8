import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { addEval } from "./index.ts";

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "eval-control-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(out, { recursive: true });
});

async function control(...flags: string[]): Promise<void> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addEval(program);
  await program.parseAsync(["eval", "control", "--out", out, ...flags], { from: "user" });
}

test("a short run leaves its table, page, results and trials, and says so as JSON", async () => {
  const printed: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
  const flags = ["--task", "pusht", "--trials", "2", "--time-limit", "0.5", "--workers", "1", "--seed", "3"];
  await control("--policy", "random,hold", ...flags, "--json");
  const result = JSON.parse(printed.join("").trim().split("\n").at(-1) ?? "") as {
    metrics: { cells: Record<string, unknown>[]; differences: Record<string, unknown>[] };
    trials: number;
    report: string;
  };
  expect(result.trials).toBe(4);
  expect(result.metrics.cells[1]).toMatchObject({
    policy: "hold",
    task: "pusht",
    split: "seen",
    n: 2,
    success: 0,
  });
  expect(result.metrics.cells[1]?.["failures"]).toEqual({ "time ran out: never touched the T": 2 });
  expect(result.metrics.differences[0]).toMatchObject({
    first: "random",
    second: "hold",
    n: 2,
    mcnemar_p: 1,
  });
  expect(readFileSync(result.report, "utf8")).toContain(
    "--policy random,hold --task pusht --split seen --trials 2",
  );
  for (const name of ["table.md", "results.json", "trials.jsonl"])
    expect(existsSync(join(out, name)), name).toBe(true);
});

test.each([
  ["an unknown policy", ["--policy", "expret"], /"expret" must be random, hold, expert, or a run folder/],
  ["an unknown task", ["--policy", "hold", "--task", "reech"], /the task must be one of .*got "reech"/],
  [
    "a split that PushT lacks",
    ["--policy", "hold", "--task", "pusht", "--split", "novel-light"],
    /must be one of seen/,
  ],
  ["an empty name", ["--policy", "hold,"], /parted by single commas/],
])("%s is named before anything runs", async (_what, flags, message) => {
  await expect(control(...flags)).rejects.toThrow(message);
  expect(existsSync(join(out, "trials.jsonl"))).toBe(false);
});

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const DATA =
  process.env.ORRERY_TEST_DATA ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const BIN = fileURLToPath(new URL("../bin/orrery.mjs", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a process of its own, in a folder that is not the repository. */
function orrery(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { cwd: "/" }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe("the command line", () => {
  test("prints its version and its help with exit code 0", async () => {
    expect(await orrery("--version")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    const help = await orrery("--help");
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("doctor");
  });

  test("wrong use ends with 2, one message, and one JSON object where that was asked for", async () => {
    const unknown = await orrery("doctr");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("Did you mean doctor?");
    const option = await orrery("doctor", "--json", "--nonsense");
    expect(option.code).toBe(2);
    expect(JSON.parse(option.stdout)).toEqual({ error: "unknown option '--nonsense'" });
  });

  test("doctor --json ends with one object that names the machine", async () => {
    const { stdout } = await orrery("doctor", "--json");
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(1);
    const facts = JSON.parse(lines[0] ?? "");
    expect(facts.node.version).toBe(process.versions.node);
    expect(facts.cpu.threads).toBeGreaterThan(0);
    expect(Array.isArray(facts.problems)).toBe(true);
  });

  test("nothing at a path is wrong use, something else there is not; one message each and no stack", async () => {
    const folder = mkdtempSync(join(tmpdir(), "orrery-cli-"));
    try {
      const nowhere = join(folder, "nowhere");
      const to = ["--to", join(tmpdir(), "orrery-never-made", "set")];
      const cases: readonly (readonly [exitCode: 1 | 2, path: string, ...command: string[]])[] = [
        [2, nowhere, "info"],
        [2, nowhere, "list"],
        [2, nowhere, "import", ...to],
        [1, folder, "info"],
        [1, folder, "import", ...to],
      ];
      const ended = cases.map(([, path, ...command]) => orrery("data", ...command, path, "--json"));
      for (const [i, { code, stderr, stdout }] of (await Promise.all(ended)).entries()) {
        const [exitCode, path, command] = cases[i] as (typeof cases)[number];
        expect([command, code]).toEqual([command, exitCode]);
        expect(stderr.trimEnd().split("\n")).toHaveLength(1);
        expect(JSON.parse(stdout).error).toContain(path);
      }
      const into = await orrery("data", "import", folder, "--to", join(folder, "inside"));
      expect(into).toMatchObject({ code: 2, stderr: expect.stringContaining("must lie outside the source") });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("data info names what a real recording holds", async (context) => {
    const pusht = join(DATA, "pusht-lerobot30-tabular");
    if (!existsSync(pusht)) context.skip(`no recordings at ${DATA}; set ORRERY_TEST_DATA`);
    const { code, stdout } = await orrery("data", "info", pusht, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ episodes: 206, frames: 25650, fps: 10, action: { width: 2 } });
  });
});

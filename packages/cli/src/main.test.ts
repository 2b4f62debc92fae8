import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

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
});

/** Runs the repository's checks and tests as child processes and counts what came of them. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AbortedError } from "@orrery/core";
import { formatDuration } from "./format.ts";

export interface SuiteCount {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** The npm scripts of the root package; each counts as one test. */
const CHECKS = ["check:types", "check:lint", "check:format", "check:layers"];

/**
 * Runs all checks, then all tests, whatever fails on the way; all their output goes to stderr.
 * With `files` the checks are left out and only the matching tests run.
 */
export async function runSuite(files: readonly string[], signal: AbortSignal): Promise<SuiteCount> {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const check of files.length === 0 ? CHECKS : []) {
    const began = performance.now();
    const ok = (await runScript(check, [], signal)) === 0;
    process.stderr.write(
      `${ok ? "ok" : "FAILED"}  ${check}  ${formatDuration((performance.now() - began) / 1000)}\n`,
    );
    if (ok) count.passed++;
    else count.failed++;
  }
  const tests = await runTests(files, signal);
  return {
    passed: count.passed + tests.passed,
    failed: count.failed + tests.failed,
    skipped: tests.skipped,
  };
}

async function runTests(files: readonly string[], signal: AbortSignal): Promise<SuiteCount> {
  const folder = mkdtempSync(join(tmpdir(), "orrery-test-"));
  try {
    const report = join(folder, "vitest.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const exitCode = await runScript("test", [...reporters, ...files], signal);
    return countTests(existsSync(report) ? readFileSync(report, "utf8") : undefined, exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The parts of vitest's JSON report that are read here. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/**
 * Counts a vitest report. A file that fails without running a test counts as one failure, and so does a run that
 * failed, reported nothing, or ran no test at all: no way of breaking the tests may look like success.
 */
export function countTests(report: string | undefined, exitCode: number): SuiteCount {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    report,
  ) as VitestReport;
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  const failed = numFailedTests + brokenFiles.length;
  const isUnexplained = failed === 0 && (exitCode !== 0 || numPassedTests === 0);
  return {
    passed: numPassedTests,
    failed: isUnexplained ? 1 : failed,
    skipped: numPendingTests + numTodoTests,
  };
}

/** Runs one npm script of the root package; resolves to its exit code. */
async function runScript(name: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  if (signal.aborted) throw new AbortedError("test: stopped before the end.");
  const child = spawn("npm", ["run", "--silent", name, "--", ...args], {
    cwd: ROOT,
    // The child's stdout joins our stderr: our own stdout ends with the result.
    stdio: ["ignore", 2, 2],
    signal,
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

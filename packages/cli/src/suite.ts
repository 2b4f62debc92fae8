/** Runs the repository's checks and tests as child processes, counts what came of them and names what failed. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { AbortedError } from "@orrery/core";
import { formatDuration } from "./format.ts";

export interface SuiteCount {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What a run of the tests came to. */
export interface TestCount extends SuiteCount {
  /** One line for each file that failed or whose process died, so that the end of a log tells all. */
  readonly problems: readonly string[];
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
  for (const problem of tests.problems) process.stderr.write(`FAILED  ${problem}\n`);
  return {
    passed: count.passed + tests.passed,
    failed: count.failed + tests.failed,
    skipped: tests.skipped,
  };
}

async function runTests(files: readonly string[], signal: AbortSignal): Promise<TestCount> {
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
  readonly testResults: readonly FileReport[];
}

interface FileReport {
  readonly name: string;
  /** "failed" or "passed"; the latter also where the file's process died, so it proves nothing. */
  readonly status: string;
  /** "pending" marks a test without a result: its process died before it ended. */
  readonly assertionResults: readonly { readonly status: string }[];
}

/**
 * Counts a vitest report. A file that fails outside its tests, or whose process dies before its last test has
 * ended, counts as one failure, and so does a run that failed, reported nothing, or ran no test at all: no way of
 * breaking the tests may look like success.
 */
export function countTests(report: string | undefined, exitCode: number): TestCount {
  if (report === undefined) {
    return { passed: 0, failed: 1, skipped: 0, problems: ["vitest ended without a report; see its output."] };
  }
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(report) as VitestReport;
  const files = testResults.map(judge);
  const problems = files.flatMap(({ problem }) => problem ?? []);
  const failed = numFailedTests + files.filter(({ isBroken }) => isBroken).length;
  const isUnexplained = failed === 0 && (exitCode !== 0 || numPassedTests === 0);
  if (isUnexplained) {
    const ran = numPassedTests === 0 ? "no test ran" : `vitest ended with exit code ${exitCode}`;
    problems.push(`${ran}, and no file says why; see its output.`);
  }
  const skipped = testResults.flatMap(({ assertionResults }) => assertionResults.filter(wasSkipped));
  return {
    passed: numPassedTests,
    failed: isUnexplained ? 1 : failed,
    skipped: skipped.length,
    problems,
  };
}

const wasSkipped = ({ status }: { status: string }): boolean => status === "skipped" || status === "todo";

/** What a file's report says of it; `isBroken` is a failure beyond those of its tests. */
function judge(file: FileReport): { readonly isBroken: boolean; readonly problem?: string } {
  const { status, assertionResults: tests } = file;
  const name = isAbsolute(file.name) ? relative(ROOT, file.name) : file.name;
  const lost = tests.filter((test) => test.status === "pending").length;
  if (lost > 0) {
    const problem = `${name}: ${lost} of ${tests.length} tests have no result, its process died.`;
    return { isBroken: true, problem };
  }
  const failures = tests.filter((test) => test.status === "failed").length;
  if (failures > 0)
    return { isBroken: false, problem: `${name}: ${failures} of ${tests.length} tests failed.` };
  if (status === "failed") {
    const problem = `${name}: ${tests.length === 0 ? "could not be loaded" : "failed outside its tests"}.`;
    return { isBroken: true, problem };
  }
  if (tests.length > 0) return { isBroken: false };
  return { isBroken: true, problem: `${name}: ran no test, its process died or it holds none.` };
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

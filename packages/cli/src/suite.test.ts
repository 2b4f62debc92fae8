import { expect, test } from "vitest";
import { countTests } from "./suite.ts";

type Files = Readonly<Record<string, readonly string[]>>;

/** A report of files with the states of their tests, as vitest's JSON reporter writes it. */
function report(files: Files, broken: Files = {}): string {
  const all = Object.values({ ...files, ...broken }).flat();
  const count = (status: string): number => all.filter((found) => found === status).length;
  return JSON.stringify({
    numPassedTests: count("passed"),
    numFailedTests: count("failed"),
    testResults: Object.entries({ ...files, ...broken }).map(([name, states]) => ({
      name,
      // "passed" of a file whose process died, too
      status: name in broken || states.includes("failed") ? "failed" : "passed",
      assertionResults: states.map((status) => ({ status })),
    })),
  });
}

test("passed, failed and skipped tests are counted, and the failed file is named", () => {
  const text = report({ "a.test.ts": ["passed", "passed", "todo"], "b.test.ts": ["failed", "skipped"] });
  const problems = ["b.test.ts: 1 of 2 tests failed."];
  expect(countTests(text, 1)).toEqual({ passed: 2, failed: 1, skipped: 2, problems });
});

test("a file that does not load, or fails outside its tests, is a failure", () => {
  const broken = { "b.test.ts": [], "c.test.ts": ["passed"] };
  const problems = ["b.test.ts: could not be loaded.", "c.test.ts: failed outside its tests."];
  const text = report({ "a.test.ts": ["passed"] }, broken);
  expect(countTests(text, 1)).toEqual({ passed: 2, failed: 2, skipped: 0, problems });
});

test("a file whose process died is a failure, and is named", () => {
  const files = { "a.test.ts": ["passed", "pending", "pending", "skipped"], "b.test.ts": [] };
  const problems = [
    "a.test.ts: 2 of 4 tests have no result, its process died.",
    "b.test.ts: ran no test, its process died or it holds none.",
  ];
  expect(countTests(report(files), 1)).toEqual({ passed: 1, failed: 2, skipped: 1, problems });
  expect(countTests(report(files), 0).failed).toBe(2);
});

test("no report, no tests, or a failure that nothing explains never look like success", () => {
  expect(countTests(undefined, 0)).toMatchObject({
    failed: 1,
    problems: [expect.stringContaining("report")],
  });
  expect(countTests(report({}), 0)).toMatchObject({
    failed: 1,
    problems: [expect.stringContaining("no test ran")],
  });
  expect(countTests(report({ "a.test.ts": ["passed"] }), 1)).toMatchObject({
    passed: 1,
    failed: 1,
    skipped: 0,
    problems: [expect.stringContaining("exit code 1")],
  });
});

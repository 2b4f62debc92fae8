import { expect, test } from "vitest";
import { countTests } from "./suite.ts";

const report = (fields: object): string =>
  JSON.stringify({
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
    ...fields,
  });

test("passed, failed and skipped tests are counted", () => {
  const text = report({ numPassedTests: 7, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 });
  expect(countTests(text, 1)).toEqual({ passed: 7, failed: 2, skipped: 2 });
});

test("a file that does not load is a failure", () => {
  const text = report({ numPassedTests: 7, testResults: [{ status: "failed", assertionResults: [] }] });
  expect(countTests(text, 1)).toEqual({ passed: 7, failed: 1, skipped: 0 });
});

test("no report, no tests, or a failure that nothing explains never look like success", () => {
  expect(countTests(undefined, 0).failed).toBe(1);
  expect(countTests(report({}), 0).failed).toBe(1);
  expect(countTests(report({ numPassedTests: 3 }), 1)).toEqual({ passed: 3, failed: 1, skipped: 0 });
});

import { AbortedError, DataError, UsageError } from "@orrery/core";
import { expect, test } from "vitest";
import { renderError } from "./failure.ts";

test("an error that a user can act on is its message alone, with its exit code", () => {
  const failure = renderError(new DataError("openDataset: no such folder (/data/x). Check the path."));
  expect(failure.text).toBe("orrery: openDataset: no such folder (/data/x). Check the path.");
  expect(failure.exitCode).toBe(1);
  expect(renderError(new UsageError("no such task")).exitCode).toBe(2);
});

test("a full disk gets its cure even where no package has wrapped it", () => {
  const error = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  expect(renderError(error).text).toMatch(/^orrery: ENOSPC.*free some space/);
});

test("a defect shows its stack, its causes and a plea to report it", () => {
  const failure = renderError(new TypeError("x is not a function", { cause: new Error("deeper") }));
  expect(failure.message).toBe("internal: x is not a function");
  expect(failure.text).toContain("Please report it");
  expect(failure.text).toContain("failure.test.ts");
  expect(failure.text).toContain("Caused by: Error: deeper");
  expect(failure.exitCode).toBe(1);
});

test("stopping is not a defect", () => {
  expect(renderError(new AbortedError("train: stopped at step 12, saved in runs/a.")).text).toBe(
    "orrery: train: stopped at step 12, saved in runs/a.",
  );
  expect(renderError(new DOMException("This operation was aborted", "AbortError")).text).toMatch(
    /^orrery: stopped/,
  );
});

test("anything can be thrown", () => {
  expect(renderError("a string").message).toBe("internal: a string");
  expect(renderError(undefined).exitCode).toBe(1);
});

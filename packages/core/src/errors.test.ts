import { expect, test } from "vitest";
import { ConfigError, DataError, messageOf, OrreryError, ShapeError, UsageError } from "./errors.ts";

test("errors carry their class name, exit code, fields and cause", () => {
  const cause = new Error("parquet ended early");
  const data = new DataError("openDataset: x", { path: "/d", cause });
  expect([data.name, data.exitCode, data.path, data.cause]).toEqual(["DataError", 1, "/d", cause]);
  expect(new UsageError("x").exitCode).toBe(2);
  expect(data).toBeInstanceOf(OrreryError);
});

test("a config error lists every problem at once", () => {
  const error = new ConfigError("train config", ['unknown key "widht"', "depth must be 1 or more, got 0"]);
  expect(error.message).toBe('train config: unknown key "widht"; depth must be 1 or more, got 0');
  expect([error.exitCode, error.problems.length]).toEqual([2, 2]);
});

test("a shape error says where, what, expected, found and what to do", () => {
  const error = new ShapeError("planMppi", "z0", "[Z]", [16, 512], "Pass one latent state.");
  expect(error.message).toBe("planMppi: z0 must have shape [Z], got [16, 512]. Pass one latent state.");
  expect([error.expected, error.found]).toEqual(["[Z]", [16, 512]]);
});

test("messageOf reads anything thrown", () => {
  expect([messageOf(new Error("a")), messageOf("b"), messageOf(undefined)]).toEqual(["a", "b", "undefined"]);
});

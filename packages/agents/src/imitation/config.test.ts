import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, UsageError } from "@orrery/core";
import { expect, test } from "vitest";
import { isPolicyConfig, loadPolicyConfig, policyPresetNames } from "./config.ts";
import { temporaryFolder } from "./testing.ts";

function file(values: unknown): string {
  const path = join(temporaryFolder("policy-config"), "policy.json");
  writeFileSync(path, typeof values === "string" ? values : JSON.stringify(values));
  return path;
}

test("presets are valid, differ as they say, and carry their name", () => {
  for (const name of policyPresetNames) expect(loadPolicyConfig(name).name).toBe(name);
  expect(loadPolicyConfig("bc-tiny")).toMatchObject({ family: "bc", head: "direct", depth: 4 });
  expect(loadPolicyConfig("vla-tiny")).toMatchObject({ family: "vla", head: "flow", chunk: 8 });
});

test("a file is a preset with differences, and is told from a world model's", () => {
  const path = file({ preset: "bc-tiny", head: "flow", training: { batch: 3 } });
  expect(loadPolicyConfig(path)).toMatchObject({
    family: "bc",
    head: "flow",
    training: { batch: 3, steps: 3000 },
  });
  expect(isPolicyConfig(path)).toBe(true);
  expect(isPolicyConfig("vla-small")).toBe(true);
  expect(isPolicyConfig("vla-huge")).toBe(true); // and then refused by name
  expect(isPolicyConfig("tiny")).toBe(false);
  expect(isPolicyConfig(file({ preset: "jepa-tiny" }))).toBe(false);
  expect(isPolicyConfig(file({ family: "vla" }))).toBe(true);
});

test("all problems are listed at once", () => {
  const wrong = file({ preset: "vla-tiny", chunk: 2, execute: 5, vision: { patch: 7 }, colour: "red" });
  expect(() => loadPolicyConfig(wrong)).toThrow(ConfigError);
  expect(() => loadPolicyConfig(wrong)).toThrow(/colour/);
  const related = file({ chunk: 2, execute: 5, vision: { patch: 7 } });
  expect(() => loadPolicyConfig(related)).toThrow(
    /patch 7 must divide height 64 and width 64; execute 5 must be at most chunk 2/,
  );
  expect(() => loadPolicyConfig(file({ preset: "bc-tiny", flow: { draws: 4 } }))).toThrow(/draws must be 1/);
  expect(() => loadPolicyConfig("giant")).toThrow(UsageError);
  expect(() => loadPolicyConfig(file("{"))).toThrow(/cannot be read as JSON/);
});

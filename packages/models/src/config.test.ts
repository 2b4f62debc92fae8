import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, UsageError } from "@orrery/core";
import { afterAll, expect, test } from "vitest";
import { loadConfig, parseConfig, presetNames, tokensPerImage, type ModelConfig } from "./config.ts";

const folder = mkdtempSync(join(tmpdir(), "orrery-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function configFile(content: unknown): string {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function problemsOf(path: string): readonly string[] {
  try {
    loadConfig(path);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error(`${path} was accepted`);
}

test("every preset is a whole configuration that survives being saved", () => {
  expect(presetNames).toEqual([
    "tiny",
    "debug",
    "small",
    "base",
    "2b",
    "jepa-tiny",
    "jepa-debug",
    "jepa-pusht",
    "jepa-base",
  ]);
  for (const name of presetNames) {
    const config = loadConfig(name);
    expect(config.name).toBe(name);
    expect(parseConfig("saved", JSON.parse(JSON.stringify(config)))).toEqual(config);
  }
});

test("a file changes only what it names in its preset", () => {
  const path = configFile({
    preset: "debug",
    dynamics: { stack: { depth: 4 } },
    training: { dynamics: { batch: 2 } },
  });
  const debug = loadConfig("debug");
  const config = loadConfig(path) as ModelConfig;
  expect(config.dynamics).toEqual({ ...debug.dynamics, stack: { ...debug.dynamics.stack, depth: 4 } });
  expect(config.training.dynamics).toEqual({ ...debug.training.dynamics, batch: 2 });
  expect(config.tokenizer).toEqual(debug.tokenizer);
  expect((loadConfig(configFile({})) as ModelConfig).tokenizer).toEqual(loadConfig("tiny").tokenizer);
});

test("a misspelt key is named with its place", () => {
  const [problem, ...others] = problemsOf(configFile({ dynamics: { stack: { widht: 128 } } }));
  expect(problem).toContain("dynamics.stack");
  expect(problem).toContain('"widht"');
  expect(others).toEqual([]);
});

test("points have no place for what is felt", () => {
  const path = configFile({ preset: "jepa-pusht", training: { jepa: { stateDropShare: 0.5 } } });
  expect(problemsOf(path)).toEqual([
    expect.stringContaining('training.jepa.stateDropShare must be 1 where net.eye is "points", got 0.5'),
  ]);
});

test("all problems are told at once", () => {
  const problems = problemsOf(
    configFile({
      colour: "red",
      tokenizer: { patch: 0, maskMax: 1.5 },
      dynamics: { maxSteps: 6 },
      training: { dynamics: { optimizer: "sgd" } },
    }),
  ).join("\n");
  for (const part of [
    '"colour"',
    "tokenizer.patch",
    "tokenizer.maskMax",
    "dynamics.maxSteps: must be a power of two",
    "training.dynamics.optimizer",
  ])
    expect(problems).toContain(part);
});

test("relations between values are checked too, all of them", () => {
  const problems = problemsOf(
    configFile({
      tokenizer: { patch: 24 },
      dynamics: { stack: { headWidth: 48, timeEvery: 0 }, sampleSteps: 16, doubt: 0.5 },
      training: { dynamics: { longClipFrames: 4 } },
    }),
  );
  expect(problems).toEqual([
    "tokenizer.patch 24 must divide height 64 and width 64",
    "dynamics.stack.headWidth 48 must divide width 256",
    "dynamics.stack.timeEvery must be at least 1, got 0",
    "dynamics.sampleSteps 16 must be at most maxSteps 8",
    "dynamics.doubt 0.5 must be at most training.dynamics.historyNoise 0.375: the model would meet frames that it was never trained after",
    "training.dynamics.longClipFrames 4 must be at least clipFrames 12",
  ]);
});

test("what is neither preset nor file is answered with what there is", () => {
  expect(() => loadConfig("tinny")).toThrow(UsageError);
  expect(() => loadConfig("tinny")).toThrow(/tiny, debug, small, base, 2b/);
  expect(() => loadConfig(join(folder, "none.json"))).toThrow(/cannot be read as JSON/);
  expect(() => loadConfig(configFile('{"preset": "tiny",'))).toThrow(UsageError);
  expect(problemsOf(configFile([1]))).toEqual(["the file must hold one JSON object"]);
  expect(problemsOf(configFile({ preset: "huge" }))[0]).toMatch(/"preset" must be one of .* got huge/);
});

test("tokensPerImage counts patches", () => {
  expect(tokensPerImage(loadConfig("tiny").tokenizer)).toBe(16);
  expect(tokensPerImage(loadConfig("2b").tokenizer)).toBe(256);
});

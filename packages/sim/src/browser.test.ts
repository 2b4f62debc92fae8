import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as browser from "./browser.ts";
import * as node from "./index.ts";

const PACKAGES = fileURLToPath(new URL("../..", import.meta.url));
const ENTRY = fileURLToPath(new URL("./browser.ts", import.meta.url));
/** Libraries that say themselves that they run in browsers. */
const ALLOWED = ["@mujoco/mujoco"];

/** `import ... from "x"`, `export ... from "x"`, `import "x"` and `import("x")`, but for types, which are erased. */
const IMPORTS =
  /(?:^|\n)\s*(?:import|export)\s+(?!type\b)(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/g;

function importsOf(file: string): string[] {
  const source = readFileSync(file, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  return [...source.matchAll(IMPORTS)].map(([, from, dynamic]) => from ?? dynamic!);
}

/** The file an import stands for within the project, or null for a library or a module of Node's. */
function resolve(name: string, from: string): string | null {
  if (name.startsWith(".")) return join(dirname(from), name);
  const [, short, entry] = /^@orrery\/([a-z]+)(?:\/(.+))?$/.exec(name) ?? [];
  if (short === undefined) return null;
  const manifest = JSON.parse(readFileSync(join(PACKAGES, short, "package.json"), "utf8")) as {
    exports: Record<string, string>;
  };
  const target = manifest.exports[entry === undefined ? "." : `./${entry}`];
  return target === undefined ? null : join(PACKAGES, short, target);
}

test("nothing that the browser's entry reaches needs Node", () => {
  const seen = new Set<string>([ENTRY]);
  const foreign: string[] = [];
  for (const file of seen) {
    if (file.endsWith(".json")) continue;
    for (const name of importsOf(file)) {
      const target = resolve(name, file);
      if (target !== null) seen.add(target);
      else if (!ALLOWED.includes(name)) foreign.push(`${relative(PACKAGES, file)} imports ${name}`);
    }
    if (/\bprocess\.|\bBuffer\b|\b__dirname\b/.test(readFileSync(file, "utf8"))) {
      foreign.push(`${relative(PACKAGES, file)} uses a global of Node's`);
    }
  }
  expect(foreign).toEqual([]);
  // The walk really went through: the physics, the tasks, and core.
  const reached = [...seen].map((file) => relative(PACKAGES, file));
  expect(reached).toContain("sim/src/mujoco/physics.ts");
  expect(reached).toContain("sim/src/tasks/wipe.ts");
  expect(reached).toContain("core/src/rng.ts");
  expect(reached.some((file) => file.startsWith("data/"))).toBe(false);
});

test("the walk would see a module of Node's", () => {
  const recorder = fileURLToPath(new URL("./record/record-episodes.ts", import.meta.url));
  expect(importsOf(recorder)).toContain("node:fs");
});

test("the browser's names are those of the package", () => {
  const names = node as Record<string, unknown>;
  for (const [name, value] of Object.entries(browser)) expect(names[name], name).toBe(value);
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkLayers, findCycles } from "./check.ts";
import { importsOf } from "./imports.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "layers-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Lays out a working tree: a package.json for every package named, and the files given. */
function tree(files: Record<string, string>, dependencies: Record<string, string[]> = {}): string[] {
  for (const [path, text] of Object.entries(files)) write(path, text);
  for (const name of new Set(Object.keys(files).map((path) => path.split("/")[0] ?? ""))) {
    const declared = Object.fromEntries(
      (dependencies[name] ?? []).map((dependency) => [dependency, "1.0.0"]),
    );
    write(`${name}/package.json`, JSON.stringify({ name: `@orrery/${name}`, dependencies: declared }));
  }
  return checkLayers(root);
}

function write(path: string, text: string): void {
  const full = join(root, "packages", path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
}

test("a tree whose arrows point down is sound", () => {
  const problems = tree(
    {
      "core/src/a.ts": 'export { b } from "./b.ts";',
      "core/src/b.ts": "export const b = 1;",
      "core/src/node/c.ts": 'import { readFileSync } from "node:fs";',
      "sim/src/a.ts": 'import { b } from "@orrery/core";\nconst worker = new URL("./w.ts", import.meta.url);',
      "sim/src/w.ts": 'import { Worker } from "node:worker_threads";',
      "torch/native/addon.cc": "",
    },
    { sim: ["@orrery/core"] },
  );
  expect(problems).toEqual([]);
});

test("backward arrows are found in code, in types, in lazy imports and in package.json", () => {
  const problems = tree(
    {
      "data/src/a.ts": '// one\nimport { tensor } from "@orrery/torch";',
      "data/src/b.ts": 'import type { World } from "@orrery/sim";',
      "data/src/c.ts": 'const m = await import("@orrery/models");',
    },
    { data: ["@orrery/torch"] },
  );
  expect(problems).toEqual([
    "packages/data/package.json: data may import only core, it depends on @orrery/torch.",
    'packages/data/src/a.ts:2: data may import only core, it imports "@orrery/torch".',
    'packages/data/src/b.ts:1: data may import only core, it imports "@orrery/sim".',
    'packages/data/src/c.ts:1: data may import only core, it imports "@orrery/models".',
  ]);
});

test("a relative import may not leave its package", () => {
  const problems = tree({
    "data/src/deep/a.ts": 'import { x } from "../../../core/src/x.ts";',
    "core/src/x.ts": "",
  });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(
    "packages/data/src/deep/a.ts:1: a relative import must stay inside its package",
  );
});

test("native code and its loading belong to torch", () => {
  const problems = tree({
    "data/src/fast.cc": "",
    "data/src/a.ts": 'const addon = require("../build/fast.node");',
  });
  expect(problems).toEqual([
    "packages/data/src/fast.cc: native code may live in packages/torch only.",
    'packages/data/src/a.ts:1: native code may be loaded in packages/torch only, got "../build/fast.node".',
  ]);
});

test("import cycles are spelt out, and types alone make none", () => {
  const problems = tree({
    "core/src/a.ts": 'import { b } from "./b.ts";',
    "core/src/b.ts": 'import { c } from "./c.ts";',
    "core/src/c.ts": 'import { a } from "./a.ts";',
    "core/src/d.ts": 'import { e } from "./e.ts";',
    "core/src/e.ts": 'import type { D } from "./d.ts";',
  });
  expect(problems).toEqual(["packages/core: import cycle src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts."]);
});

test("core stays fit for browsers, undeclared packages and unknown layers are named", () => {
  const problems = tree({
    "core/src/a.ts": 'import { readFileSync } from "node:fs";',
    "core/src/a.test.ts": 'import { readFileSync } from "node:fs";\nimport { test } from "vitest";',
    "data/src/b.ts": 'import { unzip } from "fflate/node";',
    "gadgets/src/c.ts": "",
  });
  expect(problems).toEqual([
    'packages/core/src/a.ts:1: this file also runs in a browser and must not import "node:fs".',
    'packages/data/src/b.ts:1: "fflate" must be declared in packages/data/package.json.',
    "packages/gadgets: every package must have its place in scripts/layers/rules.ts.",
  ]);
});

test("importsOf sees every form and no comment or template", () => {
  const source = `
// import "commented";
/* import x from "blocked"; */
import "bare";
import def, { type T, u } from "static";
import {
  many,
} from 'lines';
import type { V } from "types";
export * from "again";
export const text = \`import z from "template"\`;
const s = "import q from 'string'"; // from "tail"
`;
  expect(
    importsOf(source).map(({ specifier, isType }) => (isType ? `type ${specifier}` : specifier)),
  ).toEqual(["bare", "static", "lines", "type types", "again"]);
});

test("findCycles finds a file that imports itself", () => {
  expect(findCycles(new Map([["a.ts", ["a.ts"]]]))).toEqual(["a.ts -> a.ts"]);
});

/** The layer rules applied to a working tree. Every broken rule is one line: where, what must hold, what was found. */
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, normalize } from "node:path";
import { importsOf, type Import } from "./imports.ts";
import { BROWSER_FOLDERS, MAY_IMPORT, NATIVE_PACKAGE } from "./rules.ts";
import { readPackages, type PackageTree } from "./tree.ts";

const SCOPE = "@orrery/";
const TYPESCRIPT = /\.[cm]?tsx?$/;
const NATIVE_SOURCE =
  /(\.(c|cc|cpp|cxx|h|hpp|cu|cuh|rs|node|so|a|dll|dylib)|\/(binding\.gyp|CMakeLists\.txt))$/;

/** @returns one message per broken rule, an empty list for a sound tree */
export function checkLayers(root: string): string[] {
  return readPackages(root).flatMap((tree) => {
    const allowed = MAY_IMPORT[tree.name];
    if (!allowed)
      return [`packages/${tree.name}: every package must have its place in scripts/layers/rules.ts.`];
    const graph = new Map<string, string[]>();
    const problems = [...checkManifest(tree, allowed), ...checkNative(tree)];
    for (const path of tree.files.filter((file) => TYPESCRIPT.test(file))) {
      const imports = importsOf(readFileSync(join(tree.folder, path), "utf8"));
      problems.push(...imports.flatMap((found) => checkImport(tree, allowed, path, found)));
      graph.set(path, localTargets(path, imports));
    }
    return [
      ...problems,
      ...findCycles(graph).map((cycle) => `packages/${tree.name}: import cycle ${cycle}.`),
    ];
  });
}

function checkManifest(tree: PackageTree, allowed: readonly string[]): string[] {
  return tree.dependencies
    .filter((name) => name.startsWith(SCOPE) && !allowed.includes(name.slice(SCOPE.length)))
    .map(
      (name) => `packages/${tree.name}/package.json: ${arrow(tree.name, allowed)}, it depends on ${name}.`,
    );
}

function checkNative(tree: PackageTree): string[] {
  if (tree.name === NATIVE_PACKAGE) return [];
  return (
    tree.files
      // testdata/ may hold the source of a reference that a test was made with; nothing builds it.
      .filter((path) => NATIVE_SOURCE.test(`/${path}`) && !path.includes("/testdata/"))
      .map(
        (path) => `packages/${tree.name}/${path}: native code may live in packages/${NATIVE_PACKAGE} only.`,
      )
  );
}

function checkImport(tree: PackageTree, allowed: readonly string[], path: string, found: Import): string[] {
  const { specifier, line } = found;
  const where = `packages/${tree.name}/${path}:${line}`;
  if (specifier.endsWith(".node") && tree.name !== NATIVE_PACKAGE) {
    return [`${where}: native code may be loaded in packages/${NATIVE_PACKAGE} only, got "${specifier}".`];
  }
  if (specifier.startsWith(".")) {
    const target = normalize(join(path, "..", specifier));
    return target.startsWith("..")
      ? [
          `${where}: a relative import must stay inside its package, got "${specifier}". Import the package by name.`,
        ]
      : [];
  }
  if (isBuiltin(specifier)) {
    return BROWSER_FOLDERS[tree.name]?.(path) && !isTest(path)
      ? [`${where}: this file also runs in a browser and must not import "${specifier}".`]
      : [];
  }
  const name = packageName(specifier);
  if (name.startsWith(SCOPE) && name !== SCOPE + tree.name && !allowed.includes(name.slice(SCOPE.length))) {
    return [`${where}: ${arrow(tree.name, allowed)}, it imports "${specifier}".`];
  }
  // Tests, benches and scripts may use the root package's tools.
  const isShipped = path.startsWith("src/") && !isTest(path);
  if (isShipped && name !== SCOPE + tree.name && !tree.dependencies.includes(name) && !found.isType) {
    return [`${where}: "${name}" must be declared in packages/${tree.name}/package.json.`];
  }
  return [];
}

function arrow(name: string, allowed: readonly string[]): string {
  return `${name} may import ${allowed.length === 0 ? "no other package" : `only ${allowed.join(", ")}`}`;
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || builtinModules.includes(specifier);
}

/** Tests, and the helpers that only tests use: x.test.ts, testing.ts, testing-worlds.ts, x.testing.ts. */
function isTest(path: string): boolean {
  return /(\.test|[./]testing[\w-]*)\.[cm]?tsx?$/.test(path);
}

/** "@scope/name" of "@scope/name/deep/path", "name" of "name/deep". */
function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Files of the same package that these imports load; types leave nothing behind, so they close no cycle. */
function localTargets(path: string, imports: readonly Import[]): string[] {
  return imports
    .filter(({ specifier, isType }) => specifier.startsWith(".") && !isType)
    .map(({ specifier }) => normalize(join(path, "..", specifier)));
}

/** Every cycle of a depth-first walk, as "a.ts -> b.ts -> a.ts". */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = [];
  const finished = new Set<string>();
  const visit = (node: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(node);
    if (seenAt >= 0) {
      cycles.push([...trail.slice(seenAt), node].join(" -> "));
      return;
    }
    if (finished.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node]);
    finished.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return cycles;
}

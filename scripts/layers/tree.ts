/** The packages of a working tree as the layer rules see them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export interface PackageTree {
  /** Folder name under packages/. */
  readonly name: string;
  readonly folder: string;
  /** Names of its declared dependencies of any kind. */
  readonly dependencies: readonly string[];
  /** Paths inside the package, `/` between parts. */
  readonly files: readonly string[];
}

/** Made by tools, or others' code. */
const SKIPPED_FOLDERS = new Set(["node_modules", "build", "dist"]);

export function readPackages(root: string): PackageTree[] {
  const packages = join(root, "packages");
  return readdirSync(packages, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(packages, entry.name, "package.json")))
    .map(({ name }) => {
      const folder = join(packages, name);
      return { name, folder, dependencies: readDependencies(folder), files: listFiles(folder) };
    });
}

function readDependencies(folder: string): string[] {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
  return ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"].flatMap((kind) =>
    Object.keys(manifest[kind] ?? {}),
  );
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => !path.split("/").some((part) => SKIPPED_FOLDERS.has(part)))
    .toSorted();
}

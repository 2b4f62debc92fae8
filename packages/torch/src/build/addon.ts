/**
 * Compiles and links the native addon with g++, one object per source file, and remembers what it was built from.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { OrreryError } from "@orrery/core";
import { atLeast, findLibtorch, type Libtorch } from "./libtorch.ts";

const run = promisify(execFile);
const packageRoot = join(dirname(fileURLToPath(import.meta.url)), "../..");
const sourceDir = join(packageRoot, "native");
const buildDir = join(packageRoot, "build");

/** Where the built addon lies. */
export const addonPath = join(buildDir, "orrery_torch.node");

export interface BuildResult {
  readonly output: string;
  readonly libtorch: Libtorch;
  /** False when the addon was current. */
  readonly built: boolean;
  readonly seconds: number;
}

/**
 * Builds the addon unless it is current.
 *
 * @throws {OrreryError} with the compiler's first errors when a file doesn't compile
 */
export async function buildAddon(options: { force?: boolean } = {}): Promise<BuildResult> {
  const start = performance.now();
  const libtorch = findLibtorch();
  const compile = compileFlags(libtorch);
  const link = linkFlags(libtorch);
  const sources = readdirSync(sourceDir).filter((name) => name.endsWith(".cc"));
  const stamp = stampOf([libtorch.root, libtorch.version, ...compile, ...link]);
  const stampPath = join(buildDir, "stamp");
  const current = existsSync(addonPath) && existsSync(stampPath) && readFileSync(stampPath, "utf8") === stamp;
  if (current && options.force !== true) {
    return { output: addonPath, libtorch, built: false, seconds: 0 };
  }

  mkdirSync(buildDir, { recursive: true });
  // A folder of its own, then a rename: neither an interrupted build nor a second one at the same time leaves half an addon.
  const workDir = mkdtempSync(join(buildDir, "objects-"));
  try {
    const objects = await compileAll(sources, compile, workDir);
    const linked = join(workDir, basename(addonPath));
    await compiler(["-shared", "-o", linked, ...objects, ...link]);
    renameSync(linked, addonPath);
    writeFileSync(stampPath, stamp);
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
  return { output: addonPath, libtorch, built: true, seconds: (performance.now() - start) / 1000 };
}

async function compileAll(
  sources: readonly string[],
  flags: readonly string[],
  workDir: string,
): Promise<string[]> {
  const waiting = [...sources];
  const objects: string[] = [];
  const worker = async (): Promise<void> => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      const object = join(workDir, `${basename(source, ".cc")}.o`);
      await compiler([...flags, "-c", join(sourceDir, source), "-o", object]);
      objects.push(object);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return objects;
}

function compileFlags(libtorch: Libtorch): string[] {
  const headers = createRequire(import.meta.url).resolve("node-api-headers/package.json");
  return [
    `-std=${atLeast(libtorch.version, 2, 10) ? "c++20" : "c++17"}`,
    "-O2",
    "-fPIC",
    "-fvisibility=hidden",
    `-D_GLIBCXX_USE_CXX11_ABI=${libtorch.cxx11Abi ? 1 : 0}`,
    "-DNAPI_VERSION=8",
    `-I${join(dirname(headers), "include")}`,
    // -isystem keeps libtorch's own warnings quiet, but GCC drops it for /usr/include, which it searches anyway.
    ...libtorch.includeDirs.filter((dir) => dir !== "/usr/include").map((dir) => `-isystem${dir}`),
  ];
}

function linkFlags(libtorch: Libtorch): string[] {
  // Nothing here refers to CUDA's symbols; its operators register when the library is loaded, so it must be kept.
  const cuda = libtorch.hasCuda ? ["-Wl,--no-as-needed", "-ltorch_cuda", "-lc10_cuda"] : [];
  return [`-L${libtorch.libDir}`, `-Wl,-rpath,${libtorch.libDir}`, "-ltorch_cpu", "-lc10", ...cuda];
}

function stampOf(parts: readonly string[]): string {
  const hash = createHash("sha256").update(parts.join("\n"));
  for (const name of readdirSync(sourceDir).toSorted()) {
    hash.update(name).update(readFileSync(join(sourceDir, name)));
  }
  return hash.digest("hex");
}

async function compiler(args: readonly string[]): Promise<void> {
  try {
    await run(process.env.CXX ?? "g++", [...args], { maxBuffer: 1 << 26 });
  } catch (cause) {
    const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : "";
    const errors = stderr.split("\n").filter((line) => /error|undefined reference|cannot find/.test(line));
    throw new OrreryError(
      `buildAddon: g++ failed: ${errors.slice(0, 3).join(" | ") || String(cause)}. Is g++ 11 or newer installed?`,
      { cause },
    );
  }
}

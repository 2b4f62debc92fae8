/** Where libtorch and its BLAS are, read from files alone, so that it works before the addon is built. */
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

export interface LibtorchFacts {
  /** The shared library itself, or undefined where none was found. */
  readonly library: string | undefined;
  /** From the headers, "1.13.0"; undefined where there are none. */
  readonly version: string | undefined;
  /** The value of ORRERY_LIBTORCH, where it is set. */
  readonly chosen: string | undefined;
}

export interface BlasFacts {
  readonly kind: "openblas" | "reference" | "bundled" | "other" | "none";
  readonly library: string | undefined;
}

/** Searches `chosen` (laid out like torch/ of a pip install), or else where Debian puts libtorch-dev. */
export function libtorchFacts(chosen: string | undefined): LibtorchFacts {
  const root = chosen ?? "/usr";
  const header = join(root, "include/torch/csrc/api/include/torch/version.h");
  return {
    library: libraryFolders(root)
      .map((folder) => join(folder, "libtorch_cpu.so"))
      .find((path) => existsSync(path)),
    version: existsSync(header) ? headerVersion(readFileSync(header, "utf8")) : undefined,
    chosen,
  };
}

/** "1.13.0" from the text of torch/version.h. */
export function headerVersion(text: string): string | undefined {
  const parts = ["MAJOR", "MINOR", "PATCH"].map(
    (part) => new RegExp(`#define TORCH_VERSION_${part} (\\d+)`).exec(text)?.[1],
  );
  return parts.includes(undefined) ? undefined : parts.join(".");
}

/** The BLAS that Debian's libtorch will load; a pip torch brings its own. */
export function blasFacts(chosen: string | undefined): BlasFacts {
  if (chosen !== undefined) return { kind: "bundled", library: undefined };
  const link = libraryFolders("/usr")
    .map((folder) => join(folder, "libblas.so.3"))
    .find((path) => existsSync(path));
  if (link === undefined) return { kind: "none", library: undefined };
  const library = realpathSync(link);
  if (library.includes("openblas")) return { kind: "openblas", library };
  return { kind: /\/blas\//.test(library) ? "reference" : "other", library };
}

/** `root`/lib and Debian's per-architecture folders below it. */
function libraryFolders(root: string): string[] {
  const lib = join(root, "lib");
  if (!existsSync(lib)) return [];
  const perArchitecture = readdirSync(lib).filter((name) => name.endsWith("-linux-gnu"));
  return [lib, ...perArchitecture.map((name) => join(lib, name))];
}

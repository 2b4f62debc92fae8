/**
 * Finds libtorch on this machine: headers, libraries, version, and the compiler flags that follow from them.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { OrreryError } from "@orrery/core";

export interface Libtorch {
  /** Where it was found: the value of ORRERY_LIBTORCH, or "/usr" for Debian's package. */
  readonly root: string;
  /** For example "1.13.0". */
  readonly version: string;
  readonly includeDirs: readonly string[];
  readonly libDir: string;
  readonly hasCuda: boolean;
  /** False for the pip wheels of 2.0 to 2.5, which use the C++ ABI from before GCC 5. */
  readonly cxx11Abi: boolean;
}

const VERSION_HEADERS = [
  "torch/headeronly/version.h",
  "torch/version.h",
  "torch/csrc/api/include/torch/version.h",
];
const DEBIAN_LIB_DIRS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];

/**
 * @param root a libtorch root; defaults to ORRERY_LIBTORCH, then to Debian's
 * @throws {OrreryError} saying what was looked for and how to install it
 */
export function findLibtorch(root = process.env.ORRERY_LIBTORCH): Libtorch {
  if (root === undefined || root === "") return describe("/usr", "/usr/include", debianLibDir());
  const base = resolve(root);
  const include = join(base, "include");
  const multiarch = DEBIAN_LIB_DIRS.map((dir) => join(base, dir.slice("/usr/".length)));
  const libDir = [join(base, "lib"), ...multiarch].find((dir) => existsSync(join(dir, "libtorch_cpu.so")));
  if (!existsSync(join(include, "ATen")) || libDir === undefined) {
    throw new OrreryError(
      `findLibtorch: ORRERY_LIBTORCH=${root} must hold include/ATen and lib/libtorch_cpu.so. ` +
        `Point it at an unpacked libtorch, or at the torch folder of a pip installation.`,
    );
  }
  return describe(base, include, libDir);
}

function debianLibDir(): string {
  const libDir = DEBIAN_LIB_DIRS.find((dir) => existsSync(join(dir, "libtorch_cpu.so")));
  if (libDir === undefined || !existsSync("/usr/include/ATen")) {
    throw new OrreryError(
      "findLibtorch: no libtorch was found. Run `sudo apt-get install libtorch-dev libopenblas0-pthread`, " +
        "or set ORRERY_LIBTORCH to a libtorch folder.",
    );
  }
  return libDir;
}

function describe(root: string, include: string, libDir: string): Libtorch {
  return {
    root,
    version: readVersion(include),
    includeDirs: [include, join(include, "torch/csrc/api/include")],
    libDir,
    hasCuda: existsSync(join(libDir, "libtorch_cuda.so")),
    cxx11Abi: usesCxx11Abi(libDir),
  };
}

function readVersion(include: string): string {
  const header = VERSION_HEADERS.map((name) => join(include, name))
    .filter(existsSync)
    .map((path) => readFileSync(path, "utf8"))
    .find((text) => /define TORCH_VERSION_MAJOR/.test(text));
  const part = (name: string): string =>
    header?.match(new RegExp(`define TORCH_VERSION_${name} (\\d+)`))?.[1] ?? "";
  const version = [part("MAJOR"), part("MINOR"), part("PATCH")].join(".");
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new OrreryError(
      `findLibtorch: ${include} has no torch/version.h that states a version. Is it libtorch?`,
    );
  }
  return version;
}

/** The mangled name of a function that takes a std::string tells: in the newer ABI that type carries the tag `cxx11`. */
function usesCxx11Abi(libDir: string): boolean {
  return readFileSync(join(libDir, "libc10.so")).includes("torchCheckFailEPKcS2_jRKNSt7__cxx11");
}

/** Whether `version` is at least `major.minor`. */
export function atLeast(version: string, major: number, minor: number): boolean {
  const [foundMajor = 0, foundMinor = 0] = version.split(".").map(Number);
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}
